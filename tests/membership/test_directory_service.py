"""The directory of members over HTTP, as files, read by parsers that are not ours."""

import csv
from collections.abc import Iterator
from io import BytesIO, StringIO

import httpx
import openpyxl
import pytest
import vobject

from services.membership.service.directory import attached
from tests.conftest import Servers
from tests.system import System, system

ORGANIZATION = {"name": "=Cooperativa Ñandú", "country": "UY", "locality": "Melo", "sectors": ["dairy"]}


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("directory")) as running:
        running.start("membership")
        with running.api("membership") as api:
            for organization in (ORGANIZATION, ORGANIZATION | {"name": "Otra", "country": "BR"}):
                admit(api, organization)
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


def admit(api: httpx.Client, organization: dict[str, object]) -> None:
    known = api.post("/v1/organizations", json=organization).raise_for_status().json()["id"]
    contact = {"role": "presidency", "name": "Ana", "email": "ana@union.example", "phone": "+598 4642 1234"}
    api.post(f"/v1/organizations/{known}/contacts", json=contact).raise_for_status()
    prospect = api.post("/v1/prospects", json={"organization_id": known, "source": "letter"}).json()["id"]
    decision = {"category": "full", "reason": "Board"}
    api.post(f"/v1/prospects/{prospect}/admit", json=decision).raise_for_status()


def test_members_come_as_csv_that_excel_opens(api: httpx.Client) -> None:
    answer = api.get("/v1/directory/members.csv", params={"country": "UY"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="members-20')
    assert answer.content.startswith(b"\xef\xbb\xbf")
    [row] = csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline=""), dialect="excel")
    assert (row["name"], row["presidency_phone"]) == ("'=Cooperativa Ñandú", "'+598 4642 1234")


def test_members_come_as_a_workbook(api: httpx.Client) -> None:
    answer = api.get("/v1/directory/members.xlsx")
    assert answer.status_code == 200, answer.text
    header, *rows = openpyxl.load_workbook(BytesIO(answer.content))["members"].iter_rows(values_only=True)
    assert [row[header.index("name")] for row in rows] == ["=Cooperativa Ñandú", "Otra"]
    assert [row[header.index("presidency_phone")] for row in rows] == ["+598 4642 1234"] * 2


def test_members_come_as_cards_in_the_language_of_the_reader(api: httpx.Client) -> None:
    answer = api.get("/v1/directory/members.vcf", params={"country": "BR"}, headers={"Accept-Language": "pt"})
    assert answer.headers["Content-Type"].startswith("text/vcard")
    other, ana = vobject.readComponents(answer.content.decode())
    assert (other.fn.value, other.adr.value.country, ana.fn.value) == ("Otra", "Brasil", "Ana")


def test_the_columns_are_described_for_machines(api: httpx.Client) -> None:
    columns = api.get("/v1/directory/members.schema.json").json()["fields"]
    header = api.get("/v1/directory/members.csv").content.decode("utf-8-sig").partition("\r\n")[0].split(",")
    assert [one["name"] for one in columns] == header


@pytest.mark.parametrize("form", ["csv", "xlsx", "vcf"])
def test_nobody_in_the_directory_is_an_empty_file(api: httpx.Client, form: str) -> None:
    answer = api.get(f"/v1/directory/members.{form}", params={"country": "HT"})
    assert answer.status_code == 200
    assert (answer.content == b"") == (form == "vcf")


@pytest.mark.parametrize("form", ["csv", "xlsx", "vcf"])
def test_who_may_read_members_may_not_take_all_contacts_along(running: System, form: str) -> None:
    token = running.plan.instance.token(scopes=("membership:read", "membership:write"))
    with running.api("membership") as api:
        refusal = api.get(f"/v1/directory/members.{form}", headers={"Authorization": f"Bearer {token}"})
    assert (refusal.status_code, refusal.json()["type"]) == (403, "/problems/missing-scope")
    assert "membership:export" in refusal.json()["detail"]


def test_a_file_that_breaks_off_is_not_taken_for_a_whole_one(caplog: pytest.LogCaptureFixture) -> None:
    def written() -> Iterator[bytes]:
        yield b"name"
        raise OSError("the database is away")

    sent = attached(written(), "text/csv", "members.csv").iter_encoded()
    assert next(sent) == b"name"
    with pytest.raises(OSError, match="away"):
        next(sent)
    assert "a file broke off" in caplog.messages


def test_a_filter_that_can_not_be_is_refused(api: httpx.Client) -> None:
    refusal = api.get("/v1/directory/members.csv", params={"standing": "sleeping"})
    assert (refusal.status_code, refusal.json()["errors"][0]["parameter"]) == (400, "standing")
    later = api.get("/v1/directory/members.csv", params={"known_at": "2999-01-01T00:00:00Z"})
    assert (later.status_code, later.json()["type"]) == (422, "/problems/known-later")
