"""What the ledger means for the standing: dues that are due, and from which day they are settled.

Facts of standing that somebody recorded by hand stay as they are; only those an invoice brought follow it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership.dues.instalments import Reduction, open_parts, settled_days
from services.membership.model import AlreadyMember, Entry, Invoice, Member, Payment, StandingFact
from services.membership.model.facts import key_of
from services.membership.operations.facts import record_dues_settled, void_fact
from services.membership.operations.standing import facts_of, policies
from services.membership.standing import Course
from shared.ids import uuid7
from shared.money import Money


def owe(
    session: Session, issued: Sequence[Invoice], members: Mapping[UUID, Member], *, actor: str, now: datetime
) -> None:
    """The instalments of invoices just issued are due on their days, which lie ahead; the members are locked.

    For thousands at once: nobody's standing of today changes by it, only the day on which the schedule looks again.
    """
    known: dict[UUID, list[StandingFact]] = defaultdict(list)
    for fact in session.scalars(select(StandingFact).where(StandingFact.member_id.in_(members))):
        known[fact.member_id].append(fact)
    versions, today = policies(session), now.date()
    for invoice in issued:
        member, facts = members[invoice.member_id], known[invoice.member_id]
        new = [one for one in _dues(invoice, actor=actor, now=now) if not _stands(one, facts)]
        for one in new:
            one.generation = max((row.generation for row in facts if row.key == one.key), default=0) + 1
        session.add_all(new)
        member.fact_count += len(new)
        course = Course([row.fact for row in (*facts, *new)], versions)
        late = any(one.effective_on < today for one in new)
        member.next_change_on = today if late else course.wakes_on(today)
    session.flush()


def _dues(invoice: Invoice, *, actor: str, now: datetime) -> Iterator[StandingFact]:
    for one in invoice.instalments:
        period = invoice.period(one)
        yield StandingFact(
            id=uuid7(),
            member_id=invoice.member_id,
            kind="dues_due",
            key=key_of("dues_due", effective_on=one.due_on, period=period, voids_id=None),
            effective_on=one.due_on,
            period=period,
            reason="",
            reference=invoice.reference,
            recorded_at=now,
            recorded_by=actor,
        )


def _stands(new: StandingFact, facts: Sequence[StandingFact]) -> bool:
    return any(row.key == new.key and not row.voided_by for row in facts)


def follow(session: Session, member: Member, invoice: Invoice, *, actor: str, now: datetime) -> None:
    """Let the standing know from which day each instalment is settled, or that it is not any more."""
    there = _facts(session, member)
    days = settled_days(invoice.instalments, reductions(session, invoice))
    for one, day in zip(invoice.instalments, days, strict=True):
        _settle(session, member, invoice, invoice.period(one), day=day, there=there, actor=actor, now=now)


def forget(session: Session, member: Member, invoice: Invoice, *, reason: str, actor: str, now: datetime) -> None:
    """An invoice taken back as a whole was never owed, so another may be issued for the same dues."""
    there = _facts(session, member)
    for one in invoice.instalments:
        for kind in ("dues_settled", "dues_due"):
            fact = there.get(f"{kind} {invoice.period(one)}")
            if fact and fact.reference == invoice.reference:
                void_fact(session, member, fact_id=fact.id, reason=reason, actor=actor, now=now)


def reductions(session: Session, invoice: Invoice) -> list[Reduction]:
    """What was paid, credited and written off of an invoice, each from the day it counts for the member.

    A payment counts from the day it was received, whenever it was put on the invoice.
    """
    query = select(Entry.payment_id, Entry.booked_on, Entry.minor, Payment.received_on)
    query = query.outerjoin(Payment, Payment.id == Entry.payment_id)
    paid: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
    found = []
    for row in session.execute(query.where(Entry.invoice_id == invoice.id)):
        if row.payment_id:
            paid[row.payment_id].append((row.received_on, -row.minor))
        elif row.minor < 0:
            found.append(Reduction(row.booked_on, -row.minor))
    return [*found, *(Reduction(parts[0][0], sum(minor for _, minor in parts)) for parts in paid.values())]


def _facts(session: Session, member: Member) -> dict[str, StandingFact]:
    return {one.key: one for one in facts_of(session, member) if not one.voided_by}


def _settle(
    session: Session,
    member: Member,
    invoice: Invoice,
    period: str,
    *,
    day: date | None,
    there: dict[str, StandingFact],
    actor: str,
    now: datetime,
) -> None:
    known = there.get(f"dues_settled {period}")
    if known and (known.reference != invoice.reference or known.effective_on == day):
        return
    # Money is booked also where the standing can't follow: a lapsed membership does not revive beside a newer one.
    with suppress(AlreadyMember), session.begin_nested():
        if known:
            reason = "The invoice is settled otherwise."
            void_fact(session, member, fact_id=known.id, reason=reason, actor=actor, now=now)
        if day and f"dues_due {period}" in there:
            words = {"reference": invoice.reference, "actor": actor}
            record_dues_settled(session, member, period=period, settled_on=day, **words, now=now)


def instalments_of(session: Session, invoice: Invoice) -> list[dict[str, Any]]:
    """Each instalment with what is open of it, and from which day on nothing is."""
    left = {one.number: one.minor for one in open_parts(invoice.instalments, invoice.open_minor)}
    days = settled_days(invoice.instalments, reductions(session, invoice))
    return [
        {
            "number": one.number,
            "due_on": one.due_on,
            "amount": Money(one.minor, invoice.currency),
            "open": Money(left.get(one.number, 0), invoice.currency),
            "settled_on": day,
        }
        for one, day in zip(invoice.instalments, days, strict=True)
    ]
