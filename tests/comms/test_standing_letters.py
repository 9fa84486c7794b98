"""A member is told what its standing is: why, from when on and what it can do; the latest alone, once, and in time."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.comms import operations
from services.comms.model import Letter, Message
from shared.contracts.membership import MemberAdmitted, MemberStandingChanged
from tests.members import NOW, a_contact, an_admission

ON = date(2026, 6, 1)


def a_change(of: MemberAdmitted, standing: str, before: str = "current", **facts: Any) -> MemberStandingChanged:
    state = {name: value for name, value in vars(of).items() if name not in {"admitted_on", "standing"}}
    return MemberStandingChanged(
        **state | {"standing": standing, "previous_standing": before, "effective_on": ON, "rule": ""} | facts
    )


def tell(session: Session, change: MemberStandingChanged, version: int = 2, at: datetime = NOW) -> None:
    operations.tell_standing(session, change, change_id=uuid4(), version=version, at=at, now=NOW)
    session.flush()


def messages(session: Session, channel: str = "inbox") -> list[Message]:
    return list(session.scalars(select(Message).where(Message.channel == channel).order_by(Message.id)))


@pytest.mark.parametrize(
    ("standing", "before", "rule", "language", "subject", "said"),
    [
        ("suspended", "grace", "in_arrears", "es", "está suspendida", "termina cuando se saldan"),
        ("suspended", "current", "suspended_by_decision", "pt", "está suspensa", "Assim decidiu o conselho"),
        ("suspended", "current", "", "en", "is suspended", "from June 1, 2026 on"),
        ("resigned", "current", "resigned", "es", "terminó", "La organización renunció."),
        ("terminated", "suspended", "lapsed", "pt", "terminou", "devidas há tempo demais"),
        ("terminated", "current", "succeeded", "en", "has ended", "merged or split"),
        ("current", "suspended", "good_standing", "es", "está de nuevo al día", "todos los derechos"),
        ("grace", "terminated", "dues_late", "pt", "está de novo em dia", "1 de junho de 2026"),
    ],
)
def test_the_letter_says_what_is_now_and_why(
    session: Session, *, standing: str, before: str, rule: str, language: str, subject: str, said: str
) -> None:
    tell(session, a_change(an_admission(language=language), standing, before, rule=rule))
    [item] = messages(session)
    assert (item.language, subject in item.subject) == (language, True)
    assert said in item.text
    assert "$" not in item.text
    assert "\n\n\n" not in item.text


@pytest.mark.parametrize(("before", "standing"), [("current", "grace"), ("grace", "current")])
def test_late_dues_alone_are_the_reminders_business(session: Session, before: str, standing: str) -> None:
    tell(session, a_change(an_admission(), standing, before, rule="dues_late"))
    assert messages(session) == []


def test_it_goes_to_who_speaks_for_the_organization_once(session: Session) -> None:
    member = an_admission()
    for role, email in (
        ("communications", "prensa"),
        ("presidency", "presidencia"),
        ("general_management", "gerencia"),
    ):
        contact = a_contact(member.organization_id, role=role, email=f"{email}@union.invalid")
        operations.keep_contact(session, contact, now=NOW)
    change = a_change(member, "suspended")
    for _ in range(3):
        tell(session, change)
    [mail] = messages(session, "email")
    assert (mail.address, mail.purpose) == ("gerencia@union.invalid", "standing_suspended")


@pytest.mark.parametrize(("reads", "language"), [("pt-BR", "pt"), ("fr", "es"), ("", "es")])
def test_it_is_in_the_language_its_reader_reads(session: Session, reads: str, language: str) -> None:
    member = an_admission(language="es")
    operations.keep_contact(session, a_contact(member.organization_id, language=reads), now=NOW)
    session.flush()
    tell(session, a_change(member, "suspended", rule="in_arrears"))
    assert [one.language for one in (*messages(session), *messages(session, "email"))] == [language] * 2


def test_where_nobody_is_there_yet_it_waits_for_the_first_who_is_and_goes_to_no_second(session: Session) -> None:
    member, other = an_admission(), an_admission()
    tell(session, a_change(member, "suspended"))
    [letter] = session.scalars(operations.letters(session, state="awaiting_contact"))
    assert letter.contact_id is None
    for organization_id in (other.organization_id, member.organization_id, member.organization_id):
        operations.keep_contact(session, a_contact(organization_id), now=NOW)
        session.flush()
    [mail] = messages(session, "email")
    assert (mail.organization_id, letter.state) == (member.organization_id, "addressed")


def test_what_has_not_left_of_an_earlier_change_is_not_sent_any_more(session: Session) -> None:
    member, waiting = an_admission(), an_admission()
    operations.keep_contact(session, a_contact(member.organization_id), now=NOW)
    for one in (member, waiting):
        tell(session, a_change(one, "suspended"))
        tell(session, a_change(one, "current", "suspended"), version=3)
    operations.keep_contact(session, a_contact(waiting.organization_id), now=NOW)
    session.flush()
    mails = [(mail.organization_id, mail.purpose, mail.state) for mail in messages(session, "email")]
    assert sorted(mails, key=str) == sorted(
        [
            (member.organization_id, "standing_suspended", "suppressed"),
            (member.organization_id, "standing_restored", "queued"),
            (waiting.organization_id, "standing_restored", "queued"),
        ],
        key=str,
    )
    assert len(messages(session)) == 4


def test_old_news_is_told_nobody(session: Session) -> None:
    tell(session, a_change(an_admission(), "suspended"), at=NOW - timedelta(days=31))
    assert messages(session) == []
    assert [one.state for one in session.scalars(select(Letter))] == ["too_late"]
