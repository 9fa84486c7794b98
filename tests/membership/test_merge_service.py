"""Records, affiliations, reviews and merges over HTTP: what is accepted and refused, and one winner of many."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import Servers
from tests.membership.test_service import AT_ONCE, added, admitted, refused
from tests.system import System, system

UNKNOWN = uuid4()


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("membership")) as running:
        running.start("membership")
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


def merged(api: httpx.Client, survivor: dict[str, Any], loser: dict[str, Any], **options: Any) -> httpx.Response:
    body = {"loser_id": loser["id"], "reason": "same CUIT", **options}
    return api.post(f"/v1/organizations/{survivor['id']}/merges", json=body)


def test_the_record_is_whole_and_found_by_acronym_and_trade_name(api: httpx.Client) -> None:
    facts = {
        "acronym": "COOPQUEBRACHO",
        "trade_names": ["El Quebrachal"],
        "structure": "national-federation",
        "languages": ["es", "gn"],
        "identifiers": [{"scheme": "PY-DECRETO", "value": "12/1990", "kind": "decree"}],
    }
    one = added(api, **facts)
    assert {name: one[name] for name in ("acronym", "trade_names", "languages", "degree")} == {
        "acronym": "COOPQUEBRACHO",
        "trade_names": ["El Quebrachal"],
        "languages": ["es", "gn"],
        "degree": "secondary",
    }
    assert one["identifiers"][0]["kind"] == "decree"
    for words in ("coopquebr", "quebrachal"):
        found = api.get("/v1/organizations", params={"name": words}).json()["items"]
        assert [item["id"] for item in found] == [one["id"]]
    assert (
        api.post("/v1/organizations", json={"name": "X", "country": "AR", "languages": ["Spanish"]}).status_code == 400
    )
    assert api.post("/v1/organizations", json={"name": "X", "country": "AR", "degree": "third"}).status_code == 400


def test_a_record_tells_who_changed_it_and_why(api: httpx.Client) -> None:
    one = added(api, locality="Tandil")
    address = f"/v1/organizations/{one['id']}"
    change = {"locality": "Azul", "reason": "letter of 4 May"}
    assert api.patch(address, json=change, headers={"If-Match": '"1"'}).status_code == 200
    api.post(f"{address}/contacts", json={"role": "dues", "email": "d@union.example"})
    lines = api.get(f"{address}/changes").json()["items"]
    assert [line["kind"] for line in lines] == ["contact_added", "changed", "added"]
    assert (lines[1]["fields"], lines[1]["reason"]) == ({"locality": ["Tandil", "Azul"]}, "letter of 4 May")
    assert lines[1]["changed_by"] == "staff@localhost"
    assert "d@union.example" not in str(lines)
    assert refused(api.get(f"/v1/organizations/{UNKNOWN}/changes")) == (404, "unknown-organization")
    assert api.post(f"{address}/contacts", json={"role": "treasurer", "email": "a@b.example"}).status_code == 400


def test_affiliations_begin_end_and_are_listed_from_both_sides(api: httpx.Client) -> None:
    one, federation = added(api), added(api, structure="national-federation")
    affiliations = f"/v1/organizations/{one['id']}/affiliations"
    begun = api.post(affiliations, json={"federation_id": federation["id"], "since_on": "2019-03-01"})
    assert begun.status_code == 201, begun.text
    assert refused(api.post(affiliations, json={"federation_id": federation["id"]})) == (409, "already-affiliated")
    assert refused(api.post(affiliations, json={"federation_id": one["id"]})) == (422, "affiliated-with-itself")
    theirs = api.get(f"/v1/organizations/{federation['id']}/affiliations").json()["items"]
    assert theirs == [begun.json()]
    assert [
        item["id"] for item in api.get("/v1/organizations", params={"federation_id": federation["id"]}).json()["items"]
    ] == [one["id"]]
    at = f"{affiliations}/{begun.json()['id']}"
    assert refused(api.patch(at, json={"until_on": "2018-01-01"})) == (422, "affiliation-ends-early")
    ended = api.patch(at, json={"until_on": "2026-01-01", "note": "left"})
    assert (ended.json()["until_on"], ended.json()["note"]) == ("2026-01-01", "left")
    assert api.get(affiliations, params={"current": True}).json()["items"] == []
    assert api.delete(at).status_code == 204
    assert refused(api.delete(at)) == (404, "unknown-affiliation")


def test_a_pair_says_how_likely_it_is_and_why_in_the_callers_language(running: System, api: httpx.Client) -> None:
    name = f"Cooperativa {uuid4().hex}"
    identifiers = [{"scheme": "UY-DGI", "value": uuid4().hex}]
    first = added(api, name=f"{name} Ltda.", locality="Tandil", identifiers=identifiers)
    added(api, name=f"{name} Limitada", locality="Tandil", identifiers=identifiers)
    of_it = {"organization_id": first["id"]}
    item = api.get("/v1/review-items", params=of_it | {"level": "certain", "sort": "-score"}).json()["items"][0]
    assert (item["score"], item["level"], item["reason"]) == (100, "certain", "shared_identifier")
    assert {signal["code"]: signal["weight"] for signal in item["signals"]} == {
        "shared_identifier": 70,
        "name_equal": 50,
        "same_place": 20,
    }
    assert item["signals"][2]["text"] == "Ambas están en el mismo lugar."
    with running.api("membership", language="pt") as portuguese:
        told = portuguese.get(f"/v1/review-items/{item['id']}").json()
    assert told["signals"][2]["text"] == "Ambas estão no mesmo lugar."
    assert api.get("/v1/review-items", params={"level": "sure"}).status_code == 400


def test_a_merge_is_previewed_done_shown_and_undone(api: httpx.Client) -> None:
    survivor, loser = added(api, website="https://union.example"), added(api, acronym="COOPUNION", sectors=["dairy"])
    preview = api.get(f"/v1/organizations/{survivor['id']}/merge-preview", params={"loser_id": loser["id"]}).json()
    fields = {one["field"]: one for one in preview["fields"]}
    assert (fields["acronym"]["value"], fields["acronym"]["rule"]) == ("COOPUNION", "survivor_lacks")
    assert fields["sectors"]["explanation"] == "Las listas se unen."
    done = merged(api, survivor, loser, choices={"name": "loser"})
    assert done.status_code == 201, done.text
    merge = done.json()
    assert (merge["survivor_id"], merge["loser_id"], merge["merged_by"]) == (
        survivor["id"],
        loser["id"],
        "staff@localhost",
    )
    shown = api.get(f"/v1/organizations/{survivor['id']}").json()
    assert (shown["name"], shown["acronym"]) == (loser["name"], "COOPUNION")
    gone = api.get(f"/v1/organizations/{loser['id']}")
    assert refused(gone) == (404, "organization-merged-away")
    assert gone.json()["survivor_id"] == survivor["id"]
    at = done.headers["Location"]
    assert api.get(at).json() == merge
    assert api.get("/v1/organization-merges", params={"organization_id": loser["id"]}).json()["items"] == [merge]
    parted = api.post(f"{at}/undo", json={"reason": "two villages"}, headers={"If-Match": done.headers["ETag"]})
    assert parted.status_code == 200, parted.text
    assert parted.json()["kept"] == {"fields": [], "rows": {}}
    assert parted.json()["kept_explanation"] == "Nada vino después de la fusión: ambas están como estaban."
    assert api.get(f"/v1/organizations/{loser['id']}").json()["name"] == loser["name"]
    assert refused(api.post(f"{at}/undo", json={"reason": "again"})) == (409, "already-unmerged")
    assert (
        api.get("/v1/organization-merges", params={"undone": True}).json()["items"][0]["undone_by"] == "staff@localhost"
    )
    assert refused(api.get(f"/v1/organization-merges/{UNKNOWN}")) == (404, "unknown-merge")


def test_two_members_are_not_merged_and_are_told_the_way_out(api: httpx.Client) -> None:
    one, other = admitted(api)["organization"], admitted(api)["organization"]
    answer = merged(api, one, other)
    assert refused(answer) == (409, "two-memberships")
    assert "termine primero una de las membresías" in answer.json()["detail"]
    assert merged(api, one, other, choices={"colour": "loser"}).status_code == 400
    assert refused(merged(api, one, {"id": str(UNKNOWN)})) == (404, "unknown-organization")


def test_who_may_only_read_merges_nothing(running: System, api: httpx.Client) -> None:
    reader = {"Authorization": f"Bearer {running.plan.instance.token(scopes=('membership:read',))}"}
    body = {"loser_id": str(UNKNOWN), "reason": "x"}
    address = f"/v1/organizations/{added(api)['id']}/merges"
    assert api.post(address, json=body, headers=reader).status_code == 403
    assert api.post(f"/v1/organization-merges/{UNKNOWN}/undo", json=body, headers=reader).status_code == 403


def test_of_many_merging_and_parting_one_pair_at_once_one_wins(api: httpx.Client) -> None:
    one, other = added(api), added(api)
    third = added(api)

    def merge(number: int) -> int:
        survivor, loser = ((one, other), (other, one), (third, other))[number % 3]
        return merged(api, survivor, loser).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        statuses = sorted(crowd.map(merge, range(AT_ONCE)))
    done = api.get("/v1/organization-merges", params={"organization_id": other["id"]}).json()["items"]
    losers = [each["loser_id"] for each in done]
    assert len(losers) == len(set(losers)) == statuses.count(201)
    assert set(statuses) == {201, 409}

    # Of a chain only the last can be parted; who asked first may have been served second.
    [last] = [each for each in done if each["survivor_id"] not in losers]

    def part(_number: int) -> int:
        return api.post(f"/v1/organization-merges/{last['id']}/undo", json={"reason": "x"}).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        parted = sorted(crowd.map(part, range(AT_ONCE)))
    assert parted == [200] + [409] * (AT_ONCE - 1)


def test_of_many_merging_the_same_two_the_same_way_exactly_one_wins(api: httpx.Client) -> None:
    one, other = added(api), added(api)
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        statuses = sorted(crowd.map(lambda _number: merged(api, one, other).status_code, range(AT_ONCE)))
    assert statuses == [201] + [409] * (AT_ONCE - 1)
