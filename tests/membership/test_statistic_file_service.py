"""Evidence over HTTP: added by staff, by link and in a browser; refused calls, and what many do at once."""

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.membership.model.statistic_files import MOST_FILES
from shared.clock import utc_now
from tests.conftest import Servers
from tests.system import System, system

PDF = b"%PDF-1.7\n" + b"x" * 5000
OCTETS = {"Content-Type": "application/octet-stream"}
ANY = {"If-Match": "*"}
Asked = tuple[str, str]
"""Where a declaration is, for staff and by its link."""


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("evidence")) as running:
        running.start("membership")
        yield running


@pytest.fixture(scope="module")
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


@pytest.fixture
def nobody() -> Iterator[httpx.Client]:
    with httpx.Client(headers={"Accept-Language": "pt"}) as nobody:
        yield nobody


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    return dict(answer.json())


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


@pytest.fixture(scope="module")
def round_id(api: httpx.Client) -> str:
    today = utc_now().date()
    days = {"opens_on": -1, "due_on": 30, "closes_on": 60}
    dates = {name: (today + timedelta(days=number)).isoformat() for name, number in days.items()}
    return str(done(api.post("/v1/statistic-rounds", json={"year": today.year - 1, **dates}))["id"])


@pytest.fixture
def asked(api: httpx.Client, round_id: str) -> Asked:
    body = {"name": f"Federación {uuid4().hex}", "country": "AR", "sectors": ["agriculture"]}
    opened = {"organization_id": done(api.post("/v1/organizations", json=body))["id"], "source": "summit"}
    prospect = done(api.post("/v1/prospects", json=opened))["id"]
    member = done(api.post(f"/v1/prospects/{prospect}/admit", json={"category": "full", "reason": "Board"}))["id"]
    done(api.post(f"/v1/statistic-rounds/{round_id}/requests"))
    [found] = done(api.get("/v1/statistics", params={"member_id": member}))["items"]
    at = f"/v1/statistics/{found['id']}"
    return at, str(done(api.post(f"{at}/links"))["url"]).removesuffix("/form")


def send(client: httpx.Client, at: str, content: bytes = PDF, name: str = "memoria 2026.pdf") -> httpx.Response:
    return client.post(f"{at}/files", params={"name": name}, content=content, headers=OCTETS)


def accept(api: httpx.Client, at: str) -> None:
    done(api.post(f"{at}/declare", json={"persons": 100}, headers=ANY))
    done(api.post(f"{at}/accept", json={}, headers=ANY))


def files_of(api: httpx.Client, at: str) -> list[str]:
    return [one["name"] for one in done(api.get(at))["files"]]


def test_evidence_comes_by_link_and_is_seen_saved_and_kept(
    running: System, api: httpx.Client, nobody: httpx.Client, asked: Asked
) -> None:
    at, link = asked
    sent = send(nobody, link)
    assert sent.status_code == 201, sent.text
    file = sent.json()
    digest = hashlib.sha256(PDF).hexdigest()
    assert (file["size"], file["media_type"], file["sha256"]) == (len(PDF), "application/pdf", digest)
    assert (file["removable"], "added_by" in file) == (True, False)
    assert send(nobody, link).json() == file
    assert done(nobody.get(link))["files"] == [file] == done(nobody.get(f"{link}/files"))["items"]
    [shown] = done(api.get(at))["files"]
    assert shown["added_by"].startswith("link/")
    assert {**file, "removable": None} == {**{name: shown[name] for name in file if name in shown}, "removable": None}
    got = api.get(f"{at}/files/{file['id']}")
    assert (got.content, got.headers["Content-Type"]) == (PDF, "application/octet-stream")
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''memoria%202026.pdf"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    accept(api, at)
    after = done(api.get(at))
    assert [line["step"] for line in after["history"]][-3:] == ["file_added", "declared", "accepted"]
    assert after["history"][-2]["figures"]["files"] == [{"name": "memoria 2026.pdf", "sha256": digest}]
    for answer in (send(api, at, PDF + b"y"), api.delete(f"{at}/files/{file['id']}")):
        assert refused(answer) == (409, "not-declarable")
    for answer in (send(nobody, link, PDF + b"y"), nobody.delete(f"{link}/files/{file['id']}")):
        assert refused(answer) == (409, "not-declarable")
        assert "secretaria" in answer.json()["detail"]
    assert files_of(api, at) == ["memoria 2026.pdf"]
    [stored] = (Path(running.plan.home) / "files").rglob(file["id"])
    assert stored.read_bytes() == PDF


