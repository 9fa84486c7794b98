"""Which letter is written about what membership says."""

from datetime import datetime, timedelta
from uuid import UUID

from babel import Locale
from sqlalchemy.orm import Session

from services.comms.operations.writing import write_letter
from shared.contracts.membership import ApplicantNotified, DuesReminded, OpinionRequested, StatisticRequested
from shared.i18n import gettext, language_of
from shared.money import Money

STALE = timedelta(days=14)
"""What is owed may have been paid meanwhile, so a reminder that found nobody so long is not sent any more."""

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
    """Remind the contact of an instalment, before it is due or after."""
    write_letter(
        session,
        reminder,
        source_id=reminder_id,
        purpose="dues_overdue" if reminder.days > 0 else "dues_upcoming",
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
