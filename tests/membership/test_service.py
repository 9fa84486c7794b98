"""Membership over HTTP: one accepted and one refused call per address."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from services.membership.importing import import_register
from services.membership.model import Finding, ImportRun
from shared.clock import utc_now
from shared.database import connect, transaction
from shared.messaging.outbox import outbox
from tests.conftest import Servers
from tests.membership.files import a_profile, a_register
from tests.system import System, system

UNKNOWN = uuid4()
AT_ONCE = 32


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("membership")) as running:
        running.start("membership")
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


def added(api: httpx.Client, **facts: Any) -> dict[str, Any]:
    body = {"name": f"Cooperativa {uuid4().hex}", "country": "AR", "sectors": ["agriculture"], **facts}
    answer = api.post("/v1/organizations", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def opened(api: httpx.Client, **facts: Any) -> dict[str, Any]:
    body = {"organization_id": added(api, **facts)["id"], "source": "summit"}
    answer = api.post("/v1/prospects", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def admitted(api: httpx.Client, **facts: Any) -> dict[str, Any]:
    decision = {"category": "full", "reason": "Board 12/2026"}
    answer = api.post(f"/v1/prospects/{opened(api, **facts)['id']}/admit", json=decision)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def test_an_organization_is_added_shown_and_changed(api: httpx.Client) -> None:
    cuit = {"scheme": "AR-CUIT", "value": "30-50012088-2"}
    organization = added(api, locality="Río Cuarto", identifiers=[cuit], founded_on="1958-03-01")
    assert organization["identifiers"] == [{"scheme": "AR-CUIT", "value": "30500120882", "kind": "tax", "valid": True}]
    assert organization["language"] == "es"
    address = f"/v1/organizations/{organization['id']}"
    seen = api.get(address)
    assert (seen.json(), seen.headers["ETag"]) == (organization, '"1"')
    changed = api.patch(address, json={"locality": "Tandil"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["locality"], changed.headers["ETag"]) == (200, "Tandil", '"2"')
    assert api.patch(address, json={"locality": "Azul"}, headers={"If-Match": '"1"'}).status_code == 412
    assert api.patch(address, json={"locality": "Azul"}).status_code == 428


def test_bad_organizations_are_refused(api: httpx.Client) -> None:
    assert api.post("/v1/organizations", json={"name": "X", "country": "Argentina"}).status_code == 400
    assert api.post("/v1/organizations", json={"name": "X", "country": "AR", "sectors": ["coal"]}).status_code == 400
    assert refused(api.get(f"/v1/organizations/{UNKNOWN}")) == (404, "unknown-organization")
    twice = [{"scheme": "AR-CUIT", "value": "30-50012088-2"}, {"scheme": "AR-CUIT", "value": "30500120882"}]
    body = {"name": "X", "country": "AR", "identifiers": twice}
    assert refused(api.post("/v1/organizations", json=body)) == (422, "identifier-twice")


def test_organizations_are_found_by_name_place_sector_and_identifier(api: httpx.Client) -> None:
    there = {"country": "UY", "subdivision": "Paysandú", "sectors": ["housing"]}
    one = added(api, name="Coop. de Vivienda Ñandubay Ltda.", **there)
    two = added(api, name="Vivienda Ñandubay II", identifiers=[{"scheme": "UY-RUT", "value": "x 1"}], **there)

    def found(**filters: Any) -> list[str]:
        answer = api.get("/v1/organizations", params=filters)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert found(name="nandubay") == [one["id"], two["id"]]
    assert found(name="NANDUBAY viv ltda") == [one["id"]]
    assert found(country="UY", sort="-name") == [two["id"], one["id"]]
    assert found(subdivision="paysandu", sector="housing") == [one["id"], two["id"]]
    assert found(identifier="x 1") == [two["id"]]
    assert found(country="UY", member=True) == []
    assert found(registry="nobody") == []
    assert api.get("/v1/organizations", params={"sector": "coal"}).status_code == 400


def test_contacts_are_added_changed_and_removed(api: httpx.Client) -> None:
    contacts = f"/v1/organizations/{added(api)['id']}/contacts"
    contact = api.post(contacts, json={"role": "presidency", "email": "a@union.example"})
    assert contact.status_code == 201
    at = f"{contacts}/{contact.json()['id']}"
    assert api.patch(at, json={"phone": "+54 11"}, headers={"If-Match": '"1"'}).json()["email"] == "a@union.example"
    assert api.patch(at, json={"phone": "1"}, headers={"If-Match": '"1"'}).status_code == 412
    assert api.post(contacts, json={"role": "presidency"}).status_code == 400
    assert api.delete(at).status_code == 204
    assert refused(api.delete(at)) == (404, "unknown-contact")


def test_a_prospect_is_opened_listed_and_lost(api: httpx.Client) -> None:
    prospect = opened(api, country="PY")
    address = f"/v1/prospects/{prospect['id']}"
    assert api.get(address).json() == prospect
    listed = api.get("/v1/prospects", params={"stage": "opened", "country": "PY"}).json()["items"]
    assert listed == [prospect]
    lost = api.post(f"{address}/lose", json={"reason": "no interest"}).json()
    assert (lost["stage"], lost["lost_reason"], lost["closed_by"]) == ("lost", "no interest", "staff@localhost")
    assert refused(api.post(f"{address}/lose", json={"reason": "again"})) == (409, "prospect-closed")
    assert refused(api.get(f"/v1/prospects/{UNKNOWN}")) == (404, "unknown-prospect")
    assert api.get("/v1/prospects", params={"stage": "won"}).status_code == 400


def test_an_organization_is_not_won_twice(api: httpx.Client) -> None:
    prospect = opened(api)
    body = {"organization_id": prospect["organization"]["id"], "source": "visit"}
    again = api.post("/v1/prospects", json=body)
    assert refused(again) == (409, "already-prospect")
    assert again.json()["detail"].endswith("ya tiene una candidatura abierta.")


def test_a_member_is_admitted_and_changes_standing(api: httpx.Client) -> None:
    member = admitted(api, country="CL", sectors=["fishing"])
    address = f"/v1/members/{member['id']}"
    change = {"standing": "suspended", "reason": "arrears"}
    suspended = api.post(f"{address}/standing", json=change, headers={"If-Match": '"1"'})
    assert (suspended.status_code, suspended.json()["standing"]) == (200, "suspended")
    assert [line["standing"] for line in api.get(address).json()["history"]] == ["current", "suspended"]
    assert api.post(f"{address}/standing", json=change, headers={"If-Match": '"1"'}).status_code == 412
    assert refused(api.post(f"{address}/standing", json=change)) == (409, "not-allowed-from")
    tomorrow = (utc_now() + timedelta(days=1)).date().isoformat()
    early = {"standing": "current", "reason": "paid", "effective_on": tomorrow}
    assert refused(api.post(f"{address}/standing", json=early)) == (422, "standing-in-future")
    filters = {"country": "CL", "sector": "fishing", "standing": "suspended", "category": "full"}
    assert [one["id"] for one in api.get("/v1/members", params=filters).json()["items"]] == [member["id"]]
    assert [one["id"] for one in api.get("/v1/organizations", params={"standing": "suspended"}).json()["items"]] == [
        member["organization"]["id"]
    ]
    assert refused(api.get(f"/v1/members/{UNKNOWN}")) == (404, "unknown-member")


def test_only_an_open_prospect_is_admitted(api: httpx.Client) -> None:
    prospect = opened(api)
    admit = f"/v1/prospects/{prospect['id']}/admit"
    assert api.post(admit, json={"category": "honorary", "reason": "x"}).status_code == 400
    assert api.post(admit, json={"category": "full", "reason": "Board"}).status_code == 201
    assert refused(api.post(admit, json={"category": "full", "reason": "Board"})) == (409, "already-member")


def test_a_pair_is_decided_once(api: httpx.Client) -> None:
    name = f"Cooperativa {uuid4().hex}"
    first = added(api, name=f"{name} Ltda.", locality="Tandil")
    added(api, name=f"{name} Limitada", locality="Tandil")
    item = api.get("/v1/review-items", params={"organization_id": first["id"]}).json()["items"][0]
    address = f"/v1/review-items/{item['id']}"
    assert (api.get(address).json(), item["reason"]) == (item, "close_name")
    decided = api.post(f"{address}/decision", json={"decision": "different", "note": "two villages"})
    assert (decided.json()["decision"], decided.json()["decided_by"]) == ("different", "staff@localhost")
    assert refused(api.post(f"{address}/decision", json={"decision": "same"})) == (409, "already-decided")
    assert api.post(f"{address}/decision", json={"decision": "perhaps"}).status_code == 400
    assert refused(api.get(f"/v1/review-items/{UNKNOWN}")) == (404, "unknown-review-item")
    assert api.get("/v1/review-items", params={"reason": "hunch"}).status_code == 400


def test_imports_are_listed_with_their_rows_explained(running: System, api: httpx.Client, tmp_path: Any) -> None:
    file = a_register(tmp_path, [("1", "Uno", "01/02/1990"), ("2", "Dos", "31/02/1990")])
    engine = connect(running.database_url("membership"))
    run = import_register(engine, file, a_profile(), profile_name="test", actor="test")
    engine.dispose()
    listed = api.get("/v1/import-runs", params={"registry": "xx-test"}).json()["items"]
    assert [(one["rows"], one["created"], one["rejected"], one["state"]) for one in listed] == [(2, 1, 1, "completed")]
    assert api.get(f"/v1/import-runs/{run.id}").json() == listed[0]
    rows = api.get(f"/v1/import-runs/{run.id}/rows", params={"outcome": "rejected"}).json()["items"]
    assert [(row["line"], row["column"], row["reason"], row["explanation"]) for row in rows] == [
        (3, "Fecha", "bad_date", "31/02/1990 no es una fecha escrita como dice el perfil.")
    ]
    assert refused(api.get(f"/v1/import-runs/{UNKNOWN}")) == (404, "unknown-import")
    assert refused(api.get(f"/v1/import-runs/{UNKNOWN}/rows")) == (404, "unknown-import")
    assert api.get("/v1/import-runs", params={"register": "x"}).status_code == 400


def test_the_vocabulary_is_in_the_callers_language(running: System) -> None:
    with running.api("membership", language="pt") as api:
        words = api.get("/v1/vocabulary").json()
    assert {"code": "housing", "ica": "ICA210", "name": "Habitação"} in words["sectors"]
    assert "mutual" in {word["code"] for word in words["structures"]}


def test_callers_without_the_right_are_refused(running: System, api: httpx.Client) -> None:
    assert httpx.get(f"{api.base_url}/v1/organizations").status_code == 401
    reader = running.plan.instance.token(scopes=("membership:read",))
    body = {"organization_id": str(UNKNOWN), "source": "x"}
    headers = {"Authorization": f"Bearer {reader}"}
    assert api.post("/v1/prospects", json=body, headers=headers).status_code == 403


def test_of_many_at_once_one_wins_and_the_others_are_told(running: System, api: httpx.Client) -> None:
    organization, prospect, member = added(api), opened(api), admitted(api)
    decision = {"category": "full", "reason": "Board"}
    change = {"standing": "grace", "reason": "late"}
    contests: list[tuple[str, dict[str, Any], dict[str, str], int]] = [
        ("/v1/prospects", {"organization_id": organization["id"], "source": "visit"}, {}, 409),
        (f"/v1/prospects/{prospect['id']}/admit", decision, {}, 409),
        (f"/v1/members/{member['id']}/standing", change, {}, 409),
        (f"/v1/organizations/{organization['id']}", {"locality": "Azul"}, {"If-Match": '"1"'}, 412),
    ]
    for path, body, headers, loser in contests:
        method = "PATCH" if headers else "POST"

        def call(_number: int, path: str = path, body: Any = body, headers: Any = headers, method: str = method) -> int:
            return api.request(method, path, json=body, headers=headers).status_code

        with ThreadPoolExecutor(AT_ONCE) as crowd:
            statuses = list(crowd.map(call, range(AT_ONCE)))
        assert sorted(statuses)[:1] in ([200], [201]), (path, statuses)
        assert sorted(statuses)[1:] == [loser] * (AT_ONCE - 1), (path, statuses)


def test_the_import_told_the_world_once(running: System) -> None:
    engine = connect(running.database_url("membership"))
    with transaction(engine) as session:
        runs = session.scalars(select(ImportRun.id)).all()
        topics = session.scalars(select(outbox.c.topic).where(outbox.c.topic.like("membership.registry.%"))).all()
        kinds = session.scalars(select(Finding.kind)).all()
    engine.dispose()
    assert len(topics) == len(runs) == 1
    assert kinds == ["rejected"]
