"""Bank statements taken in, their entries, and how banks write them."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.banking.statement import BankEntry
from services.membership.model.base import Base
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7
from shared.money import Money

LineState = Literal["open", "matched", "ignored", "outgoing"]
"""Money that went out is kept, and asks for nothing."""


class UnknownBankProfile(NotFound):
    message = "There is no bank profile {profile_id}."


class UnknownBankStatement(NotFound):
    message = "There is no bank statement {statement_id}."


class UnknownBankLine(NotFound):
    message = "There is no bank entry {entry_id}."


class ProfileExists(Conflict):
    message = "There is a bank profile {name} already."


class ProfileMissing(Rejected):
    message = "A CSV file needs the bank profile that says how to read it."


class ColumnsMissing(Rejected):
    message = "The columns must name date, remittance, and either amount or credit and debit."


class LineSettled(Conflict):
    message = "The bank entry is {state} already."


class BankProfile(Base):
    """How one bank account's CSV files are written, as in services/membership/banking/csv_statement.py."""

    __tablename__ = "bank_profiles"
    __table_args__ = (Index("ix_bank_profiles_recorded_at_id", "recorded_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(unique=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class BankFile(Base):
    """A statement under the bank's own name for it; sent again it is the same one."""

    __tablename__ = "bank_statements"
    __table_args__ = (
        UniqueConstraint("account", "reference"),
        Index("ix_bank_statements_imported_at_id", "imported_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account: Mapped[str]
    reference: Mapped[str]
    entries: Mapped[int]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]


class BankLine(Base):
    """An entry of a bank account, once, in however many statements it stands.

    `rejected` are the invoices somebody said it does not pay.
    """

    __tablename__ = "bank_entries"
    __table_args__ = (
        UniqueConstraint("account", "key"),
        Index("ix_bank_entries_state_booked_on_id", "state", "booked_on", "id"),
        Index("ix_bank_entries_statement_id", "statement_id"),
        Index("ix_bank_entries_iban", "iban", postgresql_where="iban <> ''"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("bank_statements.id"))
    account: Mapped[str]
    key: Mapped[str]
    booked_on: Mapped[date]
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    remittance: Mapped[str]
    payer: Mapped[str]
    iban: Mapped[str]
    state: Mapped[LineState] = mapped_column(Text)
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("dues_payments.id"), index=True)
    rejected: Mapped[list[str]] = mapped_column(JSONB)
    reason: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    @property
    def entry(self) -> BankEntry:
        """As the bank said it."""
        return BankEntry(
            key=self.key,
            booked_on=self.booked_on,
            amount=self.amount,
            remittance=self.remittance,
            payer=self.payer,
            iban=self.iban,
        )

    def ensure_open(self) -> None:
        """Refuse to decide twice.

        Raises:
            LineSettled
        """
        if self.state != "open":
            raise LineSettled(state=self.state)

    def settle(
        self, state: LineState, *, reason: str, actor: str, now: datetime, payment_id: UUID | None = None
    ) -> None:
        """Matched with a payment, or put aside."""
        self.ensure_open()
        self.state, self.payment_id, self.reason, self.decided_at, self.decided_by = (
            state,
            payment_id,
            reason,
            now,
            actor,
        )

    def reject(self, invoice_id: UUID, *, reason: str, actor: str, now: datetime) -> None:
        """It does not pay that invoice; it stays open for another."""
        self.ensure_open()
        self.rejected = sorted({*self.rejected, str(invoice_id)})
        self.reason, self.decided_at, self.decided_by = reason, now, actor
