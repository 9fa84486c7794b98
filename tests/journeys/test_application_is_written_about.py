"""An applicant and a member consulted are written to, each in its language and once; real processes all the way."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.membership.application_form import FORM
from shared.clock import utc_now
from shared.contracts.membership import DuesReminded
from tests.conftest import Servers
from tests.mail_server import MailServer, mail_server
from tests.membership.making_applications import answers_of
from tests.system import System, system
from tests.waiting import eventually

ANY = {"If-Match": "*"}
APPLICANT, MEMBER = "mutual@sur.invalid", "secretaria@nhandu.invalid"


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as mails:
        yield mails


@pytest.fixture(scope="module")
def running(servers: Servers, mails: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("application"), smtp_url=mails.url) as running:
        running.start("comms", "membership", "membership relay")
        yield running


def an_organization(api: httpx.Client, name: str, email: str, language: str) -> tuple[str, str]:
    """Its id and its contact's."""
    body = {"name": name, "country": "PY", "structure": "mutual", "sectors": ["insurance"]}
    made = api.post("/v1/organizations", json=body).raise_for_status().json()["id"]
    contact = {"role": "presidency", "email": email, "language": language}
    reached = api.post(f"/v1/organizations/{made}/contacts", json=contact).raise_for_status().json()
    return made, reached["id"]


def admitted(api: httpx.Client, organization_id: str) -> str:
    opened = {"organization_id": organization_id, "source": "summit"}
    prospect = api.post("/v1/prospects", json=opened).raise_for_status().json()["id"]
    member = api.post(f"/v1/prospects/{prospect}/admit", json={"category": "full", "reason": "Board"})
    return str(member.raise_for_status().json()["id"])


def mail_about(mails: MailServer, words: str) -> EmailMessage:
    """The mail whose subject has the words, once it is there."""
    eventually(lambda: [mail for mail in mails.mails if words in mail["Subject"]], within=30)
    [found] = [mail for mail in mails.mails if words in mail["Subject"]]
    return found


def link_in(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    [link] = re.findall(r"http\S+/v1/links/\S+", body.get_content())
    return str(link)


def filled_in_and_submitted(link: str) -> None:
    """By whoever got the mail."""
    with httpx.Client(headers={"Accept-Language": "es"}) as nobody:
        assert "formulario" in nobody.get(link, headers={"Accept": "text/html"}).text.lower()
        link = link.removesuffix("/form")
        nobody.patch(link, json={"answers": answers_of("mutual")}, headers=ANY).raise_for_status()
        for one in FORM.documents_of("mutual"):
            if one.required:
                about = {"kind": one.kind, "name": "papel.pdf"}
                octets = {"Content-Type": "application/octet-stream"}
                sent = nobody.post(f"{link}/documents", params=about, content=b"%PDF-1.7\nx", headers=octets)
                assert sent.status_code == 201, sent.text
        nobody.post(f"{link}/submit", headers=ANY).raise_for_status()


def a_reminder(member_id: str, organization_id: str, contact_id: str) -> DuesReminded:
    whom = {"member_id": UUID(member_id), "organization_id": UUID(organization_id), "contact_id": UUID(contact_id)}
    owed: dict[str, Any] = {"year": 2026, "number": "2026-000118", "instalment": 1, "days": 15, "level": 2}
    due_on = utc_now().date() - timedelta(days=15)
    amount: dict[str, Any] = {"open": 50000, "currency": "USD", "due_on": due_on}
    return DuesReminded(invoice_id=uuid4(), name="Mútua Nhandu", language="pt", **whom, **owed, **amount)


def test_everybody_is_written_to_in_their_language_once(running: System, mails: MailServer) -> None:
    board = {"Authorization": f"Bearer {running.plan.instance.token(subject='board@localhost')}"}
    with running.api("membership") as api, running.api("comms") as comms:
        organization_id, contact_id = an_organization(api, "Mútua Nhandu", MEMBER, "pt")
        member_id = admitted(api, organization_id)
        applicant_id, _ = an_organization(api, "Mutual del Sur", APPLICANT, "es")
        draft = api.post("/v1/applications", json={"organization_id": applicant_id, "kind": "mutual"}).json()
        at = f"/v1/applications/{draft['id']}"

        def step(name: str, **body: Any) -> None:
            api.post(f"{at}/{name}", json=body, headers=ANY).raise_for_status()

        api.post(f"{at}/invite").raise_for_status()
        invitation = mail_about(mails, "su formulario")
        assert (invitation["To"], invitation["Content-Language"]) == (APPLICANT, "es")
        filled_in_and_submitted(link_in(invitation))
        step("screen")
        step("questions", question="¿Quiénes la integran?", due_on=str(utc_now().date()))
        link = link_in(mail_about(mails, "Una pregunta")).removesuffix("/form")
        httpx.post(f"{link}/answer", json={"answer": "Docentes."}, headers=ANY).raise_for_status()
        step("consult", closes_on=str(utc_now().date() + timedelta(days=20)))
        consulted = mail_about(mails, "O que Mútua Nhandu diz")
        assert (consulted["To"], consulted["Content-Language"]) == (MEMBER, "pt")
        version = api.get(at).json()["version"]
        said = httpx.post(
            link_in(consulted), data={"version": version, "stance": "support"}, headers={"Accept-Language": "pt"}
        )
        assert "a resposta chegou" in said.text
        step("close-consultation")
        running.say(a_reminder(member_id, organization_id, contact_id))
        assert "US$" in mail_about(mails, "Lembrete 2")["Subject"]
        lost = {"standing": "suspended", "reason": "Acta 11"}
        api.post(f"/v1/members/{member_id}/standing", json=lost, headers=ANY).raise_for_status()
        suspended = mail_about(mails, "está suspensa")
        assert (suspended["To"], suspended["Content-Language"]) == (MEMBER, "pt")
        running.repeat("membership")
        decision = {"verdict": "rejected", "decided_on": str(utc_now().date()), "minutes": "Acta 12"}
        decided = api.post(f"{at}/decide", json=decision | {"reason": "Sin balances"}, headers=ANY | board)
        decided.raise_for_status()
        # The decision came last, so whatever was repeated has been handled when it is there.
        told = mail_about(mails, "La decisión del Consejo")
        body = told.get_body(("plain",))
        assert body is not None
        assert "Sin balances" in body.get_content()
        assert httpx.get(link).json()["type"].endswith("application-ended")
        assert set(Counter(mail["Subject"] for mail in mails.mails).values()) == {1}
        inbox = comms.get(f"/v1/organizations/{applicant_id}/inbox").json()["items"]
        assert sorted(one["purpose"] for one in inbox) == [
            "application_invitation",
            "application_question",
            "application_rejected",
        ]
        assert not any("/v1/links/" in one["text"] for one in inbox)
