"""Which letter is written about what membership says."""

from datetime import datetime, timedelta
from uuid import UUID

from babel import Locale
from sqlalchemy import delete
from sqlalchemy.orm import Session

from services.comms.model import SettledInvoice
from services.comms.operations.replicas import one_at_a_time
from services.comms.operations.writing import withdraw_letters, write_letter
from shared.contracts.membership import (
    ApplicantNotified,
    DuesCredited,
    DuesPaid,
    DuesReminded,
    OpinionRequested,
    StatisticRequested,
)
from shared.i18n import gettext, language_of
from shared.money import Money

STALE = timedelta(days=14)
"""What is owed may have been paid meanwhile, so a reminder that found nobody so long is not sent any more."""

_REMINDERS = ("dues_upcoming", "dues_overdue")

CATEGORIES = {"full": "full member", "associate": "associate member"}


def request_statistic(session: Session, request: StatisticRequested, *, request_id: UUID, now: datetime) -> None:
    """Ask the contact for a year's figures, remind it, or put a question about them."""
    write_letter(
        session,
        request,
        source_id=request_id,
        purpose=f"statistic_{request.occasion}",
        step=request.step,
        link=request.link,
        until=request.closes_on,
        now=now,
        year=str(request.year),
        due_on=request.due_on,
        closes_on=request.closes_on,
        question=request.question,
    )


def remind_of_dues(session: Session, reminder: DuesReminded, *, reminder_id: UUID, now: datetime) -> None:
    """Remind the contact of an instalment, before it is due or after, unless the invoice was settled meanwhile."""
    one_at_a_time(session, reminder.organization_id)
    if session.get(SettledInvoice, reminder.invoice_id):
        return
    write_letter(
        session,
        reminder,
        source_id=reminder_id,
        purpose=_REMINDERS[reminder.days > 0],
        step=f"{reminder.instalment}/{reminder.days}",
        until=now.date() + STALE,
        now=now,
        year=str(reminder.year),
        number=reminder.number,
        instalment=str(reminder.instalment),
        amount=Money(reminder.open, reminder.currency),
        due_on=reminder.due_on,
        days=str(reminder.days),
        level=str(reminder.level),
    )


def follow_invoice(session: Session, change: DuesPaid | DuesCredited, *, now: datetime) -> None:
    """Of an invoice on which nothing is owed any more nobody is reminded, as long as that lasts."""
    one_at_a_time(session, change.organization_id)
    if change.open:
        session.execute(delete(SettledInvoice).where(SettledInvoice.id == change.invoice_id))
        return
    session.merge(SettledInvoice(id=change.invoice_id))
    withdraw_letters(session, about=change.subject, purposes=_REMINDERS, reason="settled", now=now)


def request_opinion(session: Session, request: OpinionRequested, *, request_id: UUID, now: datetime) -> None:
    """Ask the contact what its organization says to an applicant, or remind it."""
    write_letter(
        session,
        request,
        source_id=request_id,
        purpose=f"consultation_{request.occasion}",
        link=request.link,
        until=request.closes_on,
        now=now,
        applicant=request.applicant,
        country=_country(request.country, request.language),
        category=_category(request.category, request.language),
        closes_on=request.closes_on,
    )


def notify_applicant(session: Session, notice: ApplicantNotified, *, notice_id: UUID, now: datetime) -> None:
    """Ask the applicant's contact, remind it, or tell it what was decided."""
    write_letter(
        session,
        notice,
        source_id=notice_id,
        purpose=f"application_{notice.occasion}",
        step=notice.step,
        link=notice.link,
        until=notice.ends_on,
        now=now,
        category=_category(notice.category, notice.language),
        question=notice.question,
        due_on=notice.due_on,
        ends_on=notice.ends_on,
        decided_on=notice.decided_on,
        reason=notice.reason,
        conditions=notice.conditions,
        term_ends_on=notice.term_ends_on,
    )


def _category(category: str, language: str) -> str:
    return gettext(language_of(language), CATEGORIES[category])


def _country(code: str, language: str) -> str:
    return str(Locale(language_of(language)).territories.get(code, code))
