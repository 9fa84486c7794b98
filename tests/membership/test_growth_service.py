"""Campaigns, leads, coverage and targets over HTTP: one accepted and one refused call per address; many at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.clock import utc_now
from tests.conftest import Servers
from tests.system import System, system

UNKNOWN = uuid4()
AT_ONCE = 32
PLAN: dict[str, Any] = {
    "name": "Agro",
    "starts_on": "2030-03-01",
    "ends_on": "2030-11-30",
    "budget": {"amount": "5000.00", "currency": "USD"},
}


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("growth")) as running:
        running.start("membership")
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


def known(api: httpx.Client, country: str, number: int) -> list[str]:
    bodies = [{"name": f"Cooperativa {uuid4().hex}", "country": country, "sectors": ["dairy"]} for _ in range(number)]
    return [api.post("/v1/organizations", json=body).raise_for_status().json()["id"] for body in bodies]


def planned(api: httpx.Client, country: str) -> str:
    answer = api.post("/v1/campaigns", json=PLAN | {"target": {"countries": [country], "sectors": ["dairy"]}})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def test_a_campaign_is_planned_started_worked_through_and_judged(api: httpx.Client) -> None:
    began = utc_now().date()
    ids = known(api, "PE", 3)
    at = f"/v1/campaigns/{planned(api, 'PE')}"
    assert {one["id"] for one in api.get(f"{at}/matching").json()["items"]} == set(ids)
    changed = api.patch(at, json={"purpose": "milk"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["purpose"]) == (200, "milk")
    assert api.patch(at, json={"purpose": "x"}, headers={"If-Match": '"1"'}).status_code == 412
    assert refused(api.post(f"{at}/prospects", json={})) == (409, "campaign-not-running")
    started = api.post(f"{at}/state", json={"state": "in_progress"}).json()
    assert (started["state"], started["frozen_at"] is not None) == ("in_progress", True)
    batch = api.post(f"{at}/prospects", json={"limit": 2}).json()
    assert (batch["added"], batch["remaining"], len(batch["targets"])) == (2, 1, 2)
    rest = api.get(f"{at}/targets", params={"tried": False}).json()["items"]
    assert [one["outcome"] for one in rest] == [None]
    prospect = api.get("/v1/prospects", params={"campaign_id": at.rpartition("/")[2]}).json()["items"][0]
    member = api.post(f"/v1/prospects/{prospect['id']}/admit", json={"category": "full", "reason": "Board"}).json()
    results = api.get(f"{at}/results").json()
    assert (results["members_won"], results["cost_per_member"]["amount"]) == (1, "5000.00")
    traced = api.get(f"/v1/members/{member['id']}/attribution").json()
    assert (traced["source"]["kind"], traced["campaign"]["name"]) == ("campaign", "Agro")
    history = api.get(f"{at}/history").json()["items"]
    assert [(line["previous"], line["state"]) for line in history] == [
        (None, "planned"),
        ("planned", "planned"),
        ("planned", "in_progress"),
    ]
    assert at.rpartition("/")[2] in [one["id"] for one in api.get("/v1/campaigns?state=in_progress").json()["items"]]
    around = {"since": str(began - timedelta(days=1)), "until": str(began + timedelta(days=1)), "by": "campaign"}
    cohorts = api.get("/v1/pipeline/funnel", params=around).json()["cohorts"]
    assert [(one["opened"], one["admitted"]) for one in cohorts if one["name"] == "Agro"] == [(2, 1)]


def test_campaigns_that_make_no_sense_are_refused(api: httpx.Client) -> None:
    at = f"/v1/campaigns/{planned(api, 'BZ')}"
    late = api.post("/v1/campaigns", json=PLAN | {"target": {}, "ends_on": "2030-02-01"})
    assert refused(late) == (422, "campaign-ends-before-start")
    assert late.json()["detail"].startswith("Una campaña no puede terminar")
    assert api.post("/v1/campaigns", json=PLAN | {"target": {"colour": "red"}}).status_code == 400
    assert refused(api.post(f"{at}/state", json={"state": "in_progress"})) == (422, "no-targets")
    assert refused(api.post(f"{at}/state", json={"state": "completed"})) == (409, "campaign-state-not-allowed")
    for rest in ("", "/history", "/matching", "/targets", "/results"):
        assert refused(api.get(f"/v1/campaigns/{UNKNOWN}{rest}")) == (404, "unknown-campaign")
    assert refused(api.post(f"/v1/campaigns/{UNKNOWN}/prospects", json={})) == (404, "unknown-campaign")
    assert api.get("/v1/campaigns", params={"state": "lost"}).status_code == 400


def test_many_who_add_the_same_list_at_once_add_each_once(api: httpx.Client) -> None:
    ids = known(api, "SV", 20)
    at = f"/v1/campaigns/{planned(api, 'SV')}"
    api.post(f"{at}/state", json={"state": "in_progress"}).raise_for_status()

    def add(number: int) -> int:
        if number % 4 == 0:
            body = {"organization_id": ids[number // 4], "source": "visit"}
            return 0 * api.post("/v1/prospects", json=body).status_code
        answer = api.post(f"{at}/prospects", json={"limit": 3})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["added"])

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        added = sum(crowd.map(add, range(AT_ONCE)))
    prospects = api.get("/v1/prospects", params={"country": "SV", "limit": 200}).json()["items"]
    assert len(prospects) == len({one["organization"]["id"] for one in prospects}) == len(ids)
    results = api.get(f"{at}/results").json()
    assert results["prospects"] == added == len(ids) - results["skipped"].get("already_prospect", 0)
    assert results["untried"] == 0


def test_coverage_shows_the_white_spots(api: httpx.Client) -> None:
    known(api, "NI", 6)
    found = api.get("/v1/coverage", params={"country": "NI", "limit": 3}).json()
    [country] = found["countries"]
    assert (country["country"], country["known"], country["members"], country["persons"]) == ("NI", 6, 0, None)
    assert [(one["sector"], one["known"]) for one in country["sectors"]] == [("dairy", 6)]
    assert [(one["country"], one["sector"]) for one in found["white_spots"]] == [("NI", "dairy")]
    assert api.get("/v1/coverage", params={"sector": "coal"}).status_code == 400


def test_a_target_is_set_once_however_many_do(api: httpx.Client) -> None:
    first = api.post("/v1/targets", json={"year": 2031, "country": "HN", "admissions": 5, "reason": "plan"})
    assert (first.status_code, first.headers["ETag"]) == (201, '"1"')

    def set_it(number: int) -> int:
        body = {"year": 2031, "country": "HN", "admissions": number}
        return api.post("/v1/targets", json=body, headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        statuses = sorted(crowd.map(set_it, range(AT_ONCE)))
    assert statuses[0] == 201
    assert set(statuses[1:]) <= {409, 412}
    listed = api.get("/v1/targets", params={"year": 2031, "country": "HN"}).json()["items"]
    assert [one["version"] for one in listed] == [2, 1]
    progress = api.get("/v1/targets/progress", params={"year": 2031, "country": "HN"}).json()
    assert progress["target"] == listed[0]
    assert progress["forecast"]["basis"][0] == "El año no ha empezado, así que no hay un ritmo que seguir."
    assert api.get("/v1/targets/progress").status_code == 400
    assert api.post("/v1/targets", json={"year": 1900, "admissions": 1}).status_code == 400
    this_year = api.get("/v1/targets/progress", params={"year": utc_now().year}).json()
    assert (this_year["target"], len(this_year["forecast"]["basis"])) == (None, 2)


def test_periods_leads_and_members_that_do_not_exist_are_refused(api: httpx.Client) -> None:
    backwards = {"since": "2026-02-01", "until": "2026-01-01"}
    for path in ("/v1/attribution", "/v1/pipeline/funnel"):
        answer = api.get(path, params=backwards)
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "until")
    assert api.get("/v1/pipeline/funnel", params={"by": "mood", **backwards}).status_code == 400
    assert refused(api.get(f"/v1/leads/{UNKNOWN}")) == (404, "unknown-lead")
    assert refused(api.get(f"/v1/members/{UNKNOWN}/attribution")) == (404, "unknown-member")
    assert api.get("/v1/leads", params={"outcome": "opened"}).json()["items"] == []


def test_who_may_only_read_changes_nothing(running: System, api: httpx.Client) -> None:
    reader = {"Authorization": f"Bearer {running.plan.instance.token(scopes=('membership:read',))}"}
    target = {"year": 2031, "admissions": 1}
    assert api.post("/v1/targets", json=target, headers=reader).status_code == 403
    assert api.post("/v1/campaigns", json=PLAN | {"target": {}}, headers=reader).status_code == 403
    assert api.get("/v1/coverage", headers=reader).status_code == 200
