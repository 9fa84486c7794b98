"""Interest shown at a gathering becomes a prospect and a member, and the member is traced back; real processes."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import Servers
from tests.system import System, system
from tests.waiting import eventually

FORUM: dict[str, Any] = {
    "kind": "forum",
    "name": "Foro de cooperativas",
    "place": "San José",
    "country": "CR",
    "starts_on": "2040-03-01",
    "ends_on": "2040-03-02",
    "prices": {"member": {"amount": "80.00", "currency": "USD"}, "standard": {"amount": "120.00", "currency": "USD"}},
}


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("lead")) as running:
        running.start("events", "events relay", "membership", "membership relay")
        yield running


@pytest.fixture
def membership(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


def captured(running: System, *, correlation_id: str = "", **body: Any) -> dict[str, Any]:
    """A lead of a new forum."""
    with running.api("events", correlation_id=correlation_id) as events:
        forum = events.post("/v1/gatherings", json=FORUM).raise_for_status().json()["id"]
        return dict(events.post(f"/v1/gatherings/{forum}/leads", json=body).raise_for_status().json())


def lead_of(membership: httpx.Client, lead: dict[str, Any]) -> dict[str, Any]:
    """The lead as membership knows it, once it does."""
    path = f"/v1/leads/{lead['id']}"
    eventually(lambda: membership.get(path).status_code == 200, within=30)
    return dict(membership.get(path).json())


def test_a_lead_becomes_a_prospect_and_a_member_that_is_traced_back(running: System, membership: httpx.Client) -> None:
    name = f"Cooperativa {uuid4().hex}"
    lead = captured(running, correlation_id="a-talk-at-the-forum", name=name, country="UY", note="their manager asked")
    known = lead_of(membership, lead)
    assert (known["outcome"], known["found_by"], known["correlation_id"]) == ("opened", "new", "a-talk-at-the-forum")
    prospect = f"/v1/prospects/{known['prospect_id']}"
    assert membership.get(prospect).json()["owner"] is None
    member = membership.post(f"{prospect}/admit", json={"category": "full", "reason": "Board"}).json()
    traced = membership.get(f"/v1/members/{member['id']}/attribution").json()
    assert traced["source"] == {"kind": "gathering", "id": lead["gathering_id"], "name": FORUM["name"]}
    assert [one["id"] for one in traced["leads"]] == [lead["id"]]
    assert traced["prospect"]["causation_id"] == known["event_id"]
    said = [json.loads(body) for service in ("events", "membership") for _, body in running.said(service)]
    joined = [one for one in said if one["correlationid"] == traced["prospect"]["correlation_id"]]
    kinds = [one["type"].removeprefix("coop.intercoop.") for one in joined if "gathering" not in one["type"]]
    assert kinds == ["events.lead.captured.v1", "membership.prospect.opened.v1"]
    assert joined[-1]["causationid"] == known["event_id"]
    assert "manager" not in json.dumps(said)
    period = {"since": member["admitted_on"], "until": member["admitted_on"]}
    sums = membership.get("/v1/attribution", params=period).json()["sources"]
    assert {"source": traced["source"], "prospects": 1, "members": 1} in sums


def test_leads_said_again_and_from_two_gatherings_make_one_prospect(running: System, membership: httpx.Client) -> None:
    name = f"Cooperativa {uuid4().hex} Ltda."
    leads = [
        captured(running, name=written, country="PY") for written in (name, name.upper(), name.replace("Ltda.", ""))
    ]
    running.repeat("events")
    running.kill("membership")
    running.start("membership")
    running.repeat("events")
    last = captured(running, name=f"Otra {uuid4().hex}", country="PY")
    known = [lead_of(membership, lead) for lead in (*leads, last)][:-1]
    assert len({one["prospect_id"] for one in known}) == 1
    assert sorted(one["outcome"] for one in known) == ["added", "added", "opened"]
    history = membership.get(f"/v1/prospects/{known[0]['prospect_id']}/history").json()["items"]
    assert [line["kind"] for line in history] == ["opened", "lead", "lead", "lead"]
    with running.api("membership") as api:
        assert api.get("/ops/dead-letters").json()["items"] == []
