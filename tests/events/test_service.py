"""Events over HTTP: one accepted and one refused call per address."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.conftest import Servers
from tests.members import a_new_standing, an_admission
from tests.system import System, system
from tests.waiting import eventually

MEMBER = an_admission()
SUSPENDED = an_admission(name="Cooperativa Suspendida")
SUMMIT: dict[str, Any] = {
    "kind": "summit",
    "name": "Cumbre de cooperativas",
    "place": "Asunción",
    "country": "PY",
    "starts_on": "2040-09-01",
    "ends_on": "2040-09-03",
    "prices": {
        "member": {"amount": "250000", "currency": "PYG"},
        "standard": {"amount": "400000", "currency": "PYG"},
    },
}


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("events")) as running:
        running.start("events", "membership relay")
        running.say(MEMBER, a_new_standing(SUSPENDED, "suspended"))
        with running.api("events") as api:
            eventually(lambda: reason_of_price(api) == "suspended")
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("events") as api:
        yield api


@pytest.fixture
def summit(api: httpx.Client) -> str:
    return str(api.post("/v1/gatherings", json=SUMMIT).raise_for_status().json()["id"])


def reason_of_price(api: httpx.Client) -> str:
    """Of the member that was told of last."""
    summit = api.post("/v1/gatherings", json=SUMMIT).json()["id"]
    query = {"organization_id": str(SUSPENDED.organization_id)}
    return str(api.get(f"/v1/gatherings/{summit}/price", params=query).json()["reason"])


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


def test_a_gathering_is_announced_and_shown(api: httpx.Client) -> None:
    announced = api.post("/v1/gatherings", json=SUMMIT)
    assert announced.status_code == 201
    shown = api.get(announced.headers["Location"]).json()
    assert {name: shown[name] for name in SUMMIT} == SUMMIT


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"ends_on": "2040-08-01"}, 422, "ends-before-it-starts"),
        ({"starts_on": "2020-08-01", "ends_on": "2020-08-02"}, 409, "gathering-over"),
        ({"prices": {**SUMMIT["prices"], "member": {"amount": "1", "currency": "USD"}}}, 422, "two-currencies"),
        ({"prices": {**SUMMIT["prices"], "member": {"amount": "500000", "currency": "PYG"}}}, 422, "members-pay-more"),
        ({"prices": {**SUMMIT["prices"], "member": {"amount": "-1", "currency": "PYG"}}}, 422, "negative-price"),
        ({"prices": {**SUMMIT["prices"], "member": {"amount": "1.5", "currency": "PYG"}}}, 400, "invalid-input"),
        ({"prices": {**SUMMIT["prices"], "member": {"amount": 1.5, "currency": "PYG"}}}, 400, "invalid-input"),
        ({"kind": "party"}, 400, "invalid-input"),
        ({"country": "Paraguay"}, 400, "invalid-input"),
        ({"colour": "red"}, 400, "invalid-input"),
    ],
)
def test_a_gathering_that_makes_no_sense_is_refused(
    api: httpx.Client, changes: dict[str, Any], status: int, kind: str
) -> None:
    assert problem(api.post("/v1/gatherings", json=SUMMIT | changes)) == (status, f"/problems/{kind}")


def test_refusals_are_in_the_callers_language(api: httpx.Client) -> None:
    late = api.post("/v1/gatherings", json=SUMMIT | {"ends_on": "2040-08-01"}).json()
    assert late["detail"] == "Un encuentro no puede terminar el 2040-08-01, antes de empezar el 2040-09-01."
    prices = {**SUMMIT["prices"], "member": {"amount": "1.5", "currency": "PYG"}}
    [fault] = api.post("/v1/gatherings", json=SUMMIT | {"prices": prices}).json()["errors"]
    assert fault == {"pointer": "#/prices/member/amount", "detail": "PYG tiene 0 decimales, no 1."}


def test_a_price_is_explained_in_the_callers_language(api: httpx.Client, summit: str) -> None:
    price = f"/v1/gatherings/{summit}/price"
    assert api.get(price).json()["text"] == "La persona no viene por ninguna organización."
    suspended = api.get(price, params={"organization_id": str(SUSPENDED.organization_id)}).json()
    assert suspended["text"] == "La membresía está suspendida."
    assert problem(api.get(price, params={"organization_id": "7"})) == (400, "/problems/invalid-input")


def test_gatherings_are_listed_by_filter(api: httpx.Client, summit: str) -> None:
    mission = api.post("/v1/gatherings", json=SUMMIT | {"kind": "mission", "country": "UY"}).json()["id"]
    listed = api.get("/v1/gatherings", params={"kind": "mission", "country": "UY"}).json()["items"]
    assert mission in [gathering["id"] for gathering in listed]
    assert summit not in [gathering["id"] for gathering in listed]
    assert problem(api.get("/v1/gatherings", params={"kind": "party"})) == (400, "/problems/invalid-input")


@pytest.mark.parametrize(
    ("organization_id", "expected"),
    [
        (MEMBER.organization_id, ("member", "good_standing", "250000")),
        (SUSPENDED.organization_id, ("standard", "suspended", "400000")),
        (uuid4(), ("standard", "not_a_member", "400000")),
        (None, ("standard", "no_organization", "400000")),
    ],
)
def test_standing_decides_the_price(
    api: httpx.Client, summit: str, organization_id: UUID | None, expected: tuple[str, str, str]
) -> None:
    who = {"organization_id": str(organization_id)} if organization_id else {}
    quote = api.get(f"/v1/gatherings/{summit}/price", params=who).json()
    assert (quote["tier"], quote["reason"], quote["price"]["amount"]) == expected
    body = {"person": "delegate-17"} | who
    taken = api.post(f"/v1/gatherings/{summit}/registrations", json=body)
    assert taken.status_code == 201
    shown = api.get(taken.headers["Location"]).json()
    assert (shown["tier"], shown["price_reason"], shown["price"]["amount"]) == expected
    assert shown["price"]["currency"] == "PYG"
    listed = api.get(f"/v1/gatherings/{summit}/registrations").json()["items"]
    assert listed == [shown]


def test_ten_clicks_take_one_place(api: httpx.Client, summit: str) -> None:
    def click(_: int) -> int:
        return api.post(f"/v1/gatherings/{summit}/registrations", json={"person": "delegate-17"}).status_code

    with ThreadPoolExecutor(10) as clicks:
        answers = sorted(clicks.map(click, range(10)))
    assert answers == [201] + [409] * 9
    assert len(api.get(f"/v1/gatherings/{summit}/registrations").json()["items"]) == 1


def test_the_same_call_again_gets_the_same_answer(api: httpx.Client, summit: str) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    path, body = f"/v1/gatherings/{summit}/registrations", {"person": "delegate-17"}
    first, again = (api.post(path, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_what_is_unknown_is_not_found(api: httpx.Client) -> None:
    nowhere = uuid4()
    assert problem(api.get(f"/v1/gatherings/{nowhere}")) == (404, "/problems/unknown-gathering")
    assert problem(api.get(f"/v1/gatherings/{nowhere}/registrations")) == (404, "/problems/unknown-gathering")
    assert problem(api.get(f"/v1/gatherings/{nowhere}/price")) == (404, "/problems/unknown-gathering")
    registration = api.post(f"/v1/gatherings/{nowhere}/registrations", json={"person": "p"})
    assert problem(registration) == (404, "/problems/unknown-gathering")
    assert problem(api.get(f"/v1/registrations/{nowhere}")) == (404, "/problems/unknown-registration")


def test_a_lead_is_captured_once_however_many_do_it(api: httpx.Client, summit: str) -> None:
    body = {"name": "Cooperativa Uno", "country": "UY", "note": "wants to join"}

    def capture(_: int) -> tuple[int, str]:
        answer = api.post(f"/v1/gatherings/{summit}/leads", json=body)
        return answer.status_code, answer.json()["id"]

    with ThreadPoolExecutor(10) as crowd:
        answers = set(crowd.map(capture, range(10)))
    [(status, lead)] = answers
    assert status == 201
    shown = api.get(f"/v1/leads/{lead}").json()
    assert (shown["interest"], shown["note"]) == ("membership", "wants to join")
    assert api.get(f"/v1/gatherings/{summit}/leads").json()["items"] == [shown]


def test_a_lead_says_whom_it_is_about(api: httpx.Client, summit: str) -> None:
    nameless = api.post(f"/v1/gatherings/{summit}/leads", json={"country": "UY"})
    assert problem(nameless) == (400, "/problems/invalid-input")
    [fault] = nameless.json()["errors"]
    assert fault == {"pointer": "#/organization_id", "detail": "Indique organization_id, o name y country."}
    body = {"name": "Uno", "country": "UY"}
    assert problem(api.post(f"/v1/gatherings/{summit}/leads", json=body | {"interest": "fun"}))[0] == 400
    assert problem(api.post(f"/v1/gatherings/{uuid4()}/leads", json=body)) == (404, "/problems/unknown-gathering")
    assert problem(api.get(f"/v1/gatherings/{uuid4()}/leads")) == (404, "/problems/unknown-gathering")
    assert problem(api.get(f"/v1/leads/{uuid4()}")) == (404, "/problems/unknown-lead")
