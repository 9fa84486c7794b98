"""Letters that ask for statistics: once for each step, in the member's language, the link in the mail alone."""

from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.comms import operations
from services.comms.mail import compose
from services.comms.model import LINK, Letter, Message
from shared.contracts.membership import StatisticRequested
from tests.members import NOW, a_contact

LETTER_LINK = "https://membership.invalid/v1/links/statistics/WyJhIl0.x-_y"


def a_request(**changes: Any) -> StatisticRequested:
    values: dict[str, Any] = {
        "statistic_id": uuid4(),
        "member_id": uuid4(),
        "organization_id": uuid4(),
        "contact_id": uuid4(),
        "name": "Cooperativa La Unión",
        "language": "es",
        "year": 2025,
        "occasion": "request",
        "step": 0,
        "due_on": date(2026, 5, 31),
        "closes_on": date(2026, 6, 30),
        "link": LETTER_LINK,
    }
    return StatisticRequested(**values | changes)


def known(session: Session, request: StatisticRequested, **changes: Any) -> None:
    contact = a_contact(request.organization_id, contact_id=request.contact_id, **changes)
    operations.keep_contact(session, contact, now=NOW)


def asked(session: Session, request: StatisticRequested, request_id: UUID | None = None) -> None:
    operations.request_statistic(session, request, request_id=request_id or uuid4(), now=NOW)


def mails(session: Session) -> list[Message]:
    mails = select(Message).where(Message.channel == "email")
    return list(session.scalars(mails.order_by(Message.queued_at, Message.id)))


def as_sent(mail: Message) -> str:
    raw = compose(mail, sender="Secretaría <secretaria@federacion.invalid>").as_bytes()
    body = message_from_bytes(raw, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize(
    ("language", "subject", "due"),
    [
        ("es-AR", "¿A cuántas personas representa Cooperativa La Unión? Datos de 2025", "31 de mayo de 2026"),
        ("pt-BR", "Quantas pessoas Cooperativa La Unión representa? Dados de 2025", "31 de maio de 2026"),
        ("fr", "How many persons does Cooperativa La Unión represent? Figures of 2025", "May 31, 2026"),
    ],
)
def test_the_member_is_asked_in_its_language(session: Session, language: str, subject: str, due: str) -> None:
    request = a_request(language=language)
    known(session, request)
    asked(session, request)
    [mail] = mails(session)
    assert (mail.purpose, mail.subject, mail.address) == ("statistic_request", subject, "presidencia@union.invalid")
    assert due in mail.text


def test_the_link_stands_in_the_mail_alone_and_is_gone_when_it_has_left(session: Session) -> None:
    request = a_request()
    known(session, request)
    asked(session, request)
    [mail] = mails(session)
    assert (LINK in mail.text, LETTER_LINK in mail.text) == (True, False)
    sent: list[str] = []

    def send(message: Message) -> str:
        sent.append(as_sent(message))
        return "taken"

    operations.send_next_mail(session, send=send, now=NOW)
    assert (LETTER_LINK in sent[0], LINK in sent[0]) == (True, False)
    assert (mail.state, mail.link) == ("delivered", None)
    assert session.scalars(select(Letter.link)).all() == [None]


@pytest.mark.parametrize("end", ["fail", "suppress"])
def test_a_mail_that_never_leaves_keeps_no_link(session: Session, end: str) -> None:
    request = a_request()
    known(session, request)
    asked(session, request)
    [mail] = mails(session)
    getattr(mail, end)(NOW, "550 no such mailbox")
    assert mail.link is None


def test_each_step_goes_out_once_whatever_is_said_again(session: Session) -> None:
    request = a_request()
    known(session, request)
    for step, occasion in [(0, "request"), (1, "reminder"), (2, "reminder"), (1, "question")]:
        again = a_request(**vars(request) | {"step": step, "occasion": occasion, "question": "¿Con jóvenes?"})
        for _ in range(3):
            asked(session, again)
    assert sorted(mail.purpose for mail in mails(session)) == [
        "statistic_question",
        "statistic_reminder",
        "statistic_reminder",
        "statistic_request",
    ]
    assert any("¿Con jóvenes?" in mail.text for mail in mails(session))


def test_the_letter_waits_for_its_contact_and_for_no_other(session: Session) -> None:
    request = a_request()
    asked(session, request)
    known(session, a_request(organization_id=request.organization_id))
    assert mails(session) == []
    known(session, request, email="")
    assert mails(session) == []
    known(session, request, email="dues@union.invalid")
    assert [mail.address for mail in mails(session)] == ["dues@union.invalid"]
    known(session, request, email="dues@union.invalid")
    assert len(mails(session)) == 1


def test_a_letter_that_waited_until_the_round_closed_is_not_sent(session: Session) -> None:
    request = a_request(closes_on=NOW.date() - timedelta(days=1))
    known(session, request)
    asked(session, request)
    [kept] = session.scalars(operations.letters(session, state="too_late"))
    assert (mails(session), kept.link) == ([], None)


def test_the_link_can_be_followed_in_html(session: Session) -> None:
    request = a_request(link="https://membership.invalid/x?a=1&b=2")
    known(session, request)
    asked(session, request)
    raw = compose(mails(session)[0], sender="Secretaría <secretaria@federacion.invalid>").as_bytes()
    html = message_from_bytes(raw, policy=default).get_body(("html",))
    assert html is not None
    assert '<a href="https://membership.invalid/x?a=1&amp;b=2">' in html.get_content()