def test_staff_add_and_remove_and_a_link_removes_its_own_alone(
    api: httpx.Client, nobody: httpx.Client, asked: Asked
) -> None:
    at, link = asked
    ours, theirs = done(send(api, at, name="acta.pdf")), done(send(nobody, link, PDF + b"y"))
    assert [one["removable"] for one in done(nobody.get(link))["files"]] == [False, True]
    refusal = nobody.delete(f"{link}/files/{ours['id']}")
    assert refused(refusal) == (403, "sent-by-staff")
    assert refusal.json()["detail"] == "acta.pdf foi acrescentado pela secretaria; peça que ela o remova."
    assert nobody.delete(f"{link}/files/{theirs['id']}").status_code == 204
    assert refused(nobody.delete(f"{link}/files/{theirs['id']}")) == (404, "unknown-statistic-file")
    done(api.post(f"{at}/declare", json={"persons": 100}, headers=ANY))
    stale = api.delete(f"{at}/files/{ours['id']}", headers={"If-Match": '"1"'})
    assert refused(stale) == (412, "precondition-failed")
    assert api.delete(f"{at}/files/{ours['id']}").status_code == 204
    assert (files_of(api, at), done(nobody.get(f"{link}/files"))["items"]) == ([], [])
    [listed] = done(api.get(f"{at}/files"))["items"]
    assert (listed["id"], listed["removed_by"]) == (ours["id"], "staff@localhost")
    assert api.get(f"{at}/files/{ours['id']}").content == PDF


def test_what_is_no_evidence_is_refused_and_leaves_nothing(
    running: System, api: httpx.Client, nobody: httpx.Client, asked: Asked
) -> None:
    at, link = asked
    before = {path for path in (Path(running.plan.home) / "files").rglob("*") if path.is_file()}
    for client, place in ((api, at), (nobody, link)):
        assert refused(send(client, place, PDF + b"x" * 20 * 1024 * 1024)) == (413, "content-too-large")
        assert refused(send(client, place, b"<html>")) == (422, "type-not-taken")
        assert refused(send(client, place, b"")) == (422, "empty-document")
        assert send(client, place, name="").status_code == 400
        wrong = client.post(f"{place}/files", params={"name": "a"}, content=b"x", headers={"Content-Type": "text/html"})
        assert wrong.status_code == 415
    assert send(nobody, f"{str(api.base_url).rstrip('/')}{at}").status_code == 401
    assert refused(send(nobody, f"{link}x")) == (403, "link-invalid")
    assert refused(nobody.get(f"{link}x/files")) == (403, "link-invalid")
    assert refused(send(api, f"/v1/statistics/{uuid4()}")) == (404, "unknown-statistic")
    assert refused(api.get(f"/v1/statistics/{uuid4()}/files")) == (404, "unknown-statistic")
    assert refused(api.get(f"{at}/files/{uuid4()}")) == (404, "unknown-statistic-file")
    assert files_of(api, at) == []
    after = {path for path in (Path(running.plan.home) / "files").rglob("*") if path.is_file()}
    assert after == before


def test_of_many_at_once_only_so_many_come_in(api: httpx.Client, nobody: httpx.Client, asked: Asked) -> None:
    at, link = asked
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda number: send(nobody, link, PDF + bytes([number])), range(MOST_FILES + 4)))
    late = [one for one in answers if one.status_code != 201]
    assert [refused(one) for one in late] == [(409, "too-many-files")] * 4
    assert late[0].json()["detail"] == "Uma declaração tem no máximo 10 arquivos; remova um primeiro."
    assert len(files_of(api, at)) == MOST_FILES


def typed(page: httpx.Response, **values: str) -> dict[str, str]:
    version = re.search(r'name="version" value="(\d+)"', page.text)
    assert version, page.text
    return {"version": version[1]} | values


def attached(name: str, content: bytes = PDF) -> dict[str, Any]:
    return {"file": (name, content, "application/pdf")}


