"""Applications over HTTP: a journey, one refused call per address, and what many do at once."""

import hashlib
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.membership.application_form import FORM
from shared.clock import utc_now
from tests.conftest import Servers
from tests.membership.making_applications import answers_of
from tests.system import System, system
from tests.waiting import eventually

UNKNOWN = uuid4()
AT_ONCE = 32
PDF = b"%PDF-1.7\n" + b"x" * 5000
ANY = {"If-Match": "*"}
LETTERS = iter("ABCDEFGHIJK")
"""The second letters of country codes that are nobody's."""


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("applications")) as running:
        running.start("membership")
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


@pytest.fixture
def board(running: System) -> Iterator[httpx.Client]:
    """Somebody who prepared nothing."""
    with running.api("membership") as api:
        api.headers["Authorization"] = f"Bearer {running.plan.instance.token(subject='board@localhost')}"
        yield api


def today() -> date:
    return utc_now().date()


def an_applicant(api: httpx.Client, country: str = "HT") -> str:
    body = {
        "name": f"Cooperativa {uuid4().hex}",
        "country": country,
        "structure": "cooperative",
        "sectors": ["housing"],
    }
    return str(api.post("/v1/organizations", json=body).json()["id"])


def a_member(api: httpx.Client, country: str) -> str:
    organization_id = an_applicant(api, country)
    prospect = api.post("/v1/prospects", json={"organization_id": organization_id, "source": "summit"}).json()
    admitted = api.post(f"/v1/prospects/{prospect['id']}/admit", json={"category": "full", "reason": "minutes"})
    assert admitted.status_code == 201, admitted.text
    return str(admitted.json()["id"])


