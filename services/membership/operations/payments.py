"""Payments: record, put on invoices, move, refund, reverse. The ledger keeps each step; nothing is edited."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.membership.exchange import convert
from services.membership.model import (
    AmountInOtherCurrency,
    Entry,
    Invoice,
    Member,
    MoreThanCredit,
    NotPositive,
    OfAnotherMember,
    Organization,
    Payment,
    PaymentRecordedOtherwise,
    PaymentRefunded,
    RateMissing,
    RateNotNeeded,
    ReceivedInFuture,
    TooMuch,
    UnknownPayment,
)
from services.membership.model.payments import MOST, PaymentState
from services.membership.operations.allocations import ensure_currency, put_on, take_off
from services.membership.operations.invoicing import invoice
from services.membership.operations.ledger import Line, Words, book, credit_of, lock_members
from services.membership.operations.members import member
from shared.ids import uuid7
from shared.money import Money, NotMoney


def payment(session: Session, *, payment_id: UUID) -> Payment:
    found = session.get(Payment, payment_id)
    if not found:
        raise UnknownPayment(payment_id=payment_id)
    return found


def payment_to_change(session: Session, *, payment_id: UUID, member_ids: Sequence[UUID] = ()) -> Payment:
    """The payment, locked after all members its money concerns and may concern."""
    payment(session, payment_id=payment_id)
    concerned = session.scalars(select(Entry.member_id).where(Entry.payment_id == payment_id).distinct())
    lock_members(session, [*concerned, *member_ids])
    found = session.get(Payment, payment_id, with_for_update={"of": Payment}, populate_existing=True)
    assert found
    return found


def payments(
    *,
    member_id: UUID | None = None,
    country: str | None = None,
    state: PaymentState | None = None,
    reference: str | None = None,
    received_from: date | None = None,
    received_to: date | None = None,
    with_credit: bool | None = None,
) -> Select[Payment]:
    query = select(Payment)
    if member_id is not None:
        concerns = exists().where(Entry.payment_id == Payment.id, Entry.member_id == member_id)
        query = query.where(concerns)
    if country is not None:
        query = query.where(Payment.member.has(Member.organization.has(Organization.country == country)))
    if state is not None:
        query = query.where(Payment.state == state)
    if reference is not None:
        query = query.where(Payment.reference == reference)
    if received_from is not None:
        query = query.where(Payment.received_on >= received_from)
    if received_to is not None:
        query = query.where(Payment.received_on <= received_to)
    if with_credit is not None:
        left = select(func.sum(Entry.minor)).where(Entry.payment_id == Payment.id, Entry.account == "on_account")
        free = func.coalesce(left.correlate(Payment).scalar_subquery(), 0) < 0
        query = query.where(free if with_credit else ~free)
    return query


def record_payment(
    session: Session,
    *,
    reference: str,
    member_id: UUID,
    received_on: date,
    amount: Money,
    credited_currency: str | None = None,
    rate: Decimal | None = None,
    rate_on: date | None = None,
    rate_source: str = "",
    invoice_ids: Sequence[UUID] = (),
    note: str = "",
    actor: str,
    now: datetime,
) -> tuple[Payment, bool]:
    """Money came in for a member; it goes on the invoices in their order, and what is left stays on account.

    Recorded again under the same reference it is found again, and the second answer is True.

    Raises:
        PaymentRecordedOtherwise: when the reference stands for another payment.
        ReceivedInFuture, NotPositive, TooMuch, RateMissing, RateNotNeeded, OtherCurrency, OfAnotherMember, NothingOwed
    """
    member(session, member_id=member_id)
    _ensure_own(session, member_id, credited_currency or amount.currency, invoice_ids)
    lock_members(session, [member_id])
    counted = _counted(amount, credited_currency, rate, rate_on, rate_source)
    if received_on > now.date():
        raise ReceivedInFuture(pointer="/received_on", received_on=received_on)
    facts = {"member_id": member_id, "received_on": received_on, "rate": rate, "rate_on": rate_on}
    facts |= {"rate_source": rate_source, "note": note, "recorded_at": now, "recorded_by": actor}
    made = _insert(session, reference, amount, counted, facts)
    known = session.scalars(select(Payment).where(Payment.reference == reference)).one()
    if not made:
        if not known.says_the_same(member_id, received_on, amount, counted, rate):
            told = {"amount": known.amount, "received_on": known.received_on}
            raise PaymentRecordedOtherwise(pointer="/reference", reference=reference, **told)
        return known, True
    _book(session, known, Words(reason=note, reference=reference, actor=actor, now=now))
    for invoice_id in invoice_ids:
        put_on(session, known, invoice_id=invoice_id, most=True, reason="", actor=actor, now=now)
    return known, False


def _ensure_own(session: Session, member_id: UUID, currency: str, invoice_ids: Sequence[UUID]) -> None:
    """An invoice keeps its member and its currency, so this can be asked before anything is locked."""
    for number, invoice_id in enumerate(invoice_ids):
        onto = invoice(session, invoice_id=invoice_id)
        if onto.member_id != member_id:
            raise OfAnotherMember(pointer=f"/invoice_ids/{number}", reference=onto.reference)
        ensure_currency(currency, onto, f"/invoice_ids/{number}")


def _counted(
    amount: Money, currency: str | None, rate: Decimal | None, rate_on: date | None, rate_source: str
) -> Money:
    wanted = currency or amount.currency
    _ensure_counts(amount, "/amount")
    if wanted == amount.currency:
        if rate is not None or rate_on or rate_source:
            raise RateNotNeeded(pointer="/rate", currency=wanted)
        return amount
    if rate is None or rate_on is None or not rate_source:
        raise RateMissing(pointer="/rate", currency=wanted)
    try:
        counted = convert(amount, rate, wanted)
    except NotMoney as error:
        raise TooMuch(pointer="/rate", most=Money(MOST, wanted)) from error
    _ensure_counts(counted, "/rate")
    return counted


def _ensure_counts(amount: Money, pointer: str) -> None:
    if amount.minor <= 0:
        raise NotPositive(pointer=pointer)
    if amount.minor > MOST:
        raise TooMuch(pointer=pointer, most=Money(MOST, amount.currency))


def _insert(session: Session, reference: str, amount: Money, counted: Money, facts: dict[str, Any]) -> bool:
    """Whether this is the first to use the reference."""
    row = {"id": uuid7(), "version": 1, "reference": reference, "state": "received", "moves": 0, **facts}
    row |= {"minor": amount.minor, "currency": amount.currency}
    row |= {"credited_minor": counted.minor, "credited_currency": counted.currency}
    statement = insert(Payment).values(row).on_conflict_do_nothing(index_elements=[Payment.reference])
    return session.scalar(statement.returning(Payment.id)) is not None


def _book(session: Session, of: Payment, words: Words) -> None:
    book(session, "paid", _lines(of, 1), booked_on=of.received_on, words=words)
    session.flush()


def _lines(of: Payment, sign: int) -> list[Line]:
    """Money comes into the bank and on account; another currency passes through exchange, which keeps what it gave."""
    member_id, paid, counted = of.member_id, of.amount, of.credited
    lines = [Line("bank", member_id, sign * paid.minor, paid.currency, payment_id=of.id)]
    if of.rate is not None:
        lines += [
            Line("exchange", member_id, -sign * paid.minor, paid.currency, payment_id=of.id),
            Line("exchange", member_id, sign * counted.minor, counted.currency, payment_id=of.id),
        ]
    return [*lines, Line("on_account", member_id, -sign * counted.minor, counted.currency, payment_id=of.id)]


def refund_payment(
    session: Session,
    refunded: Payment,
    *,
    member_id: UUID,
    amount: Money,
    reason: str,
    reference: str,
    actor: str,
    now: datetime,
) -> Payment:
    """Send back what a member has free of a payment, in the currency it counts in.

    Raises:
        PaymentReversed, AmountInOtherCurrency, NotPositive, MoreThanCredit
    """
    refunded.ensure_received()
    _ensure_credit(session, refunded, member_id, amount)
    lines = [
        Line("on_account", member_id, amount.minor, amount.currency, payment_id=refunded.id),
        Line("bank", member_id, -amount.minor, amount.currency, payment_id=refunded.id),
    ]
    words = Words(reason=reason, reference=reference, actor=actor, now=now)
    book(session, "refunded", lines, booked_on=now.date(), words=words)
    refunded.moves += 1
    session.flush()
    return refunded


def _ensure_credit(session: Session, of: Payment, member_id: UUID, amount: Money) -> None:
    if amount.currency != of.credited_currency:
        raise AmountInOtherCurrency(pointer="/amount/currency", currency=of.credited_currency)
    if amount.minor <= 0:
        raise NotPositive(pointer="/amount")
    credit = credit_of(session, of, member_id=member_id)
    if amount.minor > credit:
        raise MoreThanCredit(pointer="/amount", credit=Money(credit, of.credited_currency))


def reverse_payment(
    session: Session, reversed_: Payment, *, reason: str, reference: str = "", actor: str, now: datetime
) -> Payment:
    """It never came, or was recorded twice: take it off every invoice, and out of the bank.

    Raises:
        PaymentReversed, PaymentRefunded
    """
    reversed_.ensure_received()
    if session.scalar(select(exists().where(_refunds(reversed_)))):
        raise PaymentRefunded
    for invoice_id in _on_invoices(session, reversed_):
        take_off(session, reversed_, invoice_id=invoice_id, reason=reason, actor=actor, now=now)
    lines = _lines(reversed_, -1)[:-1]
    credits_ = select(Entry.member_id, func.sum(Entry.minor)).where(
        Entry.payment_id == reversed_.id, Entry.account == "on_account"
    )
    for member_id, minor in session.execute(credits_.group_by(Entry.member_id).order_by(Entry.member_id)):
        if minor:
            lines.append(
                Line("on_account", member_id, -int(minor), reversed_.credited_currency, payment_id=reversed_.id)
            )
    words = Words(reason=reason, reference=reference, actor=actor, now=now)
    book(session, "reversed", lines, booked_on=now.date(), words=words)
    reversed_.state = "reversed"
    reversed_.moves += 1
    session.flush()
    return reversed_


def _refunds(of: Payment) -> Any:
    return (Entry.payment_id == of.id) & (Entry.account == "bank") & (Entry.minor < 0)


def _on_invoices(session: Session, of: Payment) -> list[UUID]:
    on = select(Entry.invoice_id).where(Entry.payment_id == of.id, Entry.account == "receivable")
    rows = session.scalars(on.group_by(Entry.invoice_id).having(func.sum(Entry.minor) != 0).order_by(Entry.invoice_id))
    return [one for one in rows if one]


def uses_of(session: Session, *, payment_id: UUID) -> list[dict[str, Any]]:
    """Where a payment's money is: on which invoices, and on whose account."""
    query = select(Entry.member_id, Entry.invoice_id, func.sum(Entry.minor).label("minor"), Entry.currency)
    query = query.where(Entry.payment_id == payment_id, Entry.account.in_(("receivable", "on_account")))
    query = query.group_by(Entry.member_id, Entry.invoice_id, Entry.currency).having(func.sum(Entry.minor) != 0)
    rows = session.execute(query.order_by(Entry.invoice_id, Entry.member_id)).mappings().all()
    wanted = [row["invoice_id"] for row in rows if row["invoice_id"]]
    known = {one.id: one for one in session.scalars(select(Invoice).where(Invoice.id.in_(wanted)))}
    return [
        {
            "member_id": row["member_id"],
            "invoice": known.get(row["invoice_id"]) if row["invoice_id"] else None,
            "amount": Money(-int(row["minor"]), row["currency"]),
        }
        for row in rows
    ]
