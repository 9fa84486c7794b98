"""An applicant fills in its own application over HTTP, by its link and without a token."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from services.membership.application_form import FORM
from tests.conftest import Servers
from tests.membership.making_applications import answers_of
from tests.membership.test_application_service import ANY, PDF, a_draft, at, move, refused, today
from tests.system import System, system

OCTETS = {"Content-Type": "application/octet-stream"}
BAD = "x" * 20


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("applicants")) as running:
        running.start("membership")
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


@pytest.fixture
def nobody() -> Iterator[httpx.Client]:
    with httpx.Client(headers={"Accept-Language": "pt"}) as nobody:
        yield nobody


def a_link(api: httpx.Client, application: dict[str, Any]) -> str:
    made = api.post(at(application, "/links"))
    assert made.status_code == 201, made.text
    return str(made.json()["url"]).removesuffix("/form")


def seen(answer: httpx.Response) -> dict[str, str]:
    return {"If-Match": answer.headers["ETag"]}


def send(nobody: httpx.Client, link: str, kind: str, content: bytes = PDF, **about: Any) -> httpx.Response:
    query = {"kind": kind, "name": f"{kind} 2026.pdf"}
    return nobody.post(f"{link}/documents", params=query, content=content, headers=OCTETS, **about)


def test_an_applicant_goes_from_an_empty_form_to_its_answer(api: httpx.Client, nobody: httpx.Client) -> None:
    draft = a_draft(api)
    link = a_link(api, draft)
    form = nobody.get(link)
    shown = form.json()
    assert (shown["form"]["label"], shown["state"], shown["editable"]) == ("Mútua", "draft", True)
    assert not {"makers", "owner", "findings", "id"} & set(shown)
    assert any(one["pointer"] == "#/documents/bylaws" for one in shown["missing"])
    kept = nobody.patch(link, json={"answers": {"aims": "Poupança"}}, headers=seen(form))
    assert kept.json()["answers"] == {"aims": "Poupança"}
    assert refused(nobody.patch(link, json={"answers": {"aims": "x"}}, headers=seen(form))) == (
        412,
        "precondition-failed",
    )
    assert nobody.patch(link, json={"answers": {"aims": "x"}}).status_code == 428
    early = nobody.post(f"{link}/submit", headers=ANY)
    assert (refused(early), len(early.json()["errors"]) > 3) == ((422, "incomplete"), True)
    nobody.patch(link, json={"answers": answers_of("mutual")}, headers=ANY).raise_for_status()
    for one in FORM.documents_of("mutual"):
        if one.required:
            assert send(nobody, link, one.kind).status_code == 201
    other = send(nobody, link, "other").json()
    content = nobody.get(f"{link}/documents/{other['id']}/content")
    assert (content.content, "attachment" in content.headers["Content-Disposition"]) == (PDF, True)
    assert nobody.delete(f"{link}/documents/{other['id']}").status_code == 204
    assert nobody.get(f"{link}/documents/{other['id']}/content").status_code == 404
    checks = nobody.get(f"{link}/eligibility").json()["checks"]
    assert {one["rule"]: one["outcome"] for one in checks}["supports_purpose"] == "passed"
    submitted = nobody.post(f"{link}/submit", headers=ANY).json()
    assert (submitted["state"], submitted["editable"], submitted["missing"]) == ("submitted", False, [])
    assert refused(send(nobody, link, "other", PDF + b"y")) == (409, "not-editable")
    move(api, draft, "screen")
    due = str(today())
    move(api, draft, "questions", question="Quem?", due_on=due)
    asked = nobody.get(link)
    assert (asked.json()["question"]["question"], asked.json()["question"]["due_on"]) == ("Quem?", due)
    answered = nobody.post(f"{link}/answer", json={"answer": "Nós."}, headers=seen(asked)).json()
    assert (answered["state"], answered["question"]) == ("screening", None)
    history = api.get(at(draft, "/history"), params={"limit": 100}).json()["items"]
    assert {one["by"].partition("/")[0] for one in history} == {"staff@localhost", "link"}


def typed(page: httpx.Response, **values: str) -> dict[str, str]:
    return {"version": page.text.partition('name="version" value="')[2].partition('"')[0]} | values


def actions(page: httpx.Response) -> set[str]:
    """Where the forms of a page lead from the page's own address."""
    forms = re.findall(r"<form [^>]*>", page.text)
    return {urljoin(str(page.url), re.findall(r'action="([^"]*)"', form)[0]) for form in forms}


