"""Dues invoices: drafted by a run, issued under a number without gaps, settled by the ledger."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.dues.instalments import Instalment, open_parts
from services.membership.model.base import Base
from services.membership.model.dues import DuesAssessment
from services.membership.model.members import Member
from shared.errors import Conflict, NotFound
from shared.i18n import Language
from shared.ids import uuid7
from shared.money import Money

InvoiceState = Literal["draft", "issued", "partially_paid", "paid", "overdue", "written_off", "cancelled"]

OWED: tuple[InvoiceState, ...] = ("issued", "partially_paid", "overdue")
"""States in which something is to be paid."""


class UnknownInvoice(NotFound):
    message = "There is no dues invoice {invoice_id}."


class NotADraft(Conflict):
    message = "The invoice is {state}; only a draft can be discarded. Credit an issued one instead."


class NoDocumentYet(Conflict):
    message = "The invoice is {state} and has no number, so there is no document of it."


class NothingOwed(Conflict):
    message = "Invoice {reference} is {state}, so nothing is owed on it; leave the money on account, or refund it."


class NumberSeries(Base):
    """The last number given in a series and year. It is taken in the transaction that uses it, so none is missing."""

    __tablename__ = "dues_number_series"

    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


def written_number(series: str | None, year: int | None, number: int) -> str:
    """The number of an invoice or a credit note as people write it."""
    return f"{series}-{year}-{number:06}"


def read_parts(parts: list[dict[str, Any]]) -> tuple[Instalment, ...]:
    """The instalments as an invoice keeps them."""
    return tuple(Instalment(one["number"], date.fromisoformat(one["due_on"]), one["minor"]) for one in parts)


class Invoice(Base):
    """What a member is asked to pay for a year. From its issue on only what is owed of it changes.

    `open_minor` and `state` follow the ledger. `addressee` is to whom it was issued, as it was then.
    `next_due_on` is the day of the first instalment of which something is open; `overdue_count` how many of the first
    instalments were announced as overdue, `falls_due_on` the day of the first open one that was not;
    `next_reminder_on` when the plan wants the member reminded.
    """

    __tablename__ = "dues_invoices"
    __table_args__ = (
        CheckConstraint("(state = 'draft') <= (number IS NULL)", name="draft"),
        CheckConstraint("minor > 0 AND open_minor BETWEEN 0 AND minor", name="open"),
        UniqueConstraint("series", "number_year", "number"),
        Index(
            "uq_dues_invoices_member_id_year",
            "member_id",
            "year",
            unique=True,
            postgresql_where="state <> 'cancelled'",
        ),
        Index("ix_dues_invoices_member_id", "member_id"),
        Index("ix_dues_invoices_run_id_state_id", "run_id", "state", "id"),
        Index("ix_dues_invoices_assessment_id", "assessment_id"),
        Index("ix_dues_invoices_drafted_at_id", "drafted_at", "id"),
        Index("ix_dues_invoices_state_next_due_on_id", "state", "next_due_on", "id"),
        Index("ix_dues_invoices_falls_due_on", "falls_due_on", postgresql_where="falls_due_on IS NOT NULL"),
        Index("ix_dues_invoices_next_reminder_on", "next_reminder_on", postgresql_where="next_reminder_on IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    run_id: Mapped[UUID] = mapped_column(ForeignKey("dues_runs.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("dues_assessments.id"))
    year: Mapped[int]
    state: Mapped[InvoiceState] = mapped_column(Text)
    minor: Mapped[int] = mapped_column(BigInteger)
    open_minor: Mapped[int] = mapped_column(BigInteger)
    credited_minor: Mapped[int] = mapped_column(BigInteger)
    written_off_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    language: Mapped[Language] = mapped_column(Text)
    addressee: Mapped[dict[str, Any]] = mapped_column(JSONB)
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[str]
    series: Mapped[str | None]
    number_year: Mapped[int | None]
    number: Mapped[int | None]
    issued_on: Mapped[date | None]
    issued_at: Mapped[datetime | None]
    issued_by: Mapped[str | None]
    next_due_on: Mapped[date | None]
    falls_due_on: Mapped[date | None]
    overdue_count: Mapped[int]
    next_reminder_on: Mapped[date | None]

    member: Mapped[Member] = relationship(lambda: Member, lazy="joined", innerjoin=True)
    assessment: Mapped[DuesAssessment] = relationship(lambda: DuesAssessment)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    @property
    def open(self) -> Money:
        return Money(self.open_minor, self.currency)

    @property
    def reference(self) -> str:
        """The number as people write it; empty for a draft."""
        return "" if self.number is None else written_number(self.series, self.number_year, self.number)

    @property
    def instalments(self) -> tuple[Instalment, ...]:
        return read_parts(self.parts)

    @property
    def due_on(self) -> date:
        """When the last instalment is due."""
        return self.instalments[-1].due_on

    @property
    def is_owed(self) -> bool:
        return self.state in OWED

    def period(self, instalment: Instalment) -> str:
        """What the facts of standing call an instalment's dues."""
        return str(self.year) if len(self.parts) == 1 else f"{self.year}/{instalment.number}"

    def issue(self, *, series: str, number: int, now: datetime, actor: str) -> None:
        """It is out: under its number, and owed."""
        self.series, self.number_year, self.number = series, now.year, number
        self.issued_on, self.issued_at, self.issued_by = now.date(), now, actor
        self.state, self.next_reminder_on = "issued", now.date()
        self._look_ahead()

    def discard(self) -> None:
        """A draft nobody should get.

        Raises:
            NotADraft
        """
        if self.state != "draft":
            raise NotADraft(state=self.state)
        self.state = "cancelled"

    def ensure_printable(self) -> None:
        """Refuse to print what has no number yet.

        Raises:
            NoDocumentYet
        """
        if self.number is None:
            raise NoDocumentYet(state=self.state)

    def ensure_owed(self) -> None:
        """Refuse to put money on what asks for none.

        Raises:
            NothingOwed
        """
        if not self.is_owed:
            raise NothingOwed(reference=self.reference, state=self.state)

    def settle(self, minor: int) -> None:
        """So much less is open, or more where it is negative; the state follows."""
        self.open_minor -= minor
        if minor < 0:
            self.next_reminder_on = self.issued_on
        self.state = self._state(self._look_ahead())

    def announce_overdue(self, today: date) -> list[Instalment]:
        """The instalments that fell due before `today`, are still owed, and were not announced; they are now."""
        late = [one for one in open_parts(self.instalments, self.open_minor) if one.due_on < today]
        new = [one for one in late if one.number > self.overdue_count]
        if new:
            self.overdue_count = new[-1].number
            self.state = self._state(self._look_ahead())
        return new

    def _look_ahead(self) -> list[Instalment]:
        """What is open, after noting when it is to be looked at again."""
        left = open_parts(self.instalments, self.open_minor)
        self.next_due_on = left[0].due_on if left else None
        self.falls_due_on = next((one.due_on for one in left if one.number > self.overdue_count), None)
        if not left:
            self.next_reminder_on = None
        return left

    def _state(self, left: list[Instalment]) -> InvoiceState:
        if left:
            overdue = left[0].number <= self.overdue_count
            return "overdue" if overdue else "issued" if self.open_minor == self.minor else "partially_paid"
        if self.credited_minor == self.minor:
            return "cancelled"
        return "written_off" if self.written_off_minor else "paid"