def a_draft(api: httpx.Client, kind: str = "mutual", country: str = "HT") -> dict[str, Any]:
    body = {"organization_id": an_applicant(api, country), "kind": kind}
    answer = api.post("/v1/applications", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def at(application: dict[str, Any], rest: str = "") -> str:
    return f"/v1/applications/{application['id']}{rest}"


def add_paper(api: httpx.Client, application: dict[str, Any], kind: str, content: bytes = PDF) -> httpx.Response:
    about = {"kind": kind, "name": f"{kind} 2026.pdf"}
    octets = {"Content-Type": "application/octet-stream"}
    return api.post(at(application, "/documents"), params=about, content=content, headers=octets)


def move(api: httpx.Client, application: dict[str, Any], step: str, **body: Any) -> dict[str, Any]:
    answer = api.post(at(application, f"/{step}"), json=body, headers=ANY)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def submitted(api: httpx.Client, kind: str = "mutual", country: str = "HT") -> dict[str, Any]:
    draft = a_draft(api, kind, country)
    answers = answers_of(kind, **({"ready_by": str(today() + timedelta(days=99))} if kind == "temporary" else {}))
    api.patch(at(draft), json={"answers": answers}, headers=ANY).raise_for_status()
    for one in FORM.documents_of(kind):
        if one.required:
            assert add_paper(api, draft, one.kind).status_code == 201
    return move(api, draft, "submit")


def ready(api: httpx.Client, kind: str = "mutual") -> dict[str, Any]:
    """Nobody in its country is a member."""
    application = submitted(api, kind, f"X{next(LETTERS)}")
    move(api, application, "screen")
    return move(api, application, "consult", closes_on=str(today() + timedelta(days=20)))


def verdict(verdict: str = "approved", **said: Any) -> dict[str, Any]:
    words = {"verdict": verdict, "decided_on": str(today()), "minutes": "Board, minutes 12/2026"}
    return words | {"despite": "known for years"} | said


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def test_an_application_goes_from_a_draft_to_a_member(api: httpx.Client, board: httpx.Client) -> None:
    application = ready(api)
    assert (application["state"], application["owner"]) == ("ready_for_decision", "staff@localhost")
    assert application["consultations"][0]["counts"] == dict.fromkeys(
        ("support", "object", "abstain", "silent", "waiting"), 0
    )
    checks = api.get(at(application, "/eligibility")).json()["checks"]
    found = {one["rule"]: (one["outcome"], one["explanation"]) for one in checks}
    assert found["duly_constituted"] == ("unknown", "Indica ley y registro; nadie lo ha verificado.")
    looked = {"rule": "duly_constituted", "outcome": "passed", "reason": "certificado visto"}
    api.post(at(application, "/findings"), json=looked).raise_for_status()
    decided = board.post(at(application, "/decide"), json=verdict(conditions="accounts"), headers=ANY)
    assert decided.status_code == 200, decided.text
    shown = decided.json()
    assert (shown["state"], shown["next_action"]) == ("approved", "Nada; es miembro.")
    kept = {one["rule"]: one["explanation"] for one in shown["decision"]["checks"]}
    assert kept["duly_constituted"] == "La secretaría lo examinó: certificado visto"
    member = api.get(f"/v1/members/{shown['decision']['member_id']}").json()
    assert (member["category"], member["admitted_on"]) == ("full", str(today()))
    first = api.get(at(application, "/history"), params={"limit": 3}).json()
    rest = api.get(at(application, "/history"), params={"limit": 50, "cursor": first["next_cursor"]}).json()
    lines = [*first["items"], *rest["items"]]
    assert [one["state"] for one in lines if one["state"]][-1] == "approved"
    assert lines[-1]["by"] == "board@localhost"


def test_the_form_is_data_in_the_callers_language(running: System, api: httpx.Client) -> None:
    form = api.get("/v1/application-form", params={"kind": "second_degree"}).json()
    assert form["label"] == "Cooperativa, federación, unión o asociación de segundo grado"
    assert [one["label"] for one in form["documents"]][:2] == ["Estatuto o reglamento", "Última memoria anual"]
    assert "societies" in [one["name"] for one in form["fields"]]
    with running.api("membership", language="pt") as portuguese:
        kinds = portuguese.get("/v1/application-kinds").json()["kinds"]
    assert {one["kind"] for one in kinds} == set(FORM.kinds)
    assert kinds[0]["label"] == "Cooperativa singular"
    assert api.get("/v1/application-form", params={"kind": "nonsense"}).status_code == 400


def test_a_draft_is_kept_as_it_grows_and_two_do_not_overwrite_each_other(api: httpx.Client) -> None:
    draft = a_draft(api)
    saved = api.patch(at(draft), json={"answers": {"aims": "Salud"}}, headers={"If-Match": '"1"'})
    assert (saved.status_code, saved.json()["answers"]) == (200, {"aims": "Salud"})
    assert api.patch(at(draft), json={"answers": {"aims": "Otra"}}, headers={"If-Match": '"1"'}).status_code == 412
    assert api.patch(at(draft), json={"answers": {"aims": "Otra"}}).status_code == 428
    wrong = api.patch(at(draft), json={"answers": {"aims": 1, "x": 2}}, headers=ANY)
    assert refused(wrong) == (422, "answers-wrong")
    assert wrong.json()["errors"] == [
        {"detail": "Debe ser un texto.", "pointer": "#/answers/aims"},
        {"detail": "El formulario de este tipo no pregunta eso.", "pointer": "#/answers/x"},
    ]
    incomplete = api.post(at(draft, "/submit"), headers=ANY)
    assert refused(incomplete) == (422, "incomplete")
    errors = {one["pointer"]: one["detail"] for one in incomplete.json()["errors"]}
    assert errors["#/documents/bylaws"] == "Falta este documento: Estatuto o reglamento"
    assert errors["#/answers/president"] == "Hay que responder esto: Presidencia (nombre)"
    assert [one["pointer"] for one in api.get(at(draft)).json()["missing"]] == list(errors)


def test_every_address_refuses_with_a_reason(api: httpx.Client, board: httpx.Client) -> None:
    draft = a_draft(api)
    again = api.post("/v1/applications", json={"organization_id": draft["organization"]["id"], "kind": "mutual"})
    assert refused(again) == (409, "already-applying")
    assert again.json()["application_id"] == draft["id"]
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("/screen", {}, "state-not-allowed"),
        ("/prepare", {}, "state-not-allowed"),
        ("/consult", {"closes_on": str(today() + timedelta(days=20))}, "state-not-allowed"),
        ("/questions", {"question": "?", "due_on": str(today())}, "state-not-allowed"),
        ("/answer", {"answer": "!"}, "nothing-asked"),
        ("/decide", verdict(), "state-not-allowed"),
        ("/close-consultation", {}, "not-consulting"),
        ("/findings", {"rule": "kind", "outcome": "passed", "reason": "x"}, "too-early-to-find"),
    ]
    for rest, body, code in calls:
        assert refused(board.post(at(draft, rest), json=body, headers=ANY)) == (409, code), rest
        answer = api.post(f"/v1/applications/{UNKNOWN}{rest}", json=body, headers=ANY)
        assert refused(answer) == (404, "unknown-application"), rest
    for rest in ("", "/history", "/eligibility", "/opinions"):
        assert refused(api.get(f"/v1/applications/{UNKNOWN}{rest}")) == (404, "unknown-application")
    supporting = {"member_id": str(UNKNOWN), "reference": "letter"}
    assert refused(api.post(at(draft, "/endorsements"), json=supporting)) == (404, "unknown-member")
    assert refused(api.delete(at(draft, f"/endorsements/{UNKNOWN}"))) == (404, "unknown-endorsement")
    api.post(at(draft, "/notes"), json={"text": "called"}).raise_for_status()
    gone = move(api, draft, "withdraw", reason="second thoughts")
    assert gone["state"] == "withdrawn"
    assert refused(api.patch(at(draft), json={"owner": None}, headers=ANY)) == (409, "application-closed")


