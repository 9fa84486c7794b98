"""Money of a payment between a member's account and invoices; each move is a posting of its own."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.orm import Session

from services.membership.model import (
    AmountInOtherCurrency,
    Entry,
    Invoice,
    Member,
    MoreThanAllocated,
    MoreThanCredit,
    MoreThanOpen,
    MovedNowhere,
    NotPositive,
    OfAnotherMember,
    OtherCurrency,
    Payment,
)
from services.membership.model.ledger import PostingKind
from services.membership.operations.invoicing import invoice_to_change
from services.membership.operations.ledger import Line, Words, allocated, book, credit_of, last_booked
from services.membership.operations.members import member
from services.membership.operations.settling import follow
from shared.contracts.membership import DuesPaid
from shared.messaging.outbox import publish
from shared.money import Money


def put_on(
    session: Session,
    payment: Payment,
    *,
    invoice_id: UUID,
    minor: int | None = None,
    most: bool = False,
    reason: str,
    actor: str,
    now: datetime,
) -> Invoice:
    """Put money from the account of the invoice's member on the invoice; all that fits where no amount is given.

    `most` takes nothing where there is nothing to take, as for a list of invoices one after the other.

    Raises:
        PaymentReversed, OtherCurrency, OfAnotherMember, NothingOwed, MoreThanCredit, MoreThanOpen, NotPositive
    """
    payment.ensure_received()
    onto = invoice_to_change(session, invoice_id=invoice_id)
    credit = credit_of(session, payment, member_id=onto.member_id)
    if not credit and most and payment.member_id == onto.member_id:
        return onto
    _ensure_fits(payment, onto, credit, minor)
    wanted = min(credit, onto.open_minor) if minor is None else minor
    booked_on = _day(session, payment, onto)
    words = Words(reason=reason, actor=actor, now=now)
    lines = [
        Line("on_account", onto.member_id, wanted, onto.currency, payment_id=payment.id),
        Line("receivable", onto.member_id, -wanted, onto.currency, invoice_id=onto.id, payment_id=payment.id),
    ]
    _book(session, "allocated", payment, lines, words=words, on=booked_on)
    _apply(session, payment, onto, wanted, booked_on=booked_on, actor=actor, now=now)
    return onto


def take_off(
    session: Session,
    payment: Payment,
    *,
    invoice_id: UUID,
    minor: int | None = None,
    reason: str,
    actor: str,
    now: datetime,
) -> Invoice:
    """Take money off an invoice, back to its member's account; all of the payment where no amount is given.

    Raises:
        MoreThanAllocated, NotPositive
    """
    off = invoice_to_change(session, invoice_id=invoice_id)
    wanted = _ensure_on(session, payment, off, minor)
    words = Words(reason=reason, actor=actor, now=now)
    lines = [
        Line("receivable", off.member_id, wanted, off.currency, invoice_id=off.id, payment_id=payment.id),
        Line("on_account", off.member_id, -wanted, off.currency, payment_id=payment.id),
    ]
    _book(session, "moved", payment, lines, words=words, on=now.date())
    _apply(session, payment, off, -wanted, booked_on=now.date(), actor=actor, now=now)
    return off


def move(
    session: Session,
    payment: Payment,
    *,
    from_member_id: UUID,
    from_invoice_id: UUID | None = None,
    to_member_id: UUID,
    to_invoice_id: UUID | None = None,
    amount: Money | None = None,
    reason: str,
    actor: str,
    now: datetime,
) -> Payment:
    """Money that went to the wrong invoice or member goes to the right one; without an amount all that is there.

    Raises:
        MovedNowhere, OfAnotherMember, OtherCurrency, MoreThanAllocated, MoreThanCredit, MoreThanOpen, NothingOwed
    """
    payment.ensure_received()
    if (from_member_id, from_invoice_id) == (to_member_id, to_invoice_id):
        raise MovedNowhere(pointer="/to_member_id")
    if amount and amount.currency != payment.credited_currency:
        raise AmountInOtherCurrency(pointer="/amount/currency", currency=payment.credited_currency)
    minor = amount.minor if amount else None
    words: dict[str, Any] = {"reason": reason, "actor": actor}
    if from_invoice_id:
        off = invoice_to_change(session, invoice_id=from_invoice_id)
        if off.member_id != from_member_id:
            raise OfAnotherMember(pointer="/from_invoice_id", reference=off.reference)
        minor = _ensure_on(session, payment, off, minor)
        take_off(session, payment, invoice_id=off.id, minor=minor, **words, now=now)
    if from_member_id != to_member_id:
        minor = _hand_over(session, payment, (from_member_id, to_member_id), minor, Words(**words, now=now))
    if to_invoice_id:
        onto = invoice_to_change(session, invoice_id=to_invoice_id)
        if onto.member_id != to_member_id:
            raise OfAnotherMember(pointer="/to_invoice_id", reference=onto.reference)
        ensure_currency(payment.credited_currency, onto, "/to_invoice_id")
        put_on(session, payment, invoice_id=to_invoice_id, minor=minor, **words, now=now)
    return payment


def _hand_over(session: Session, payment: Payment, between: tuple[UUID, UUID], minor: int | None, words: Words) -> int:
    source, target = between
    member(session, member_id=target)
    credit = credit_of(session, payment, member_id=source)
    wanted = credit if minor is None else minor
    _ensure_amount(wanted)
    if wanted > credit:
        raise MoreThanCredit(pointer="/amount", credit=Money(credit, payment.credited_currency))
    lines = [
        Line("on_account", source, wanted, payment.credited_currency, payment_id=payment.id),
        Line("on_account", target, -wanted, payment.credited_currency, payment_id=payment.id),
    ]
    _book(session, "moved", payment, lines, words=words, on=words.now.date())
    return wanted


def ensure_currency(paid: str, onto: Invoice, pointer: str) -> None:
    """Refuse to put money on an invoice in another currency than it counts in.

    Raises:
        OtherCurrency
    """
    if paid != onto.currency:
        raise OtherCurrency(pointer=pointer, paid=paid, reference=onto.reference, currency=onto.currency)


def _ensure_fits(payment: Payment, onto: Invoice, credit: int, minor: int | None) -> None:
    ensure_currency(payment.credited_currency, onto, "/invoice_id")
    if not credit and payment.member_id != onto.member_id:
        raise OfAnotherMember(pointer="/invoice_id", reference=onto.reference)
    onto.ensure_owed()
    if minor is not None:
        _ensure_amount(minor)
    if not credit or (minor is not None and minor > credit):
        raise MoreThanCredit(pointer="/amount", credit=Money(credit, onto.currency))
    if minor is not None and minor > onto.open_minor:
        raise MoreThanOpen(pointer="/amount", open=onto.open, reference=onto.reference)


def _ensure_on(session: Session, payment: Payment, off: Invoice, minor: int | None) -> int:
    there = allocated(session, payment, off)
    wanted = there if minor is None else minor
    if wanted > there or not there:
        raise MoreThanAllocated(pointer="/amount", allocated=Money(there, off.currency), reference=off.reference)
    _ensure_amount(wanted)
    return wanted


def _ensure_amount(minor: int) -> None:
    if minor <= 0:
        raise NotPositive(pointer="/amount")


def _day(session: Session, payment: Payment, onto: Invoice) -> date:
    """From when it counts: not before the money came, the invoice went out, or anything else happened to either."""
    of = or_(Entry.payment_id == payment.id, Entry.invoice_id == onto.id)
    assert onto.issued_on
    return max(payment.received_on, onto.issued_on, last_booked(session, of) or date.min)


def _book(session: Session, kind: PostingKind, payment: Payment, lines: list[Line], *, words: Words, on: date) -> None:
    book(session, kind, lines, booked_on=on, words=words)
    payment.moves += 1
    session.flush()


def _apply(
    session: Session, payment: Payment, to: Invoice, minor: int, *, booked_on: date, actor: str, now: datetime
) -> None:
    to.settle(minor)
    session.flush()
    fact = DuesPaid(
        invoice_id=to.id,
        member_id=to.member_id,
        organization_id=to.member.organization_id,
        year=to.year,
        payment_id=payment.id,
        paid_on=payment.received_on,
        amount=minor,
        open=to.open_minor,
        currency=to.currency,
        booked_on=booked_on,
    )
    publish(session, fact, at=now)
    owner: Member = to.member
    follow(session, owner, to, actor=actor, now=now)
