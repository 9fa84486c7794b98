"""Book postings, and read balances off their entries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from services.membership.model import Entry, Invoice, Member, Payment, Posting
from services.membership.model.ledger import Account, PostingKind
from shared.ids import uuid7


class Line(NamedTuple):
    """An entry to be."""

    account: Account
    member_id: UUID
    minor: int
    currency: str
    invoice_id: UUID | None = None
    payment_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Words:
    """Who books, when, and why."""

    reason: str
    actor: str
    now: datetime
    reference: str = ""


def book(session: Session, kind: PostingKind, lines: Sequence[Line], *, booked_on: date, words: Words) -> Posting:
    """Add a posting. Its lines balance, or the caller is wrong."""
    assert not any(_sums(lines).values()), "a posting balances in each currency"
    posting = Posting(id=uuid7(), kind=kind, booked_on=booked_on, reason=words.reason, reference=words.reference)
    posting.recorded_at, posting.recorded_by = words.now, words.actor
    for number, line in enumerate(lines, 1):
        posting.entries.append(Entry(id=uuid7(), number=number, booked_on=booked_on, **line._asdict()))
    session.add(posting)
    return posting


def _sums(lines: Sequence[Line]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.currency] += line.minor
    return sums


def total(session: Session, *conditions: ColumnElement[bool]) -> int:
    """The sum of the entries that meet the conditions, in minor units; they name one currency."""
    return int(session.scalar(select(func.coalesce(func.sum(Entry.minor), 0)).where(*conditions)) or 0)


def credit_of(session: Session, payment: Payment, *, member_id: UUID) -> int:
    """How much of a payment no invoice of the member has used."""
    of = (Entry.payment_id == payment.id, Entry.account == "on_account", Entry.member_id == member_id)
    return -total(session, *of)


def allocated(session: Session, payment: Payment, invoice: Invoice) -> int:
    """How much of a payment is on an invoice."""
    of = (Entry.payment_id == payment.id, Entry.account == "receivable", Entry.invoice_id == invoice.id)
    return -total(session, *of)


def last_booked(session: Session, *conditions: ColumnElement[bool]) -> date | None:
    """The last day on which anything of these entries was booked."""
    return session.scalar(select(func.max(Entry.booked_on)).where(*conditions))


def balances(session: Session, *, member_id: UUID, on: date | None = None) -> dict[str, tuple[int, int]]:
    """By currency: what a member owes on invoices, and what it has on account, at the end of a day or by now."""
    query = select(Entry.currency, Entry.account, func.sum(Entry.minor))
    query = query.where(Entry.member_id == member_id, Entry.account.in_(("receivable", "on_account")))
    if on:
        query = query.where(Entry.booked_on <= on)
    found: dict[str, dict[str, int]] = {}
    for currency, account, minor in session.execute(query.group_by(Entry.currency, Entry.account)):
        found.setdefault(currency, {})[account] = int(minor)
    return {
        currency: (sums.get("receivable", 0), -sums.get("on_account", 0)) for currency, sums in sorted(found.items())
    }


def postings_of(*, invoice_id: UUID | None = None, payment_id: UUID | None = None) -> Select[Posting]:
    """What happened to an invoice or a payment."""
    query = select(Posting)
    if invoice_id:
        query = query.where(Posting.id.in_(select(Entry.posting_id).where(Entry.invoice_id == invoice_id)))
    if payment_id:
        query = query.where(Posting.id.in_(select(Entry.posting_id).where(Entry.payment_id == payment_id)))
    return query


def reconcile(session: Session, *, on: date) -> list[dict[str, int | str]]:
    """Every account's balance at the end of a day by currency; `difference` is what they don't make up to, so 0."""
    query = select(Entry.currency, Entry.account, func.sum(Entry.minor)).where(Entry.booked_on <= on)
    rows: dict[str, dict[str, int]] = {}
    for currency, account, minor in session.execute(query.group_by(Entry.currency, Entry.account)):
        rows.setdefault(currency, {})[account] = int(minor)
    stored = _stored(session)
    entered = _entered(session)
    found: list[dict[str, int | str]] = []
    for currency in sorted(rows.keys() | stored.keys()):
        sums = rows.get(currency, {})
        found.append(
            {
                "currency": currency,
                "receivable": sums.get("receivable", 0),
                "on_account": -sums.get("on_account", 0),
                "income": -sums.get("income", 0),
                "bank": sums.get("bank", 0),
                "exchange": -sums.get("exchange", 0),
                "written_off": sums.get("write_off", 0),
                "difference": sum(sums.values()),
                "invoices_differ": stored.get(currency, 0) - entered.get(currency, 0),
            }
        )
    return found


def _stored(session: Session) -> dict[str, int]:
    query = select(Invoice.currency, func.sum(Invoice.open_minor)).where(Invoice.number.is_not(None))
    return {currency: int(minor) for currency, minor in session.execute(query.group_by(Invoice.currency))}


def _entered(session: Session) -> dict[str, int]:
    query = select(Entry.currency, func.sum(Entry.minor)).where(Entry.account == "receivable")
    return {currency: int(minor) for currency, minor in session.execute(query.group_by(Entry.currency))}


def lock_members(session: Session, member_ids: Sequence[UUID]) -> dict[UUID, Member]:
    """The members, locked in the order of their ids, so that nobody waits for each other."""
    query = select(Member).where(Member.id.in_(set(member_ids))).order_by(Member.id)
    rows = session.scalars(query.with_for_update(of=Member).execution_options(populate_existing=True))
    return {one.id: one for one in rows}
