"""What members owe at the end of a day by how late it is, and a member's account over a period."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from services.membership.dues.ageing import NAMES, aged
from services.membership.dues.instalments import Instalment, open_parts
from services.membership.model import Entry, Invoice, Member, Organization, PeriodBackwards, Posting
from services.membership.model.ledger import PostingKind
from services.membership.operations.members import member
from shared.money import Money

_OWED = ("receivable", "on_account")


def ageing(session: Session, *, on: date, country: str | None = None) -> list[dict[str, Any]]:
    """Open instalments at the end of a day by currency, country and how late they are, in minor units."""
    sums: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys((*NAMES, "total", "invoices"), 0))
    for row in session.execute(_open_at(on, country)):
        parts = [Instalment(one["number"], date.fromisoformat(one["due_on"]), one["minor"]) for one in row.parts]
        found = sums[row.currency, row.country]
        for name, minor in aged(open_parts(parts, int(row.open)), on).items():
            found[name] += minor
        found["total"] += int(row.open)
        found["invoices"] += 1
    return [{"currency": currency, "country": where, **sums[currency, where]} for currency, where in sorted(sums)]


def _open_at(on: date, country: str | None) -> Select[*tuple[Any, ...]]:
    open_ = func.sum(Entry.minor)
    query: Select[*tuple[Any, ...]] = (
        select(Invoice.parts, Invoice.currency, Organization.country, open_.label("open"))
        .join(Entry, Entry.invoice_id == Invoice.id)
        .join(Member, Member.id == Invoice.member_id)
        .join(Organization, Organization.id == Member.organization_id)
        .where(Entry.booked_on <= on, Entry.account == "receivable")
        .group_by(Invoice.id, Organization.country)
        .having(open_ != 0)
    )
    return query if country is None else query.where(Organization.country == country)


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What a posting changed of what a member owes; `balance` after it."""

    posting_id: UUID
    on: date
    kind: PostingKind
    reference: str
    reason: str
    amount: Money
    balance: Money


@dataclass(frozen=True, kw_only=True)
class Account:
    """One currency of a member's account over a period; positive is owed by the member."""

    currency: str
    opening: Money
    movements: list[Movement]
    closing: Money


def account(session: Session, *, member_id: UUID, begins: date, ends: date) -> list[Account]:
    """A member's account from the beginning of one day to the end of another, by currency.

    What only moved between the member's own invoices and its account changes nothing it owes, and is left out.

    Raises:
        UnknownMember, PeriodBackwards
    """
    member(session, member_id=member_id)
    if ends < begins:
        raise PeriodBackwards(pointer="/ends", begins=begins, ends=ends)
    opening = _opening(session, member_id, begins)
    moved: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(_moved(member_id, begins, ends)):
        moved[row.currency].append(row)
    currencies = sorted({currency for currency, minor in opening.items() if minor} | moved.keys())
    return [_account(currency, opening.get(currency, 0), moved[currency]) for currency in currencies]


def _opening(session: Session, member_id: UUID, begins: date) -> dict[str, int]:
    query = select(Entry.currency, func.sum(Entry.minor)).where(
        Entry.member_id == member_id, Entry.account.in_(_OWED), Entry.booked_on < begins
    )
    return {currency: int(minor) for currency, minor in session.execute(query.group_by(Entry.currency))}


def _moved(member_id: UUID, begins: date, ends: date) -> Select[*tuple[Any, ...]]:
    net = func.sum(Entry.minor)
    columns = (Posting.id, Posting.kind, Posting.booked_on, Posting.reference, Posting.reason, Entry.currency)
    query: Select[*tuple[Any, ...]] = select(*columns, net.label("minor")).join(Entry, Entry.posting_id == Posting.id)
    query = query.where(Entry.member_id == member_id, Entry.account.in_(_OWED))
    query = query.where(Entry.booked_on.between(begins, ends)).group_by(Posting.id, Entry.currency).having(net != 0)
    return query.order_by(Posting.booked_on, Posting.recorded_at, Posting.id)


def _account(currency: str, opening: int, rows: list[Row[Any]]) -> Account:
    balance, movements = opening, []
    for row in rows:
        balance += int(row.minor)
        movements.append(
            Movement(
                posting_id=row.id,
                on=row.booked_on,
                kind=row.kind,
                reference=row.reference,
                reason=row.reason,
                amount=Money(int(row.minor), currency),
                balance=Money(balance, currency),
            )
        )
    return Account(
        currency=currency, opening=Money(opening, currency), movements=movements, closing=Money(balance, currency)
    )
