"""Letters about dues, consultations and applications: once each, in the reader's language, in the inbox and by mail."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.comms import operations
from services.comms.model import LINK, Letter, Message
from shared.contracts.membership import (
    ApplicantNotified,
    DuesCredited,
    DuesPaid,
    DuesReminded,
    InvoiceSent,
    OpinionRequested,
)
from shared.messaging.outbox import published
from tests.members import NOW, a_contact

SECRET = "https://membership.invalid/v1/links/consultations/WyJhIl0.x-_y"


def whom(**changes: Any) -> dict[str, Any]:
    names = {"name": "Cooperativa La Unión", "language": "es"}
    return {"organization_id": uuid4(), "contact_id": uuid4(), **names} | changes


def a_reminder(**changes: Any) -> DuesReminded:
    values: dict[str, Any] = {
        "invoice_id": uuid4(),
        "member_id": uuid4(),
        "year": 2026,
        "number": "2026-000118",
        "instalment": 1,
        "due_on": date(2026, 4, 19),
        "days": 15,
        "open": 123450,
        "currency": "USD",
        "level": 2,
    }
    return DuesReminded(**whom() | values | changes)


def an_invoice(**changes: Any) -> InvoiceSent:
    values: dict[str, Any] = {
        "sending_id": uuid4(),
        "invoice_id": uuid4(),
        "member_id": uuid4(),
        "year": 2026,
        "number": "D-2026-000118",
        "due_on": date(2026, 6, 30),
        "amount": 123450,
        "currency": "USD",
        "parts": 1,
        "link": SECRET,
    }
    return InvoiceSent(**whom() | values | changes)


def an_opinion(**changes: Any) -> OpinionRequested:
    values: dict[str, Any] = {
        "opinion_id": uuid4(),
        "application_id": uuid4(),
        "member_id": uuid4(),
        "applicant": "Mutual del Sur",
        "country": "BR",
        "category": "associate",
        "occasion": "request",
        "closes_on": date(2026, 5, 31),
        "link": SECRET,
    }
    return OpinionRequested(**whom() | values | changes)


def a_notice(**changes: Any) -> ApplicantNotified:
    values: dict[str, Any] = {"application_id": uuid4(), "category": "full", "occasion": "question", "step": 1}
    asked = {"question": "¿Quién preside?", "due_on": date(2026, 5, 20), "ends_on": date(2026, 6, 19)}
    return ApplicantNotified(**whom() | values | asked | changes)


def known(session: Session, event: Any, **changes: Any) -> None:
    contact = a_contact(event.organization_id, contact_id=event.contact_id, **changes)
    operations.keep_contact(session, contact, now=NOW)


def write(session: Session, event: Any) -> None:
    if isinstance(event, DuesReminded):
        operations.remind_of_dues(session, event, reminder_id=uuid4(), now=NOW)
    elif isinstance(event, InvoiceSent):
        operations.send_invoice(session, event, sending_id=uuid4(), now=NOW)
    elif isinstance(event, OpinionRequested):
        operations.request_opinion(session, event, request_id=uuid4(), now=NOW)
    else:
        operations.notify_applicant(session, event, notice_id=uuid4(), now=NOW)


def messages(session: Session, channel: str) -> list[Message]:
    query = select(Message).where(Message.channel == channel).order_by(Message.queued_at, Message.id)
    return list(session.scalars(query))


MAKERS: list[Callable[..., Any]] = [a_reminder, an_invoice, an_opinion, a_notice]


@pytest.mark.parametrize("make", MAKERS)
def test_a_letter_is_in_the_inbox_at_once_and_mailed_when_its_contact_is_known_once(
    session: Session, make: Callable[..., Any]
) -> None:
    event = make()
    for _ in range(3):
        write(session, event)
    [item] = messages(session, "inbox")
    assert (item.state, item.recipient_id, messages(session, "email")) == ("delivered", event.organization_id, [])
    [letter] = session.scalars(operations.letters(session, state="awaiting_contact"))
    assert letter.about == event.subject
    known(session, event, email="cuotas@union.invalid")
    write(session, event)
    known(session, event, email="cuotas@union.invalid")
    [mail] = messages(session, "email")
    assert (mail.address, mail.language, mail.subject) == ("cuotas@union.invalid", "es", item.subject)
    assert [fact.channel for fact in published(session)] == ["inbox"]
    found = operations.letters(session, purpose=mail.purpose, organization_id=event.organization_id)
    assert [one.state for one in session.scalars(found)] == ["addressed"]


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [
        (
            "es",
            "Recordatorio 2: 1.234,50\xa0US$ de la factura 2026-000118",
            "venció el 19 de abril de 2026, hace 15 días",
        ),
        ("pt", "Lembrete 2: US$\xa01.234,50 da fatura 2026-000118", "venceu em 19 de abril de 2026, há 15 dias"),
        ("en", "Reminder 2: $1,234.50 of invoice 2026-000118", "due on April 19, 2026, 15 days ago"),
    ],
)
def test_a_reminder_says_what_is_owed_since_when_and_the_how_manieth_it_is(
    session: Session, language: str, subject: str, said: str
) -> None:
    write(session, a_reminder(language=language))
    [item] = messages(session, "inbox")
    assert item.purpose == "dues_overdue"
    assert item.subject.startswith(subject)
    assert said in item.text


@pytest.mark.parametrize(
    ("language", "subject", "once", "in_parts"),
    [
        ("es", "Factura D-2026-000118 de Cooperativa La Unión", "pagarla hasta el 30 de junio de 2026", "en 3 plazos"),
        ("pt", "Fatura D-2026-000118 de Cooperativa La Unión", "paguem até 30 de junho de 2026", "em 3 parcelas"),
        ("en", "Invoice D-2026-000118 of Cooperativa La Unión", "pay it by June 30, 2026", "in 3 parts"),
    ],
)
def test_an_invoice_goes_out_with_a_link_that_stands_in_the_mail_alone(
    session: Session, language: str, subject: str, once: str, in_parts: str
) -> None:
    whole = an_invoice(language=language)
    again = an_invoice(**vars(whole) | {"sending_id": uuid4(), "parts": 3})
    known(session, whole)
    for event in (whole, again):
        write(session, event)
    items, mails = messages(session, "inbox"), messages(session, "email")
    assert [mail.link for mail in mails] == [SECRET, SECRET]
    assert all(one.subject.startswith(subject) and SECRET not in one.text for one in (*items, *mails))
    assert ([once in one.text for one in mails], [in_parts in one.text for one in mails]) == (
        [True, False],
        [False, True],
    )


def test_before_the_day_it_is_an_announcement_and_each_step_of_each_instalment_is_a_letter(session: Session) -> None:
    first = a_reminder(days=-14, level=0)
    steps = [{"days": 1, "level": 1}, {"instalment": 2, "days": -14, "level": 0}, {"days": 15}]
    for event in [first, *(a_reminder(**vars(first) | step) for step in steps)]:
        write(session, event)
        write(session, event)
    purposes = [(one.purpose, one.step) for one in session.scalars(select(Letter).order_by(Letter.source_id))]
    assert sorted(purposes) == [
        ("dues_overdue", "1/1"),
        ("dues_overdue", "1/15"),
        ("dues_upcoming", "1/-14"),
        ("dues_upcoming", "2/-14"),
    ]


def test_a_reminder_nobody_could_be_told_for_weeks_is_not_sent_any_more(session: Session) -> None:
    event = a_reminder()
    write(session, event)
    contact = a_contact(event.organization_id, contact_id=event.contact_id)
    operations.keep_contact(session, contact, now=NOW + timedelta(days=15))
    assert messages(session, "email") == []
    assert [one.state for one in session.scalars(operations.letters(session))] == ["too_late"]


def a_payment(of: DuesReminded, *, left: int = 0) -> DuesPaid:
    return DuesPaid(
        invoice_id=of.invoice_id,
        member_id=of.member_id,
        organization_id=of.organization_id,
        year=of.year,
        payment_id=uuid4(),
        paid_on=NOW.date(),
        amount=of.open - left,
        open=left,
        currency=of.currency,
    )


def a_credit(of: DuesReminded) -> DuesCredited:
    return DuesCredited(
        invoice_id=of.invoice_id,
        member_id=of.member_id,
        organization_id=of.organization_id,
        year=of.year,
        means="write_off",
        number="",
        amount=of.open,
        open=0,
        currency=of.currency,
    )


@pytest.mark.parametrize("settle", [a_payment, a_credit])
@pytest.mark.parametrize("days", [-14, 15])
def test_a_reminder_that_has_not_left_is_not_sent_when_its_invoice_is_settled(
    session: Session, settle: Callable[..., DuesPaid | DuesCredited], days: int
) -> None:
    queued, waiting = a_reminder(days=days), a_reminder(days=days)
    other = a_reminder(**vars(queued) | {"invoice_id": uuid4()})
    known(session, queued)
    for event in (queued, waiting, other):
        write(session, event)
    for event in (queued, waiting):
        operations.follow_invoice(session, settle(event), now=NOW)
    session.flush()
    known(session, waiting)
    states = {mail.source_id: mail.state for mail in messages(session, "email")}
    assert sorted(states.values()) == ["queued", "suppressed"]
    [sent] = [mail for mail in messages(session, "email") if mail.state == "suppressed"]
    assert [(step.step, step.detail) for step in sent.timeline][-1] == ("suppressed", "settled")
    assert {item.state for item in messages(session, "inbox")} == {"delivered"}
    assert operations.send_next_mail(session, send=lambda mail: str(mail.id), now=NOW)
    assert not operations.send_next_mail(session, send=lambda mail: str(mail.id), now=NOW)


def test_a_reminder_that_comes_after_the_payment_is_written_to_nobody(session: Session) -> None:
    event = a_reminder()
    known(session, event)
    operations.follow_invoice(session, a_payment(event), now=NOW)
    operations.follow_invoice(session, a_payment(event), now=NOW)
    write(session, event)
    assert messages(session, "email") == messages(session, "inbox") == []


def test_of_what_is_still_owed_or_owed_again_members_are_reminded(session: Session) -> None:
    partly, again = a_reminder(), a_reminder()
    for event in (partly, again):
        known(session, event)
    operations.follow_invoice(session, a_payment(partly, left=100), now=NOW)
    operations.follow_invoice(session, a_payment(again), now=NOW)
    operations.follow_invoice(session, a_payment(again, left=again.open), now=NOW)
    for event in (partly, again):
        write(session, event)
    assert [mail.state for mail in messages(session, "email")] == ["queued", "queued"]


@pytest.mark.parametrize("occasion", ["request", "reminder"])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("es", "(Brasil) {} miembro asociado"),
        ("pt", "(Brasil) {} membro associado"),
        ("en", "(Brazil) {} associate member"),
    ],
)
def test_a_member_is_asked_about_whom_until_when_and_only_its_mail_has_the_link(
    session: Session, occasion: str, language: str, said: str
) -> None:
    event = an_opinion(occasion=occasion, language=language)
    known(session, event)
    write(session, event)
    [mail], [item] = messages(session, "email"), messages(session, "inbox")
    before, after = said.split("{}")
    assert f"Mutual del Sur {before.strip()}" in mail.text
    assert after.strip() in mail.text
    assert (mail.link, LINK in mail.text) == (SECRET, True)
    assert (item.link, LINK in item.text, SECRET in item.text + mail.text) == (None, False, False)


def test_after_its_day_a_member_is_not_asked_at_all(session: Session) -> None:
    event = an_opinion(closes_on=NOW.date() - timedelta(days=1))
    known(session, event)
    write(session, event)
    assert session.scalars(select(Message)).all() == []
    assert [(one.state, one.link) for one in session.scalars(operations.letters(session))] == [("too_late", None)]


@pytest.mark.parametrize(("occasion", "language"), [("question", "es"), ("reminder", "en"), ("question", "pt")])
def test_an_applicant_is_asked_until_when_and_told_what_silence_means(
    session: Session, occasion: str, language: str
) -> None:
    write(session, a_notice(occasion=occasion, language=language))
    [item] = messages(session, "inbox")
    assert "¿Quién preside?" in item.text
    days = {"es": ("20 de mayo", "19 de junio"), "en": ("May 20", "June 19"), "pt": ("20 de maio", "19 de junho")}
    assert all(day in item.text for day in days[language])


@pytest.mark.parametrize("language", ["es", "en", "pt"])
def test_an_applicant_is_invited_with_a_link_and_asked_with_one(session: Session, language: str) -> None:
    for occasion in ("invitation", "question", "reminder"):
        event = a_notice(occasion=occasion, language=language, link=SECRET)
        known(session, event)
        write(session, event)
    assert [(mail.link, mail.text.count(LINK)) for mail in messages(session, "email")] == [(SECRET, 1)] * 3
    assert [LINK in item.text for item in messages(session, "inbox")] == [False] * 3


DECIDED = {"question": "", "due_on": None, "ends_on": None, "decided_on": date(2026, 5, 4)}


@pytest.mark.parametrize("language", ["es", "en", "pt"])
def test_a_decision_is_told_with_its_reason_and_without_what_it_has_not(session: Session, language: str) -> None:
    write(session, a_notice(**DECIDED, occasion="rejected", reason="Sin práctica cooperativa", language=language))
    write(session, a_notice(**DECIDED, occasion="approved", language=language))
    whole = {"reason": "bien", "conditions": "balances", "term_ends_on": date(2027, 3, 1)}
    write(session, a_notice(**DECIDED, **whole, occasion="approved", language=language))
    rejected, plain, limited = messages(session, "inbox")
    assert "Sin práctica cooperativa" in rejected.text
    assert len(limited.text.split("\n\n")) == len(plain.text.split("\n\n")) + 3
    assert all(word in limited.text for word in ("bien", "balances", "2027"))
    assert not any(one.text.count("$") for one in (rejected, plain, limited))
