"""The pipeline over HTTP: one accepted and one refused call per address, and what many do at once."""

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


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("pipeline")) as running:
        running.start("membership")
        yield running


@pytest.fixture
def later() -> str:
    return str(utc_now().date() + timedelta(days=400))


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


def opened(api: httpx.Client, *, country: str = "AR", structure: str = "cooperative", **facts: Any) -> dict[str, Any]:
    body = {"name": f"Cooperativa {uuid4().hex}", "country": country, "structure": structure, "sectors": ["housing"]}
    organization = api.post("/v1/organizations", json=body).json()
    answer = api.post("/v1/prospects", json={"organization_id": organization["id"], "source": "summit", **facts})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def at(prospect: dict[str, Any], rest: str = "") -> str:
    return f"/v1/prospects/{prospect['id']}{rest}"


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def test_a_prospect_goes_through_its_stages(api: httpx.Client, later: str) -> None:
    prospect = opened(api)
    assert (prospect["stage"], prospect["owner"]) == ("identified", "staff@localhost")
    moved = api.post(at(prospect, "/advance"), json={"stage": "qualified", "note": "met them"})
    assert (moved.status_code, moved.json()["stage"], moved.headers["ETag"]) == (200, "qualified", '"2"')
    resting = api.post(at(prospect, "/rest"), json={"until": later, "reason": "elections"}).json()
    assert (resting["stage"], resting["dormant_until"], resting["next_action_on"]) == ("dormant", later, later)
    awake = api.post(at(prospect, "/reopen"), json={"reason": "sooner"}).json()
    assert awake["stage"] == "qualified"
    lost = api.post(at(prospect, "/lose"), json={"reason": "too dear", "code": "too_expensive"}).json()
    assert (lost["stage"], lost["lost_code"], lost["lost_reason"]) == ("lost", "too_expensive", "too dear")
    assert api.post(at(prospect, "/reopen"), json={"reason": "new board"}).json()["stage"] == "qualified"
    api.post(at(prospect, "/notes"), json={"text": "they called"}).raise_for_status()
    first = api.get(at(prospect, "/history"), params={"limit": 3}).json()
    second = api.get(at(prospect, "/history"), params={"limit": 50, "cursor": first["next_cursor"]}).json()
    assert [line["stage"] for line in first["items"]] == ["identified", None, "qualified"]
    assert [line["text"] for line in second["items"]][-2:] == ["new board", "they called"]
    assert {line["by"] for line in second["items"]} == {"staff@localhost"}


def test_refused_moves_say_what_is_possible_in_the_callers_language(api: httpx.Client, later: str) -> None:
    prospect = opened(api)
    backwards = api.post(at(prospect, "/advance"), json={"stage": "identified"})
    assert refused(backwards) == (409, "move-not-allowed")
    said = backwards.json()["detail"]
    assert said.startswith("Una candidatura en estado «identificado» no puede pasar a «identificado».")
    assert "«con solicitud», «contactado»" in said
    english = api.post(at(prospect, "/advance"), json={"stage": "identified"}, headers={"Accept-Language": "en"})
    assert english.json()["detail"].startswith("A prospect that is identified cannot become identified.")
    assert backwards.json()["errors"][0]["pointer"] == "#/stage"
    assert api.post(at(prospect, "/advance"), json={"stage": "lost"}).status_code == 400
    assert refused(api.post(at(prospect, "/rest"), json={"until": "2020-01-01", "reason": "x"})) == (
        422,
        "rest-in-past",
    )
    assert refused(api.post(at(prospect, "/reopen"), json={"reason": "x"})) == (409, "not-at-rest")
    assert api.post(at(prospect, "/lose"), json={"reason": "x", "code": "mood"}).status_code == 400
    for rest in ("/advance", "/rest", "/reopen", "/notes"):
        body = {"/advance": {"stage": "applied"}, "/rest": {"until": later, "reason": "x"}, "/notes": {"text": "x"}}
        answer = api.post(f"/v1/prospects/{UNKNOWN}{rest}", json=body.get(rest, {"reason": "x"}))
        assert refused(answer) == (404, "unknown-prospect")
    assert refused(api.get(f"/v1/prospects/{UNKNOWN}/fit")) == (404, "unknown-prospect")
    assert refused(api.get(f"/v1/prospects/{UNKNOWN}/history")) == (404, "unknown-prospect")