def test_who_prepared_it_does_not_decide_it_nor_who_has_no_scope(running: System, api: httpx.Client) -> None:
    application = ready(api)
    own = api.post(at(application, "/decide"), json=verdict(), headers=ANY)
    assert refused(own) == (403, "maker-decides")
    assert own.json()["detail"] == "Quien trabajó en una solicitud no la decide; la decisión la registra otra persona."
    with running.api("membership") as writer:
        token = running.plan.instance.token(subject="writer", scopes=("membership:read", "membership:write"))
        writer.headers["Authorization"] = f"Bearer {token}"
        assert writer.post(at(application, "/decide"), json=verdict(), headers=ANY).status_code == 403


def test_the_same_file_comes_back_and_is_only_saved_by_a_browser(running: System, api: httpx.Client) -> None:
    draft = a_draft(api)
    content = PDF + os.urandom(300_000)
    added = add_paper(api, draft, "bylaws", content)
    assert added.status_code == 201, added.text
    paper = added.json()
    assert (paper["size"], paper["media_type"]) == (len(content), "application/pdf")
    assert paper["sha256"] == hashlib.sha256(content).hexdigest()
    assert add_paper(api, draft, "bylaws", content).json() == paper
    got = api.get(at(draft, f"/documents/{paper['id']}/content"))
    assert got.content == content
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''bylaws%202026.pdf"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert got.headers["Cache-Control"] == "private, no-store"
    other = a_draft(api)
    assert refused(api.get(at(other, f"/documents/{paper['id']}/content"))) == (404, "unknown-document")
    [stored] = (Path(running.plan.home) / "files").rglob(paper["id"])
    stored.unlink()
    assert refused(api.get(at(draft, f"/documents/{paper['id']}/content"))) == (404, "document-away")
    assert api.delete(at(draft, f"/documents/{paper['id']}")).status_code == 204
    assert api.get(at(draft)).json()["documents"] == []


def test_a_file_that_is_too_large_or_something_else_is_refused_and_leaves_nothing(
    running: System, api: httpx.Client
) -> None:
    draft = a_draft(api)
    before = {path for path in (Path(running.plan.home) / "files").rglob("*") if path.is_file()}
    large = add_paper(api, draft, "bylaws", PDF + b"x" * 20 * 1024 * 1024)
    assert (large.status_code, large.json()["type"]) == (413, "/problems/content-too-large")
    pieces = (b"%PDF-" + b"x" * 1024 * 1024 for _ in range(21))
    octets = {"Content-Type": "application/octet-stream"}
    about = {"kind": "bylaws", "name": "a.pdf"}
    chunked = api.post(at(draft, "/documents"), params=about, content=pieces, headers=octets)
    assert chunked.status_code == 413
    page = api.post(
        at(draft, "/documents"), params=about, content=b"<html>", headers={"Content-Type": "application/pdf"}
    )
    assert refused(page) == (422, "type-not-taken")
    assert refused(add_paper(api, draft, "bylaws", b"")) == (422, "empty-document")
    assert refused(add_paper(api, draft, "member_list")) == (422, "unknown-document-kind")
    anonymous = httpx.post(f"{api.base_url}{at(draft, '/documents')}", params=about, content=PDF, headers=octets)
    assert anonymous.status_code == 401
    assert (
        api.post(at(draft, "/documents"), params=about, content=b"x", headers={"Content-Type": "text/html"}).status_code
        == 415
    )
    after = {path for path in (Path(running.plan.home) / "files").rglob("*") if path.is_file()}
    assert after == before


