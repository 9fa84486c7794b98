"""Engagement, owners, support and retention actions over HTTP."""

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

AT_ONCE = 16
LIST = "/v1/members/at-risk"


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("engagement")) as running:
        running.start("membership")
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


def day(days: int = 0) -> str:
    """So many days from today."""
    return (utc_now().date() + timedelta(days)).isoformat()


def admitted(api: httpx.Client, country: str = "UY", **prospect: Any) -> str:
    """The address of a new member."""
    organization = {"name": f"Cooperativa {uuid4().hex}", "country": country, "sectors": ["dairy"]}
    known = api.post("/v1/organizations", json=organization).raise_for_status().json()["id"]
    opened = {"organization_id": known, "source": "letter", "owner": "ana@ica.example"} | prospect
    won = api.post("/v1/prospects", json=opened).raise_for_status().json()["id"]
    decision = {"category": "full", "reason": "Board", "admitted_on": day(-400)}
    member = api.post(f"/v1/prospects/{won}/admit", json=decision).raise_for_status().json()
    return f"/v1/members/{member['id']}"


def late(api: httpx.Client, member: str, days: int, period: str = "2026") -> None:
    """Dues of a period are late since so many days."""
    due = {"period": period, "due_on": day(-days - 1)}
    api.post(f"{member}/dues-due", json=due).raise_for_status()


def assigned(api: httpx.Client, member: str, owner: str | None) -> httpx.Response:
    version = api.get(member).headers["ETag"]
    return api.patch(member, json={"owner": owner}, headers={"If-Match": version})


def test_a_members_engagement_is_explained_in_the_callers_language(api: httpx.Client) -> None:
    member = admitted(api)
    found = api.get(f"{member}/engagement").json()
    assert (found["level"], found["risk"], found["suggested"], found["reasons"]) == ("engaged", 0, None, [])
    assert (found["owner"], found["standing"], found["weights"]) == ("ana@ica.example", "current", 1)
    late(api, member, 59)
    found = api.get(f"{member}/engagement", headers={"Accept-Language": "pt"}).json()
    [reason] = found["reasons"]
    assert reason == {
        "kind": "dues_late",
        "points": 25,
        "since": day(-59),
        "cases": ["2026"],
        "text": f"Suas contribuições estão atrasadas desde {day(-59)}: 2026.",
    }
    assert (found["level"], found["suggested"]["kind"]) == ("watch", "agree_on_dues")
    assert found["suggested"]["text"].startswith("Combinar com o membro")
    unknown = {"risk": None, "level": None, "direction": None}
    assert found["trends"] == [{"on": day(-90), **unknown}, {"on": day(-365), **unknown}]


def test_a_day_that_nobody_can_tell_of_is_refused_in_words(api: httpx.Client) -> None:
    member = admitted(api)
    for at, words in ((day(1), "nadie puede decirlo"), (day(-1), "No era miembro")):
        refusal = api.get(f"{member}/engagement", params={"at": at})
        assert refusal.status_code == 422
        assert words in refusal.json()["detail"]
    assert api.get(f"{member}/engagement", params={"at": "soon"}).status_code == 400
    assert api.get(f"/v1/members/{uuid4()}/engagement").status_code == 404
    assert api.get(LIST, params={"at": day(1)}).status_code == 422


def test_the_list_comes_in_pages_with_the_highest_risk_first(api: httpx.Client) -> None:
    for days in (59, 250, 40):
        member = admitted(api, "PE")
        late(api, member, days)
    late(api, member, 300, period="2025")
    late(api, admitted(api, "CL"), 59)
    admitted(api, "PE")
    page = api.get(LIST, params={"country": "PE", "limit": 2})
    following = api.get(page.links["next"]["url"]).json()
    items = page.json()["items"] + following["items"]
    assert [one["risk"] for one in items] == [50, 40, 25]
    assert [one["level"] for one in items] == ["at_risk", "watch", "watch"]
    assert following["next_cursor"] is None
    assert items[0]["reasons"][0]["text"].startswith("Sus cuotas están atrasadas")
    assert len(items[0]["trends"]) == 2
    for kind, days in (("visit", 9), ("call", 3)):
        plan = {"kind": kind, "due_on": day(days)}
        api.post(f"{member}/retention-actions", json=plan).raise_for_status()
    again = api.get(LIST, params={"country": "PE"}).json()["items"]
    assert [[one["kind"] for one in each["planned"]] for each in again] == [["call", "visit"], [], []]
    named = api.get(LIST, params={"country": "PE", "sort": "name"}).json()["items"]
    assert [one["name"] for one in named] == sorted(one["name"] for one in items)
    watched = api.get(LIST, params={"country": "PE", "level": "watch", "owner": "ana@ica.example"}).json()["items"]
    assert [one["risk"] for one in watched] == [40, 25]
    engaged = api.get(LIST, params={"country": "PE", "level": "engaged"}).json()["items"]
    assert [one["risk"] for one in engaged] == [0]