def test_what_comes_next_is_planned_and_moved_on(api: httpx.Client, later: str) -> None:
    prospect = opened(api)
    plan = {"next_action": "call", "next_action_on": later, "owner": "eva@ica.example"}
    changed = api.patch(at(prospect), json=plan, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert {name: changed.json()[name] for name in plan} == plan
    assert api.patch(at(prospect), json=plan, headers={"If-Match": '"1"'}).status_code == 412
    assert api.patch(at(prospect), json=plan).status_code == 428
    late = {"next_action_on": "2020-01-01"}
    assert refused(api.patch(at(prospect), json=late, headers={"If-Match": "*"})) == (422, "action-in-past")
    gone = api.patch(at(prospect), json={"next_action": "", "next_action_on": None}, headers={"If-Match": "*"}).json()
    assert (gone["next_action"], gone["next_action_on"]) == ("", None)


def test_a_fit_is_explained_in_the_callers_language(running: System, api: httpx.Client) -> None:
    prospect = opened(api, country="HT", structure="national-apex")
    spanish = api.get(at(prospect, "/fit")).json()
    assert spanish["score"] == prospect["fit"] == sum(reason["points"] for reason in spanish["reasons"]) == 60
    assert spanish["reasons"][0]["text"] == "Ninguna organización de su país es miembro."
    with running.api("membership", language="pt") as portuguese:
        first = portuguese.get(at(prospect, "/fit")).json()["reasons"][0]
    assert first["text"] == "Nenhuma organização do seu país é membro."


def test_prospects_are_listed_by_fit_and_by_day_page_after_page(api: httpx.Client, later: str) -> None:
    best, plain = opened(api, country="CU", structure="national-apex"), opened(api, country="CU", structure="mutual")
    worst = opened(api, country="CU", structure="supporter", next_action="x", next_action_on=later)

    def walked(sort: str) -> list[str]:
        query = {"country": "CU", "sort": sort, "limit": "1"}
        ids = []
        while True:
            page = api.get("/v1/prospects", params=query).json()
            ids += [one["id"] for one in page["items"]]
            if not page["next_cursor"]:
                return ids
            query["cursor"] = page["next_cursor"]

    assert walked("-fit") == [best["id"], plain["id"], worst["id"]]
    assert walked("fit") == [worst["id"], plain["id"], best["id"]]
    assert walked("next_action_on")[0] == worst["id"]
    assert sorted(walked("next_action_on")) == sorted(walked("-opened_at")) == sorted(walked("fit"))
    assert api.get("/v1/prospects", params={"sort": "owner"}).status_code == 400


def test_the_board_and_the_day_show_what_is_to_be_done(api: httpx.Client) -> None:
    owner = f"{uuid4().hex}@ica.example"
    due = opened(api, country="JM", owner=owner, next_action="call", next_action_on=str(utc_now().date()))
    opened(api, country="JM", owner=owner)
    nobodys = opened(api, country="JM", owner=None)
    board = api.get("/v1/pipeline", params={"country": "JM", "size": 1, "order": "next_action_on"}).json()
    assert [(column["stage"], column["count"]) for column in board["columns"]][:2] == [
        ("identified", 3),
        ("contacted", 0),
    ]
    assert [one["id"] for one in board["columns"][0]["prospects"]] == [due["id"]]
    assert board["totals"] == {"open": 3, "overdue": 0, "due_today": 1, "without_next_action": 2}
    assert api.get("/v1/pipeline", params={"country": "JM", "order": "fit"}).json()["totals"] == board["totals"]
    assert api.get("/v1/pipeline", params={"size": 51}).status_code == 400
    day = api.get("/v1/pipeline/today", params={"owner": owner}).json()
    assert ([one["id"] for one in day["prospects"]], day["mine"]["without_next_action"]) == ([due["id"]], 1)
    assert day["unowned"]["without_next_action"] >= 1
    assert api.get("/v1/pipeline/today").json()["owner"] == "staff@localhost"
    unowned = api.get("/v1/prospects", params={"owned": False, "planned": False, "country": "JM"}).json()["items"]
    assert [one["id"] for one in unowned] == [nobodys["id"]]


def test_of_many_at_once_one_moves_it_and_the_others_are_told(api: httpx.Client, later: str) -> None:
    contests: list[tuple[str, dict[str, Any], dict[str, str], int]] = [
        ("/advance", {"stage": "contacted"}, {}, 409),
        ("/rest", {"until": later, "reason": "x"}, {}, 409),
        ("/lose", {"reason": "x"}, {}, 409),
        ("/reopen", {"reason": "x"}, {}, 409),
        ("", {"owner": "eva"}, {"If-Match": '"1"'}, 412),
    ]
    for rest, body, headers, loser in contests:
        prospect = opened(api)
        if rest == "/reopen":
            api.post(at(prospect, "/lose"), json={"reason": "x"}).raise_for_status()

        def call(_number: int, path: str = at(prospect, rest), body: Any = body, headers: Any = headers) -> int:
            return api.request("PATCH" if headers else "POST", path, json=body, headers=headers).status_code

        with ThreadPoolExecutor(AT_ONCE) as crowd:
            statuses = sorted(crowd.map(call, range(AT_ONCE)))
        assert statuses == [200] + [loser] * (AT_ONCE - 1), (rest, statuses)
        lines = api.get(at(prospect, "/history")).json()["items"]
        done = [line for line in lines if line["kind"] in {"moved", "assigned"}]
        assert len(done) == (3 if rest == "/reopen" else 2), (rest, done)
