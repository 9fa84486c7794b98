"""Credit notes and write-offs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from services.membership.model import (
    CreditNote,
    CurrencyOfInvoice,
    Entry,
    Invoice,
    MoreThanInvoiced,
    NeverIssued,
    NotPositive,
    UnknownCreditNote,
    UnknownWriteOff,
    WriteOff,
    WriteOffProposed,
)
from services.membership.model.corrections import WriteOffState
from services.membership.model.ledger import Account, PostingKind
from services.membership.operations.allocations import take_off
from services.membership.operations.ledger import Line, Words, book, lock_members
from services.membership.operations.numbering import take_numbers
from services.membership.operations.payments import payment
from services.membership.operations.settling import follow, forget
from shared.contracts.membership import CreditMeans, DuesCredited
from shared.ids import uuid7
from shared.messaging.outbox import publish
from shared.money import Money


def credit_note(session: Session, *, credit_note_id: UUID) -> CreditNote:
    found = session.get(CreditNote, credit_note_id)
    if not found:
        raise UnknownCreditNote(credit_note_id=credit_note_id)
    return found


def credit_notes(*, invoice_id: UUID | None = None, member_id: UUID | None = None) -> Select[CreditNote]:
    query = select(CreditNote)
    if invoice_id is not None:
        query = query.where(CreditNote.invoice_id == invoice_id)
    return query if member_id is None else query.where(CreditNote.invoice.has(Invoice.member_id == member_id))


def credit_invoice(
    session: Session,
    credited: Invoice,
    *,
    series: str,
    amount: Money | None = None,
    reason: str,
    actor: str,
    now: datetime,
) -> CreditNote:
    """Take a part of an invoice back, or all of it; what was paid of that part returns to the member's account.

    Raises:
        NeverIssued, CurrencyOfInvoice, NotPositive, MoreThanInvoiced
    """
    left = credited.minor - credited.credited_minor - credited.written_off_minor
    minor = _wanted(credited, amount, left)
    _free(session, credited, minor - credited.open_minor, reason=reason, actor=actor, now=now)
    number = take_numbers(session, series=series, year=now.year)
    note = CreditNote(id=uuid7(), invoice=credited, series=series, number_year=now.year, number=number, minor=minor)
    note.currency, note.reason = credited.currency, reason
    note.issued_on, note.issued_at, note.issued_by = now.date(), now, actor
    session.add(note)
    credited.credited_minor += minor
    words = Words(reason=reason, reference=note.reference, actor=actor, now=now)
    _take_back(session, credited, minor, against="income", kind="credited", words=words)
    return note


def _wanted(of: Invoice, amount: Money | None, left: int) -> int:
    if of.number is None:
        raise NeverIssued(state=of.state)
    if amount and amount.currency != of.currency:
        raise CurrencyOfInvoice(pointer="/amount/currency", reference=of.reference, currency=of.currency)
    minor = amount.minor if amount else left
    if amount and minor <= 0:
        raise NotPositive(pointer="/amount")
    if minor > left or not minor:
        raise MoreThanInvoiced(pointer="/amount", reference=of.reference, left=Money(left, of.currency))
    return minor


def _free(session: Session, of: Invoice, minor: int, *, reason: str, actor: str, now: datetime) -> None:
    """Take so much of payments off the invoice, the last one first."""
    query = select(Entry.payment_id, func.sum(Entry.minor)).where(Entry.invoice_id == of.id)
    query = query.where(Entry.payment_id.is_not(None)).group_by(Entry.payment_id).having(func.sum(Entry.minor) != 0)
    for payment_id, paid in session.execute(query.order_by(Entry.payment_id.desc())).all():
        part = min(minor, -int(paid))
        if payment_id and part > 0:
            from_ = payment(session, payment_id=payment_id)
            take_off(session, from_, invoice_id=of.id, minor=part, reason=reason, actor=actor, now=now)
            minor -= part


def _take_back(session: Session, of: Invoice, minor: int, *, against: Account, kind: PostingKind, words: Words) -> None:
    lines = [
        Line(against, of.member_id, minor, of.currency),
        Line("receivable", of.member_id, -minor, of.currency, invoice_id=of.id),
    ]
    book(session, kind, lines, booked_on=words.now.date(), words=words)
    of.settle(minor)
    session.flush()
    means: CreditMeans = "credit_note" if kind == "credited" else "write_off"
    fact = DuesCredited(
        invoice_id=of.id,
        member_id=of.member_id,
        organization_id=of.member.organization_id,
        year=of.year,
        means=means,
        number=words.reference,
        amount=minor,
        open=of.open_minor,
        currency=of.currency,
        booked_on=words.now.date(),
    )
    publish(session, fact, at=words.now)
    if of.state == "cancelled":
        forget(session, of.member, of, reason=words.reason, actor=words.actor, now=words.now)
    else:
        follow(session, of.member, of, actor=words.actor, now=words.now)


def write_off(session: Session, *, write_off_id: UUID) -> WriteOff:
    found = session.get(WriteOff, write_off_id)
    if not found:
        raise UnknownWriteOff(write_off_id=write_off_id)
    return found


def write_off_to_change(session: Session, *, write_off_id: UUID) -> WriteOff:
    """The proposal, locked after its member and its invoice."""
    known = write_off(session, write_off_id=write_off_id)
    lock_members(session, [known.invoice.member_id])
    session.get(Invoice, known.invoice_id, with_for_update={"of": Invoice}, populate_existing=True)
    found = session.get(WriteOff, write_off_id, with_for_update={"of": WriteOff}, populate_existing=True)
    assert found
    return found


def write_offs(*, state: WriteOffState | None = None, invoice_id: UUID | None = None) -> Select[WriteOff]:
    query = select(WriteOff)
    if state is not None:
        query = query.where(WriteOff.state == state)
    return query if invoice_id is None else query.where(WriteOff.invoice_id == invoice_id)


def propose_write_off(
    session: Session, of: Invoice, *, amount: Money | None = None, reason: str, actor: str, now: datetime
) -> WriteOff:
    """Ask somebody else to give an invoice up, or a part of it; nothing changes until they do.

    Raises:
        NeverIssued, CurrencyOfInvoice, NotPositive, MoreThanInvoiced, WriteOffProposed
    """
    minor = _wanted(of, amount, of.open_minor)
    if session.scalar(write_offs(state="proposed", invoice_id=of.id)):
        raise WriteOffProposed
    proposed = WriteOff(id=uuid7(), invoice=of, minor=minor, currency=of.currency, state="proposed", reason=reason)
    proposed.proposed_at, proposed.proposed_by = now, actor
    session.add(proposed)
    session.flush()
    return proposed


def decide_write_off(
    session: Session, decided: WriteOff, *, approve: bool, reason: str, actor: str, now: datetime
) -> WriteOff:
    """Approve or reject what somebody else proposed.

    Raises:
        WriteOffDecided, ProposerDecides
        MoreThanInvoiced: when less is open by now than was to be written off.
    """
    decided.decide("approved" if approve else "rejected", reason=reason, now=now, actor=actor)
    if approve:
        of = decided.invoice
        _wanted(of, decided.amount, of.open_minor)
        of.written_off_minor += decided.minor
        words = Words(reason=decided.reason, reference=of.reference, actor=actor, now=now)
        _take_back(session, of, decided.minor, against="write_off", kind="written_off", words=words)
    session.flush()
    return decided