def test_the_same_in_a_browser(api: httpx.Client, nobody: httpx.Client) -> None:
    draft = a_draft(api)
    at_form = f"{a_link(api, draft)}/form"
    page = nobody.get(at_form)
    assert actions(page) == {at_form, f"{at_form}/documents"}
    assert ("pedido de ingresso" in page.text, "Ainda falta" in page.text) == (True, True)
    whole = {name: {True: "yes", False: "no"}.get(value, str(value)) for name, value in answers_of("mutual").items()}
    wrong = nobody.post(at_form, data=typed(page, **whole | {"persons_represented": "many <x>"}, do="save"))
    assert ("por suas entidades filiadas: " in wrong.text, "many &lt;x&gt;" in wrong.text) == (True, True)
    assert api.get(at(draft)).json()["answers"] == {}
    saved = nobody.post(at_form, data=typed(page, **whole | {"persons_represented": "12.345"}, do="save"))
    assert ("Salvo." in saved.text, api.get(at(draft)).json()["answers"]["persons_represented"]) == (True, 12345)
    stale = nobody.post(at_form, data=typed(page, aims="", do="save"))
    assert ('role="alert"' in stale.text, "aims" in api.get(at(draft)).json()["answers"]) == (True, True)
    for one in FORM.documents_of("mutual"):
        if one.required:
            sent = {"file": (f"{one.kind}.pdf", PDF, "application/pdf")}
            page = nobody.post(f"{at_form}/documents", data={"kind": one.kind}, files=sent)
            assert f"{one.kind}.pdf" in page.text
            assert actions(page) == {at_form, f"{at_form}/documents"}
    refusal = nobody.post(f"{at_form}/documents", data={"kind": "other"}, files={"file": ("x.exe", b"MZ")})
    assert (refusal.status_code, "x.exe" in refusal.text) == (200, False)
    sizes = {one["size"] for one in api.get(at(draft)).json()["documents"]}
    assert sizes == {len(PDF)}
    first = api.get(at(draft)).json()["documents"][0]["id"]
    page = nobody.post(at_form, data=typed(page, do="remove", document_id=first))
    early = nobody.post(at_form, data=typed(page, **whole, do="submit"))
    assert ("Ainda falta" in early.text, api.get(at(draft)).json()["state"]) == (True, "draft")
    kind = next(one.kind for one in FORM.documents_of("mutual") if one.required)
    page = nobody.post(f"{at_form}/documents", data={"kind": kind}, files={"file": ("a.pdf", PDF)})
    done = nobody.post(at_form, data=typed(page, **whole, do="submit"))
    assert ("o pedido chegou" in done.text, api.get(at(draft)).json()["state"]) == (True, "submitted")
    move(api, draft, "screen")
    move(api, draft, "questions", question="Quem?", due_on=str(today()))
    asked = nobody.get(at_form)
    assert "Quem?" in asked.text
    answered = nobody.post(at_form, data=typed(asked, do="answer", answer="Nós."))
    assert ("a resposta chegou" in answered.text, api.get(at(draft)).json()["state"]) == (True, "screening")
    assert nobody.post(at_form, data={"do": "decide"}).status_code == 400
    bare = nobody.post(f"{at_form}/documents", content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert bare.status_code == 400


@pytest.mark.parametrize(
    ("kind", "name", "status"),
    [("bylaws", "n" * 301, 200), ("bylaws\0", "a.pdf", 200), ("k" * 101, "a.pdf", 200), ("k" * 20_000, "a.pdf", 413)],
)
def test_what_a_browser_says_of_a_file_is_bounded_as_anybody_elses(
    api: httpx.Client, nobody: httpx.Client, kind: str, name: str, status: int
) -> None:
    draft = a_draft(api)
    sent = {"data": {"kind": kind}, "files": {"file": (name, PDF, "application/pdf")}}
    refused = nobody.post(f"{a_link(api, draft)}/form/documents", **sent)
    assert refused.status_code == status, refused.text
    assert "k" * 101 not in refused.text
    assert status == 413 or 'role="alert"' in refused.text
    assert api.get(at(draft)).json()["documents"] == []


def test_a_link_that_opens_nothing_says_why_and_what_to_do(api: httpx.Client, nobody: httpx.Client) -> None:
    draft = a_draft(api)
    link = a_link(api, draft)
    for wrong in (link[:-4] + "AAAA", link.rpartition("/")[0] + f"/{BAD}"):
        for answer in (nobody.get(wrong), send(nobody, wrong, "other")):
            assert refused(answer) == (403, "link-invalid")
            assert "peça um novo" in answer.json()["detail"]
    [known] = api.get(at(draft, "/links")).json()["items"]
    revoked = api.post(at(draft, f"/links/{known['id']}/revoke"), json={"reason": "lost"}).json()
    assert revoked["revoked_by"] == "staff@localhost"
    assert refused(nobody.get(link)) == (403, "link-revoked")
    again = a_link(api, draft)
    assert nobody.get(again).status_code == 200
    move(api, draft, "withdraw", reason="x")
    ended = nobody.patch(again, json={"answers": {"aims": "x"}}, headers=ANY)
    assert refused(ended) == (409, "application-ended")
    assert "escreva à secretaria" in ended.json()["detail"]


def test_a_link_opens_one_application_and_no_other_address(api: httpx.Client, nobody: httpx.Client) -> None:
    draft, other = a_draft(api), a_draft(api)
    link = a_link(api, draft)
    theirs = send(nobody, a_link(api, other), "other").json()
    for method, rest in (("GET", "/content"), ("DELETE", "")):
        refusal = nobody.request(method, f"{link}/documents/{theirs['id']}{rest}")
        assert refused(refusal) == (404, "unknown-document")
    token = link.rpartition("/")[2]
    for kind in ("consultations", "statistics"):
        assert nobody.get(link.replace("/applications/", f"/{kind}/")).status_code == 403
    bearer = nobody.get(str(api.base_url) + at(draft), headers={"Authorization": f"Bearer {token}"})
    assert bearer.status_code == 401


def test_staff_invite_the_applicants_contact(api: httpx.Client) -> None:
    draft = a_draft(api)
    assert refused(api.post(at(draft, "/invite"))) == (409, "nobody-to-invite")
    contact = {"role": "presidency", "email": "presidencia@cooperativa.invalid"}
    api.post(f"/v1/organizations/{draft['organization']['id']}/contacts", json=contact).raise_for_status()
    invited = api.post(at(draft, "/invite"))
    assert (invited.status_code, "url" in invited.json()) == (201, False)
    [kept] = api.get(at(draft, "/links")).json()["items"]
    assert (kept["id"], kept["contact_id"]) == (invited.json()["id"], invited.json()["contact_id"])
