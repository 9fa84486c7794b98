"""What takes an invoice back, wholly or in part: credit notes, and write-offs somebody else approved."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.invoices import Invoice, written_number
from shared.errors import Conflict, Forbidden, NotFound, Rejected
from shared.ids import uuid7
from shared.money import Money

WriteOffState = Literal["proposed", "approved", "rejected"]


class UnknownCreditNote(NotFound):
    message = "There is no credit note {credit_note_id}."


class UnknownWriteOff(NotFound):
    message = "There is no write-off {write_off_id}."


class MoreThanInvoiced(Rejected):
    message = "Of invoice {reference} {left} is left to credit or write off."


class NeverIssued(Conflict):
    message = "The invoice is {state} and was never issued; discard it instead."


class CurrencyOfInvoice(Rejected):
    message = "Invoice {reference} is in {currency}."


class WriteOffProposed(Conflict):
    message = "A write-off of this invoice is proposed already; decide that one first."


class WriteOffDecided(Conflict):
    message = "The write-off is {state} already."


class ProposerDecides(Forbidden):
    message = "Who proposed a write-off can't decide it; somebody else must."


class CreditNote(Base):
    """A part or all of an invoice taken back, under a number of its own series. Never changed."""

    __tablename__ = "dues_credit_notes"
    __table_args__ = (
        CheckConstraint("minor > 0", name="minor"),
        UniqueConstraint("series", "number_year", "number"),
        Index("ix_dues_credit_notes_invoice_id", "invoice_id"),
        Index("ix_dues_credit_notes_issued_at_id", "issued_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("dues_invoices.id"))
    series: Mapped[str]
    number_year: Mapped[int]
    number: Mapped[int]
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    reason: Mapped[str]
    issued_on: Mapped[date]
    issued_at: Mapped[datetime]
    issued_by: Mapped[str]

    invoice: Mapped[Invoice] = relationship(lambda: Invoice, lazy="joined", innerjoin=True)

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    @property
    def reference(self) -> str:
        """The number as people write it."""
        return written_number(self.series, self.number_year, self.number)


class WriteOff(Base):
    """What nobody expects to be paid any more: proposed by one person, decided by another."""

    __tablename__ = "dues_write_offs"
    __table_args__ = (
        CheckConstraint("minor > 0", name="minor"),
        CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name="state"),
        Index("uq_dues_write_offs_proposed", "invoice_id", unique=True, postgresql_where="state = 'proposed'"),
        Index("ix_dues_write_offs_invoice_id", "invoice_id"),
        Index("ix_dues_write_offs_proposed_at_id", "proposed_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("dues_invoices.id"))
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[WriteOffState] = mapped_column(Text)
    reason: Mapped[str]
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str]
    decision: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]

    invoice: Mapped[Invoice] = relationship(lambda: Invoice, lazy="joined", innerjoin=True)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    def decide(self, state: WriteOffState, *, reason: str, now: datetime, actor: str) -> None:
        """Approve or reject it.

        Raises:
            WriteOffDecided: when somebody was faster.
            ProposerDecides: when it is one's own.
        """
        if self.state != "proposed":
            raise WriteOffDecided(state=self.state)
        if actor == self.proposed_by:
            raise ProposerDecides
        self.state, self.decision, self.decided_at, self.decided_by = state, reason, now, actor
