"""Bank statements: take in, propose what entries pay, confirm or reject."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.membership.banking.matching import Owed, Proposal, propose, squeeze
from services.membership.banking.statement import BankStatement
from services.membership.dues.instalments import open_parts
from services.membership.model import (
    BankFile,
    BankLine,
    BankProfile,
    ColumnsMissing,
    Invoice,
    Member,
    Organization,
    Payment,
    ProfileExists,
    UnknownBankLine,
    UnknownBankProfile,
    UnknownBankStatement,
)
from services.membership.model.bank import LineState
from services.membership.model.invoices import OWED, read_parts, written_number
from services.membership.names import fold, written_out
from services.membership.operations.invoicing import invoice
from services.membership.operations.payments import record_payment
from shared.errors import Rejected
from shared.ids import uuid7

_OF_BANK = ("/amount", "/received_on")
"""What the bank said of an entry, so that no field of who confirms it is at fault."""

_SHORTEST = 6
"""Names with fewer letters stand in too many texts by chance."""


def bank_profile(session: Session, *, profile_id: UUID) -> BankProfile:
    found = session.get(BankProfile, profile_id)
    if not found:
        raise UnknownBankProfile(profile_id=profile_id)
    return found


def bank_profiles() -> Select[BankProfile]:
    return select(BankProfile)


def add_bank_profile(session: Session, *, name: str, actor: str, now: datetime, **facts: Any) -> BankProfile:
    """How a bank writes its CSV files.

    Raises:
        ColumnsMissing, ProfileExists
    """
    columns = facts["columns"]
    if not {"date", "remittance"} <= columns.keys() or not ({"amount"} <= columns.keys() or _two_sided(columns)):
        raise ColumnsMissing(pointer="/columns")
    row = {"id": uuid7(), "name": name, "facts": facts, "recorded_at": now, "recorded_by": actor}
    added = insert(BankProfile).values(row).on_conflict_do_nothing(index_elements=[BankProfile.name])
    made = session.scalar(added.returning(BankProfile.id))
    if not made:
        raise ProfileExists(pointer="/name", name=name)
    return bank_profile(session, profile_id=made)


def _two_sided(columns: dict[str, str]) -> bool:
    return {"credit", "debit"} <= columns.keys()


def take_statement(session: Session, of: BankStatement, *, actor: str, now: datetime) -> tuple[BankFile, int]:
    """Keep a statement and those of its entries that are not known yet; and how many these were."""
    file = {"id": uuid7(), "account": of.account, "reference": of.reference, "entries": len(of.entries)}
    file |= {"imported_at": now, "imported_by": actor}
    session.execute(insert(BankFile).values(file).on_conflict_do_nothing())
    known = session.scalars(select(BankFile).where(BankFile.account == of.account, BankFile.reference == of.reference))
    kept = known.one()
    rows: list[dict[str, Any]] = [
        {
            "id": uuid7(),
            "version": 1,
            "statement_id": kept.id,
            "account": of.account,
            "key": one.key,
            "booked_on": one.booked_on,
            "minor": one.amount.minor,
            "currency": one.amount.currency,
            "remittance": one.remittance,
            "payer": one.payer,
            "iban": one.iban,
            "state": "open" if one.amount.minor > 0 else "outgoing",
            "rejected": [],
            "reason": "",
        }
        for one in of.entries
    ]
    if not rows:
        return kept, 0
    added = insert(BankLine).on_conflict_do_nothing(index_elements=[BankLine.account, BankLine.key])
    # In batches: one statement of PostgreSQL takes 65,535 parameters, and months of entries have more.
    return kept, len(session.scalars(added.returning(BankLine.id), rows).all())


def bank_statement(session: Session, *, statement_id: UUID) -> BankFile:
    found = session.get(BankFile, statement_id)
    if not found:
        raise UnknownBankStatement(statement_id=statement_id)
    return found


def bank_statements(*, account: str | None = None) -> Select[BankFile]:
    query = select(BankFile)
    return query if account is None else query.where(BankFile.account == account)


def bank_line(session: Session, *, entry_id: UUID) -> BankLine:
    found = session.get(BankLine, entry_id)
    if not found:
        raise UnknownBankLine(entry_id=entry_id)
    return found


def bank_line_to_change(session: Session, *, entry_id: UUID) -> BankLine:
    """The entry, locked."""
    found = session.get(BankLine, entry_id, with_for_update=True, populate_existing=True)
    if not found:
        raise UnknownBankLine(entry_id=entry_id)
    return found


def bank_lines(*, state: LineState | None = None, statement_id: UUID | None = None) -> Select[BankLine]:
    query = select(BankLine)
    if state is not None:
        query = query.where(BankLine.state == state)
    return query if statement_id is None else query.where(BankLine.statement_id == statement_id)


def proposals(session: Session, of: BankLine) -> list[Proposal]:
    """What an open entry may pay, the likeliest first, without what was rejected."""
    if of.state != "open":
        return []
    said = written_out(f"{of.payer} {of.remittance}")
    rows = session.execute(_candidates(of)).all()
    ibans = _ibans(session, [row.member_id for row in rows])
    owed = [_owed(row, ibans) for row in rows if str(row.id) not in of.rejected]
    return propose(of.entry, said, owed)


def _candidates(of: BankLine) -> Select[*tuple[Any, ...]]:
    """Open invoices something speaks for: the number first, the account it came from, or the amount."""
    numbers = [int(digits) for digits in re.findall(r"20[0-9]{2}([0-9]{6,9})(?![0-9])", squeeze(of.remittance))]
    part = Invoice.parts.contains([{"minor": of.minor}])
    same = (Invoice.currency == of.currency) & or_(Invoice.open_minor == of.minor, part)
    seen = select(Payment.member_id).join(BankLine, BankLine.payment_id == Payment.id)
    speaking = [Invoice.number.in_(numbers)]
    if of.iban:
        speaking.append(Invoice.member_id.in_(seen.where(BankLine.iban == of.iban)))
    columns = (Invoice.id, Invoice.member_id, Invoice.series, Invoice.number_year, Invoice.number, Invoice.minor)
    names = (Organization.folded_name, Organization.acronym)
    query: Select[*tuple[Any, ...]] = select(*columns, Invoice.open_minor, Invoice.parts, Invoice.currency, *names)
    query = query.join(Member, Member.id == Invoice.member_id)
    query = query.join(Organization, Organization.id == Member.organization_id)
    query = query.where(Invoice.state.in_(OWED), or_(*speaking, same))
    # Members who owe the same are many: what tells one from another must not be cut off.
    return query.order_by(*(one.desc() for one in speaking), Invoice.id).limit(500)


def _ibans(session: Session, member_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    query = select(Payment.member_id, BankLine.iban).join(BankLine, BankLine.payment_id == Payment.id)
    found: dict[UUID, set[str]] = defaultdict(set)
    for row in session.execute(query.where(Payment.member_id.in_(member_ids), BankLine.iban != "").distinct()):
        found[row.member_id].add(row.iban)
    return found


def _owed(row: Any, ibans: dict[UUID, set[str]]) -> Owed:
    names = [name for name in (written_out(row.folded_name), fold(row.acronym or "")) if len(name) >= _SHORTEST]
    return Owed(
        invoice_id=row.id,
        member_id=row.member_id,
        number=written_number(row.series, row.number_year, row.number),
        minor=row.minor,
        open_minor=row.open_minor,
        instalments={one.minor for one in open_parts(read_parts(row.parts), row.open_minor)},
        currency=row.currency,
        names=tuple(names),
        ibans=ibans.get(row.member_id, set()),
    )


def confirm_match(
    session: Session,
    confirmed: BankLine,
    *,
    member_id: UUID,
    invoice_ids: Sequence[UUID] = (),
    credited_currency: str | None = None,
    rate: Decimal | None = None,
    rate_on: date | None = None,
    rate_source: str = "",
    actor: str,
    now: datetime,
) -> BankLine:
    """The entry is a payment of the member: record it, and put it on the invoices.

    Raises:
        LineSettled, and what `record_payment` refuses.
    """
    confirmed.ensure_open()
    made = _recorded(
        session,
        reference=f"bank {confirmed.id}",
        member_id=member_id,
        received_on=confirmed.booked_on,
        amount=confirmed.amount,
        credited_currency=credited_currency,
        rate=rate,
        rate_on=rate_on,
        rate_source=rate_source,
        invoice_ids=invoice_ids,
        note=confirmed.remittance[:2000],
        actor=actor,
        now=now,
    )
    confirmed.settle("matched", reason="", actor=actor, now=now, payment_id=made.id)
    session.flush()
    return confirmed


def _recorded(session: Session, **facts: Any) -> Payment:
    try:
        made, _ = record_payment(session, **facts)
    except Rejected as refusal:
        if refusal.pointer in _OF_BANK:
            refusal.pointer = None
        raise
    return made


def reject_match(
    session: Session, rejected: BankLine, *, invoice_id: UUID, reason: str, actor: str, now: datetime
) -> BankLine:
    """The entry does not pay that invoice, so it is proposed no more; the entry stays in the list."""
    invoice(session, invoice_id=invoice_id)
    rejected.reject(invoice_id, reason=reason, actor=actor, now=now)
    session.flush()
    return rejected


def ignore_line(session: Session, ignored: BankLine, *, reason: str, actor: str, now: datetime) -> BankLine:
    """The entry is no dues: interest, a grant, a transfer of our own."""
    ignored.settle("ignored", reason=reason, actor=actor, now=now)
    session.flush()
    return ignored
