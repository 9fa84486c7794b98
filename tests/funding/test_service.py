"""Funding over HTTP: one accepted and one refused call per address."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from shared.contracts.membership import MemberAdmitted
from tests.conftest import Servers
from tests.members import a_new_standing, an_admission
from tests.system import System, system
from tests.waiting import eventually

ADMITTED = an_admission()
IN_GRACE = an_admission(name="Cooperativa Gracia", country="PY")
SUSPENDED = an_admission(name="Cooperativa Suspendida")


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("funding")) as running:
        running.start("funding", "membership relay")
        running.say(ADMITTED, a_new_standing(IN_GRACE, "grace"), a_new_standing(SUSPENDED, "suspended"))
        with running.api("funding") as api:
            eventually(lambda: len(api.get("/v1/members").json()["items"]) == 3)
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("funding") as api:
        yield api


def eligibility(api: httpx.Client, member: MemberAdmitted) -> tuple[bool, list[str]]:
    answer = api.get(f"/v1/members/{member.member_id}/eligibility").raise_for_status().json()
    return answer["eligible"], [reason["code"] for reason in answer["reasons"]]


def test_eligibility_is_answered_with_reasons(api: httpx.Client) -> None:
    assert eligibility(api, ADMITTED) == (True, [])
    assert eligibility(api, IN_GRACE) == (True, ["in_grace"])
    assert eligibility(api, SUSPENDED) == (False, ["suspended"])
    assert eligibility(api, an_admission()) == (False, ["not_admitted"])


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("es", "La membresía está suspendida."),
        ("pt-BR", "A filiação está suspensa."),
        ("en", "The membership is suspended."),
    ],
)
def test_reasons_are_in_the_callers_language(running: System, language: str, text: str) -> None:
    with running.api("funding", language=language) as api:
        answer = api.get(f"/v1/members/{SUSPENDED.member_id}/eligibility").json()
    assert [reason["text"] for reason in answer["reasons"]] == [text]


def test_members_are_listed_by_page_and_filter(api: httpx.Client) -> None:
    first = api.get("/v1/members", params={"limit": 2}).json()
    rest = api.get("/v1/members", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    names = [member["name"] for member in first["items"] + rest["items"]]
    assert names == ["Cooperativa Gracia", "Cooperativa La Unión", "Cooperativa Suspendida"]
    assert [m["name"] for m in api.get("/v1/members", params={"country": "PY"}).json()["items"]] == names[:1]
    assert [m["name"] for m in api.get("/v1/members", params={"standing": "suspended"}).json()["items"]] == names[2:]


def test_a_member_is_shown(api: httpx.Client) -> None:
    member = api.get(f"/v1/members/{ADMITTED.member_id}").json()
    assert (member["id"], member["standing"]) == (str(ADMITTED.member_id), "current")


def test_bad_calls_are_refused_with_a_reason(running: System, api: httpx.Client) -> None:
    unknown = api.get(f"/v1/members/{uuid4()}")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-member")
    assert unknown.json()["detail"].startswith("No hay ningún miembro")
    assert api.get("/v1/members", params={"standing": "fine"}).status_code == 400
    assert api.get("/v1/members", params={"country": "ar"}).status_code == 400
    assert httpx.get(f"{api.base_url}/v1/members").status_code == 401
    few = running.plan.instance.token(scopes=("events:read",))
    without_scope = {"Authorization": f"Bearer {few}"}
    assert api.get(f"/v1/members/{uuid4()}/eligibility", headers=without_scope).status_code == 403