def test_the_page_takes_files_with_the_figures_and_loses_nothing_that_was_typed(
    api: httpx.Client, nobody: httpx.Client, asked: Asked
) -> None:
    at, link = asked
    form = f"{link}/form"
    page = nobody.get(form)
    for text in ('enctype="multipart/form-data"', 'type="file"', "Arquivos que mostram os dados"):
        assert text in page.text
    page = nobody.post(form, data=typed(page, persons="120", do="attach"), files=attached("memória<b>.pdf"))
    for text in ("O arquivo foi acrescentado", "memória&lt;b&gt;.pdf (5 KiB)", 'name="persons" value="120"'):
        assert text in page.text
    assert (files_of(api, at), done(api.get(at))["state"]) == (["memória<b>.pdf"], "requested")
    empty = {"file": ("", b"", "application/octet-stream")}
    page = nobody.post(form, data=typed(page, persons="120", do="attach"), files=empty)
    assert "Escolha primeiro um arquivo." in page.text
    page = nobody.post(form, data=typed(page, persons="120", do="send"), files=attached("x.pdf", b"MZ"))
    assert ("Conta o que contém" in page.text, 'name="persons" value="120"' in page.text) == (True, True)
    assert done(api.get(at))["state"] == "requested"
    page = nobody.post(form, data=typed(page, persons="many", do="send"), files=attached("acta.pdf", PDF + b"y"))
    assert ('role="alert"' in page.text, "acta.pdf" in page.text, 'value="many"' in page.text) == (True, True, True)
    remove = done(api.get(at))["files"][0]["id"]
    assert remove in page.text
    page = nobody.post(form, data=typed(page, persons="120", remove=remove), files=empty)
    assert ("O arquivo foi removido." in page.text, files_of(api, at)) == (True, ["acta.pdf"])
    stale = nobody.post(form, data=typed(page) | {"version": "1"}, files=attached("z.pdf", PDF + b"z"))
    assert ('role="alert"' in stale.text, files_of(api, at)) == (True, ["acta.pdf"])
    page = nobody.post(form, data=typed(page, persons="120", do="send"), files=attached("balance.pdf", PDF + b"b"))
    assert "Obrigad" in page.text
    declared = done(api.get(at))
    assert (declared["state"], declared["persons"]) == ("declared", 120)
    assert [one["name"] for one in declared["files"]] == ["acta.pdf", "balance.pdf"]


def test_the_page_takes_ages_and_says_where_they_do_not_add_up(
    api: httpx.Client, nobody: httpx.Client, asked: Asked
) -> None:
    at, link = asked
    form = f"{link}/form"
    page = nobody.get(form)
    assert ("<details><summary>Por idade" in page.text, "Mulheres de 65 ou mais" in page.text) == (True, True)
    ages = {"persons": "100", "women": "40", "women_18_to_35": "41"}
    wrong = nobody.post(form, data=typed(page, **ages))
    for text in ("As idades de um mesmo sexo somam 41", 'name="women_18_to_35" value="41"', "<details open>"):
        assert text in wrong.text
    wrong = nobody.post(form, data=typed(page, **ages | {"women_18_to_35": "many"}))
    assert "Mulheres de 18 a 35: " in wrong.text
    assert done(api.get(at))["state"] == "requested"
    assert "Obrigado" in nobody.post(form, data=typed(page, **ages | {"women_18_to_35": "30"})).text
    assert [(one["sex"], one["age"], one["persons"]) for one in done(api.get(at))["breakdown"]] == [
        ("women", "18_to_35", 30),
        ("women", "unknown", 10),
        ("unknown", "unknown", 60),
    ]
    assert 'name="women_18_to_35" value="30"' in nobody.get(form).text


def test_the_page_says_why_a_file_is_not_taken(api: httpx.Client, nobody: httpx.Client, asked: Asked) -> None:
    at, link = asked
    form = f"{link}/form"
    ours = done(send(api, at, name="nuestra.pdf"))
    page = nobody.get(form)
    assert ("nuestra.pdf" in page.text, ours["id"] in page.text) == (True, False)
    page = nobody.post(form, data=typed(page, remove=ours["id"]))
    assert "peça que ela o remova" in page.text
    for number in range(MOST_FILES - 1):
        done(send(api, at, PDF + bytes([number])))
    page = nobody.post(form, data=typed(nobody.get(form), do="attach"), files=attached("more.pdf", PDF + b"more"))
    assert "no máximo 10 arquivos" in page.text
    for wrong in ("x", str(uuid4())):
        assert refused(nobody.post(form, data=typed(page, remove=wrong))) == (404, "unknown-statistic-file")
    huge = nobody.post(form, data=typed(page, source="x" * 60_000), files=attached("a.pdf"))
    assert refused(huge) == (413, "content-too-large")
    bare = nobody.post(form, content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert bare.status_code == 400
    large = nobody.post(form, data=typed(page), files=attached("a.pdf", PDF + b"x" * 21 * 1024 * 1024))
    assert refused(large) == (413, "content-too-large")
    accept(api, at)
    present = str(done(api.get(at))["version"])
    late = nobody.post(form, data={"version": present, "do": "attach"}, files=attached("late.pdf"))
    assert (refused(late), "late.pdf" in files_of(api, at)) == ((409, "not-declarable"), False)
