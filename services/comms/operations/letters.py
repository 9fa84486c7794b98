"""Which letter is written about what membership says."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from babel import Locale
from sqlalchemy import delete
from sqlalchemy.orm import Session

from services.comms.model import Contact, SettledInvoice
from services.comms.operations.replicas import one_at_a_time, speaker
from services.comms.operations.writing import withdraw_letters, write_letter
from shared.contracts.membership import (
    ApplicantNotified,
    DuesCredited,
    DuesPaid,
    DuesReminded,
    InvoiceSent,
    MemberStandingChanged,
    OpinionRequested,
    StatisticRequested,
)
from shared.i18n import Language, gettext, language_of
from shared.money import Money

STALE = timedelta(days=14)
"""What is owed may have been paid meanwhile, so a reminder that found nobody so long is not sent any more."""

_REMINDERS = ("dues_upcoming", "dues_overdue")

OLD_NEWS = timedelta(days=30)
"""A change that was said so long ago is told nobody any more, as when everything is caught up with."""

_STANDINGS = ("standing_suspended", "standing_ended", "standing_restored")

RULES = {
    "in_arrears": "Dues have been owed beyond the time of grace.",
    "suspended_by_decision": "The federation's board decided so.",
    "resigned": "The organization resigned.",
    "terminated_by_decision": "The federation's board decided so.",
    "expelled": "The federation's board expelled it.",
    "succeeded": "The organization was merged or split into others, which take its place.",
    "lapsed": "Dues have been owed for too long.",
    "term_ended": "The time it was admitted for is over.",
}
"""Why, by the rule that membership names; where it names another there is nothing to explain."""

WAYS_OUT = {
    "in_arrears": "The suspension ends when the dues that are owed are settled.",
    "suspended_by_decision": "Write to us about what is to be done so that the suspension can be lifted.",
}

CATEGORIES = {"full": "full member", "associate": "associate member"}


def request_statistic(session: Session, request: StatisticRequested, *, request_id: UUID, now: datetime) -> None:
    """Ask the contact for a year's figures, remind it, or put a question about them."""
    write_letter(
        session,
        request,
        contact_id=request.contact_id,
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
        contact_id=reminder.contact_id,
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


def send_invoice(session: Session, sent: InvoiceSent, *, sending_id: UUID, now: datetime) -> None:
    """Send the contact its invoice, by a link to the document."""
    write_letter(
        session,
        sent,
        contact_id=sent.contact_id,
        source_id=sending_id,
        purpose="dues_invoice",
        step=sent.sending_id,
        link=sent.link,
        now=now,
        year=str(sent.year),
        number=sent.number,
        amount=Money(sent.amount, sent.currency),
        due_on=sent.due_on if sent.parts == 1 else None,
        parts=str(sent.parts) if sent.parts > 1 else "",
        last_due_on=sent.due_on,
    )


def follow_invoice(session: Session, change: DuesPaid | DuesCredited, *, now: datetime) -> None:
    """Of an invoice on which nothing is owed any more nobody is reminded, as long as that lasts."""
    one_at_a_time(session, change.organization_id)
    if change.open:
        session.execute(delete(SettledInvoice).where(SettledInvoice.id == change.invoice_id))
        return
    session.merge(SettledInvoice(id=change.invoice_id))
    withdraw_letters(session, about=change.subject, purposes=_REMINDERS, reason="settled", now=now)


def tell_standing(
    session: Session, change: MemberStandingChanged, *, change_id: UUID, version: int, at: datetime, now: datetime
) -> None:
    """Tell the member, of which it was said `at`, what its standing is now and why; late dues reminders tell of.

    What has not left of an earlier change isn't sent any more.
    """
    one_at_a_time(session, change.organization_id)
    withdraw_letters(session, about=change.subject, purposes=_STANDINGS, reason="superseded", now=now)
    if purpose := _standing(change):
        reader = speaker(session, change.organization_id)
        language = _language(change, reader)
        write_letter(
            session,
            replace(change, language=language),
            contact_id=reader.id if reader else None,
            source_id=change_id,
            purpose=purpose,
            step=version,
            until=(at + OLD_NEWS).date(),
            now=now,
            effective_on=change.effective_on,
            reason=_in_words(RULES, change.rule, language),
            way_out=_in_words(WAYS_OUT, change.rule, language),
        )


def request_opinion(session: Session, request: OpinionRequested, *, request_id: UUID, now: datetime) -> None:
    """Ask the contact what its organization says to an applicant, or remind it."""
    write_letter(
        session,
        request,
        contact_id=request.contact_id,
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
        contact_id=notice.contact_id,
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


def _standing(change: MemberStandingChanged) -> str | None:
    match change.standing:
        case "suspended":
            return "standing_suspended"
        case "resigned" | "terminated":
            return "standing_ended"
        case _:
            return None if change.previous_standing in {"current", "grace"} else "standing_restored"


def _language(change: MemberStandingChanged, reader: Contact | None) -> Language:
    """What whoever is written to reads; the organization's language where nobody is known or reads none of ours."""
    organization = language_of(change.language)
    return language_of(reader.language, organization) if reader else organization


def _in_words(sentences: Mapping[str, str], rule: str, language: Language) -> str:
    return gettext(language, sentences[rule]) if rule in sentences else ""


def _category(category: str, language: str) -> str:
    return gettext(language_of(language), CATEGORIES[category])


def _country(code: str, language: str) -> str:
    return str(Locale(language_of(language)).territories.get(code, code))
