"""Reminders of dues: the plan, and each of its steps once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from services.membership.dues.instalments import Instalment, open_parts
from services.membership.dues.reminding import next_step_on, steps_due
from services.membership.model import Contact, Invoice, Reminder, ReminderPlan, StepsTwice
from services.membership.model.invoices import OWED
from services.membership.model.reminders import OPENING
from services.membership.operations.dues_contacts import dues_contacts, language_for
from services.membership.operations.ledger import balances, lock_members
from shared.contracts.membership import DuesReminded
from shared.ids import uuid7
from shared.messaging.outbox import publish

_LOCK = 5_120_022
"""An advisory lock; the number means nothing else."""


def reminder_plan(session: Session) -> ReminderPlan | None:
    """The version that counts; None for the opening one."""
    return session.scalar(select(ReminderPlan).order_by(ReminderPlan.version.desc()).limit(1))


def reminder_days(session: Session) -> list[int]:
    """The steps of the version that counts."""
    plan = reminder_plan(session)
    return list(plan.days if plan else OPENING)


def reminder_plans() -> Select[ReminderPlan]:
    return select(ReminderPlan)


def plan_reminders(session: Session, *, days: Sequence[int], reason: str, actor: str, now: datetime) -> ReminderPlan:
    """A new version, which counts from now on for all that is open; what was sent is not sent again.

    Raises:
        StepsTwice
    """
    twice = {day for day in days if list(days).count(day) > 1}
    if twice:
        raise StepsTwice(pointer="/days", days=", ".join(map(str, sorted(twice))))
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    last = reminder_plan(session)
    version = last.version + 1 if last else 2
    plan = ReminderPlan(version=version, days=sorted(days), reason=reason, recorded_at=now, recorded_by=actor)
    session.add(plan)
    owed = Invoice.state.in_(OWED)
    # As for all that touches a member's money: first the members, then their invoices.
    lock_members(session, session.scalars(select(Invoice.member_id).where(owed).distinct()).all())
    session.execute(
        update(Invoice)
        .where(owed)
        .values(next_reminder_on=now.date(), version=Invoice.version + 1)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    return plan


def reminders(*, invoice_id: UUID | None = None, member_id: UUID | None = None) -> Select[Reminder]:
    query = select(Reminder)
    if invoice_id is not None:
        query = query.where(Reminder.invoice_id == invoice_id)
    if member_id is not None:
        query = query.where(Reminder.invoice_id.in_(select(Invoice.id).where(Invoice.member_id == member_id)))
    return query


def remind_next(session: Session, *, now: datetime) -> Invoice | None:
    """Take the steps a day has brought for one invoice; None when there is none.

    Where several came at once, as after days of standstill, only the last is sent. Nobody is reminded of an instalment
    that the member's money on account would pay: it lies with us until somebody puts it on the invoice. An invoice
    another process has in hand is passed over.
    """
    today = now.date()
    due = select(Invoice).where(Invoice.next_reminder_on <= today).order_by(Invoice.next_reminder_on, Invoice.id)
    found = session.scalars(due.limit(1).with_for_update(of=Invoice, skip_locked=True)).first()
    if not found:
        return None
    plan, parts = reminder_days(session), open_parts(found.instalments, found.open_minor)
    contact = dues_contacts(session, [found.member.organization_id]).get(found.member.organization_id)
    _, credit = balances(session, member_id=found.member_id).get(found.currency, (0, 0))
    for part in parts:
        paid = credit >= part.minor
        credit -= part.minor if paid else 0
        _remind(session, found, part, plan, None if paid else contact, now=now)
    found.next_reminder_on = next_step_on(plan, parts, after=today)
    session.flush()
    return found


def _remind(
    session: Session, of: Invoice, part: Instalment, plan: list[int], contact: Contact | None, *, now: datetime
) -> None:
    taken = select(Reminder).where(Reminder.invoice_id == of.id, Reminder.instalment == part.number)
    before = session.scalars(taken).all()
    done = {one.days for one in before}
    assert of.issued_on
    steps = steps_due(plan, part, issued_on=of.issued_on, today=now.date(), done=done)
    for days in steps:
        sent = days == steps[-1] and contact is not None
        row = Reminder(id=uuid7(), invoice_id=of.id, instalment=part.number, days=days, due_on=part.due_on, sent=sent)
        row.contact_id, row.taken_at = contact.id if contact else None, now
        session.add(row)
    if steps and contact:
        level = sum(one.sent and one.days > 0 for one in before) + 1 if steps[-1] > 0 else 0
        publish(session, _fact(of, part, steps[-1], contact, level=level), at=now)


def _fact(of: Invoice, part: Instalment, days: int, contact: Contact, *, level: int) -> DuesReminded:
    organization = of.member.organization
    return DuesReminded(
        invoice_id=of.id,
        member_id=of.member_id,
        organization_id=organization.id,
        contact_id=contact.id,
        name=organization.name,
        language=language_for(contact, organization),
        year=of.year,
        number=of.reference,
        instalment=part.number,
        due_on=part.due_on,
        days=days,
        open=part.minor,
        currency=of.currency,
        level=level,
    )