def test_a_member_is_given_to_somebody_and_the_list_follows(api: httpx.Client) -> None:
    member = admitted(api, "BO")
    late(api, member, 59)
    given = assigned(api, member, "eva@ica.example")
    assert (given.status_code, given.json()["owner"]) == (200, "eva@ica.example")
    assert [one["owner"] for one in api.get(LIST, params={"owner": "eva@ica.example"}).json()["items"]] == [
        "eva@ica.example"
    ]
    assert api.patch(member, json={"owner": "x"}).status_code == 428
    assert api.patch(member, json={"owner": "x"}, headers={"If-Match": '"1"'}).status_code == 412
    assigned(api, member, None).raise_for_status()
    lines = api.get(f"{member}/owners").json()["items"]
    assert [(one["number"], one["previous"], one["owner"]) for one in lines] == [
        (2, "eva@ica.example", None),
        (1, "ana@ica.example", "eva@ica.example"),
    ]
    assert member.rpartition("/")[2] in [
        one["id"] for one in api.get("/v1/members", params={"owned": False, "country": "BO"}).json()["items"]
    ]


def test_support_is_asked_and_settled(api: httpx.Client) -> None:
    member = admitted(api)
    made = api.post(f"{member}/support-requests", json={"kind": "training", "note": "a course"})
    assert made.status_code == 201
    at = made.headers["Location"]
    mine = {"member_id": member.rpartition("/")[2]}
    waiting = api.get("/v1/support-requests", params={"open": True, **mine}).json()["items"]
    assert [one["outcome"] for one in waiting] == [None]
    stale = {"If-Match": '"7"'}
    assert api.post(f"{at}/settle", json={"outcome": "given"}, headers=stale).status_code == 412
    early = api.post(f"{at}/settle", json={"outcome": "given", "settled_on": day(-1)})
    assert (early.status_code, early.json()["errors"][0]["pointer"]) == (422, "#/settled_on")
    settled = api.post(f"{at}/settle", json={"outcome": "given"}, headers={"If-Match": made.headers["ETag"]})
    assert settled.json()["settled_on"] == day()
    again = api.post(f"{at}/settle", json={"outcome": "declined"})
    assert (again.status_code, api.get(at).json()["outcome"]) == (409, "given")
    assert api.post(f"{member}/support-requests", json={"kind": "money"}).status_code == 400


def test_an_action_is_planned_changed_done_and_looked_back_at(api: httpx.Client) -> None:
    member = admitted(api)
    late(api, member, 59)
    planned = api.post(f"{member}/retention-actions", json={"kind": "agree_on_dues", "due_on": day(5)})
    assert (planned.status_code, planned.json()["owner"]) == (201, "ana@ica.example")
    at = planned.headers["Location"]
    twice = api.post(f"{member}/retention-actions", json={"kind": "agree_on_dues", "due_on": day(9)})
    assert (twice.status_code, day(5) in twice.json()["detail"]) == (409, True)
    assert api.get(f"{at}/effect").status_code == 409
    version = {"If-Match": planned.headers["ETag"]}
    changed = api.patch(at, json={"due_on": day(7)}, headers=version)
    assert changed.json()["due_on"] == day(7)
    assert api.patch(at, json={"due_on": day(8)}, headers=version).status_code == 412
    past = api.patch(at, json={"due_on": day(-1)}, headers={"If-Match": changed.headers["ETag"]})
    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (422, "#/due_on")
    done = api.post(f"{at}/done", json={"note": "they pay"}).raise_for_status().json()
    assert [one["step"] for one in done["history"]] == ["planned", "changed", "done"]
    paid = {"period": "2026", "settled_on": day()}
    api.post(f"{member}/dues-settled", json=paid).raise_for_status()
    effect = api.get(f"{at}/effect", params={"days": 30}).json()
    assert (effect["ended"], effect["paid"], effect["direction"]) == (False, True, None)
    assert effect["after"] == {"on": day(), "standing": "current", "risk": 0, "level": "engaged"}
    assert effect["before"] == {"on": day(-1), "standing": None, "risk": None, "level": None}
    sums = api.get("/v1/retention-actions/effects", params={"since": day(), "until": day()}).json()
    [of_kind] = [one for one in sums["kinds"] if one["kind"] == "agree_on_dues"]
    assert (of_kind["done"], of_kind["ended"], sums["days"]) == (1, 0, 90)
    wrong = api.get("/v1/retention-actions/effects", params={"since": day(), "until": day(-1)})
    assert (wrong.status_code, "El período termina" in wrong.text) == (400, True)
    found = api.get("/v1/retention-actions", params={"state": "done", "member_id": member.rpartition("/")[2]})
    assert [one["id"] for one in found.json()["items"]] == [done["id"]]
    assert api.post(f"{at}/drop", json={"reason": "x"}).status_code == 409


def test_of_many_who_plan_the_same_one_wins(api: httpx.Client) -> None:
    at = f"{admitted(api)}/retention-actions"

    def plan(_: int) -> int:
        return api.post(at, json={"kind": "call", "due_on": day(3)}).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = sorted(pool.map(plan, range(AT_ONCE)))
    assert statuses == [201] + [409] * (AT_ONCE - 1)


def test_of_many_who_finish_the_same_one_wins_and_it_is_said_once(api: httpx.Client, running: System) -> None:
    planned = api.post(f"{admitted(api)}/retention-actions", json={"kind": "visit", "due_on": day(3)})
    at, version = planned.headers["Location"], {"If-Match": planned.headers["ETag"]}

    def finish(_: int) -> int:
        return api.post(f"{at}/done", json={}, headers=version).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = sorted(pool.map(finish, range(AT_ONCE)))
    assert statuses == [200] + [412] * (AT_ONCE - 1)
    told = [body for topic, body in running.said("membership") if topic == "membership.retention.action_taken.v1"]
    assert sum(planned.json()["id"] in body for body in told) == 1