def test_a_file_that_breaks_off_is_no_file(running: System, api: httpx.Client) -> None:
    draft = a_draft(api)
    url = httpx.URL(str(api.base_url))
    token = api.headers["Authorization"]
    head = (
        f"POST {at(draft, '/documents')}?kind=bylaws&name=a.pdf HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: 100000\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80), timeout=10) as caller:
        caller.sendall(head.encode() + PDF)
        caller.shutdown(socket.SHUT_WR)
        answer = caller.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400")
    assert api.get(at(draft)).json()["documents"] == []


def test_a_file_sent_again_under_a_key_has_one_effect_and_another_file_is_told(api: httpx.Client) -> None:
    draft = a_draft(api)
    key = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/octet-stream"}
    about = {"kind": "other", "name": "a.pdf"}
    first, second = (api.post(at(draft, "/documents"), params=about, content=PDF, headers=key).json() for _ in range(2))
    assert first == second
    other = api.post(at(draft, "/documents"), params=about, content=PDF + b"y", headers=key)
    assert refused(other) == (422, "key-reused")


def test_members_answer_by_staff_or_by_link_until_it_closes(api: httpx.Client) -> None:
    first, second = a_member(api, "BZ"), a_member(api, "BZ")
    application = submitted(api, country="BZ")
    move(api, application, "screen")
    closes_on = str(today() + timedelta(days=20))
    early = api.post(at(application, "/consult"), json={"closes_on": str(today())}, headers=ANY)
    assert refused(early) == (422, "period-of-consultation")
    shown = move(api, application, "consult", closes_on=closes_on)
    assert (shown["due_on"], shown["next_action"]) == (closes_on, "Espere las respuestas de los miembros consultados.")
    made = api.post(at(application, f"/opinions/{first}/links")).json()
    link = made["url"].removesuffix("/form")
    with httpx.Client(headers={"Accept-Language": "pt"}) as nobody:
        form = nobody.get(link).json()
        assert (form["stance"], form["kind_label"], form["closes_on"]) == (None, "Mútua", closes_on)
        mute = nobody.post(link, json={"stance": "object"})
        assert refused(mute) == (422, "objection-unexplained")
        said = nobody.post(link, json={"stance": "object", "comment": "Não paga."}).json()
        assert (said["stance"], said["comment"]) == ("object", "Não paga.")
        assert nobody.get(link[:-4] + "AAAA").status_code == 403
        page = nobody.get(made["url"])
        assert ("O que Cooperativa" in page.text, "Não paga." in page.text) == (True, True)
        typed = {"version": page.text.partition('name="version" value="')[2].partition('"')[0], "stance": "object"}
        assert "Quem se opõe" in nobody.post(made["url"], data=typed).text
        assert "a resposta chegou" in nobody.post(made["url"], data=typed | {"stance": "abstain"}).text
        stale = nobody.post(made["url"], data=typed)
        assert (stale.status_code, "alert" in stale.text) == (200, True)
        nobody.post(link, json={"stance": "object", "comment": "Não paga."}).raise_for_status()
        for wrong in (link[:-4] + "AAAA/form", made["url"].replace("/consultations/", "/statistics/")):
            told = nobody.get(wrong, headers={"Accept": "text/html"})
            assert (told.status_code, "Este link não é válido" in told.text) == (403, True)
    revoked = at(application, f"/opinions/{first}/links/{made['id']}/revoke")
    assert api.post(revoked, json={"reason": "lost"}).json()["links"][0]["revoked_by"] == "staff@localhost"
    assert refused(httpx.get(made["url"])) == (403, "link-revoked")
    waiting = api.get(at(application, "/opinions"), params={"stance": "waiting"}).json()["items"]
    assert [one["member_id"] for one in waiting] == [second]
    open_still = api.post(at(application, "/close-consultation"), headers=ANY)
    assert refused(open_still) == (409, "answers-outstanding")
    letter = {"stance": "support", "reference": "letter of today"}
    assert api.post(at(application, f"/opinions/{second}"), json=letter).json()["stance"] == "support"
    closed = move(api, application, "close-consultation")
    assert closed["consultations"][0]["counts"]["object"] == 1
    assert refused(api.post(at(application, f"/opinions/{UNKNOWN}"), json=letter)) == (404, "unknown-opinion")
    assert refused(api.post(at(application, f"/opinions/{second}/links"))) == (409, "not-consulting")


def test_what_the_applicant_is_asked_goes_back_and_forth(api: httpx.Client) -> None:
    application = submitted(api)
    move(api, application, "screen")
    due = str(today() + timedelta(days=5))
    asked = move(api, application, "questions", question="¿Quiénes?", due_on=due)
    assert (asked["state"], asked["due_on"], asked["questions"][0]["asked_by"]) == (
        "more_info_requested",
        due,
        "staff@localhost",
    )
    assert add_paper(api, application, "other").status_code == 201
    back = move(api, application, "answer", answer="Agricultores.")
    assert (back["state"], back["questions"][0]["answer"]) == ("screening", "Agricultores.")


def test_lists_and_the_board_show_what_comes_next_and_what_is_missing(api: httpx.Client) -> None:
    draft = a_draft(api, "supporter")
    found = api.get("/v1/applications", params={"state": "draft", "kind": "supporter"}).json()["items"]
    [one] = [each for each in found if each["id"] == draft["id"]]
    assert one["age_days"] == one["days_in_state"] == 0
    assert one["next_action"] == "Complete el formulario y los documentos, y preséntela."
    assert one["missing"][-1]["pointer"] == "#/endorsements"
    board = api.get("/v1/applications/board", params={"size": 1, "owner": "staff@localhost"}).json()
    column = next(each for each in board["columns"] if each["state"] == "draft")
    assert (column["count"] >= 1, len(column["applications"])) == (True, 1)
    pages, cursor = [], ""
    while True:
        page = api.get(
            "/v1/applications", params={"limit": 2, "sort": "opened_at"} | ({"cursor": cursor} if cursor else {})
        )
        pages += [each["opened_at"] for each in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if not cursor:
            break
    assert pages == sorted(pages)
    assert len(pages) == len(set(pages))


def test_of_many_who_decide_at_once_one_wins_and_one_is_admitted(running: System, api: httpx.Client) -> None:
    application = ready(api)

    def decide(number: int) -> int:
        with running.api("membership") as one:
            one.headers["Authorization"] = f"Bearer {running.plan.instance.token(subject=f'board-{number}')}"
            said = verdict() if number % 2 else verdict("rejected", reason="no")
            tag = {"If-Match": f'"{application["version"]}"'}
            return one.post(at(application, "/decide"), json=said, headers=tag).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        answers = list(crowd.map(decide, range(AT_ONCE)))
    assert answers.count(200) == 1
    assert set(answers) <= {200, 409, 412}
    shown = api.get(at(application)).json()
    lines = api.get(at(application, "/history"), params={"limit": 100}).json()["items"]
    assert [one["state"] for one in lines].count(shown["state"]) == 1
    members = api.get("/v1/members", params={"organization_id": application["organization"]["id"]}).json()["items"]
    assert len(members) == (shown["state"] == "approved")


def test_of_many_who_apply_for_one_organization_at_once_one_wins(running: System, api: httpx.Client) -> None:
    body = {"organization_id": an_applicant(api), "kind": "mutual"}

    def apply(_: int) -> int:
        with running.api("membership") as one:
            return one.post("/v1/applications", json=body).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        answers = list(crowd.map(apply, range(AT_ONCE)))
    assert (answers.count(201), set(answers)) == (1, {201, 409})


def test_of_many_who_save_the_same_draft_at_once_one_wins(running: System, api: httpx.Client) -> None:
    draft = a_draft(api)

    def save(number: int) -> int:
        with running.api("membership") as one:
            tag = {"If-Match": f'"{draft["version"]}"'}
            return one.patch(at(draft), json={"answers": {"aims": f"{number}"}}, headers=tag).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        answers = list(crowd.map(save, range(AT_ONCE)))
    assert (answers.count(200), set(answers)) == (1, {200, 412})


def test_files_that_no_paper_names_are_swept_and_the_others_stay(running: System, api: httpx.Client) -> None:
    draft = a_draft(api)
    kept = add_paper(api, draft, "bylaws").json()["id"]
    files = Path(running.plan.home) / "files"
    [path] = files.rglob(kept)
    orphan = path.with_name(f"{uuid4()}"[:-2] + kept[-2:])
    orphan.write_bytes(b"x")
    for one in (path, orphan):
        os.utime(one, (0, 0))
    running.stop("membership")
    running.start("membership")
    eventually(lambda: not orphan.exists(), within=20)
    assert path.exists()
