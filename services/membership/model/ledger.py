"""The dues ledger: postings whose entries balance, only ever added."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from shared.errors import Rejected
from shared.ids import uuid7
from shared.money import Money

Account = Literal["receivable", "on_account", "income", "bank", "exchange", "write_off"]
"""`receivable` is what is owed on an invoice, `on_account` what a member paid and no invoice has used yet."""

PostingKind = Literal["invoiced", "credited", "written_off", "paid", "allocated", "moved", "refunded", "reversed"]


class PeriodBackwards(Rejected):
    message = "The period ends on {ends}, before it begins on {begins}."


class Posting(Base):
    """One thing that happened to money: its entries add up to nothing in each currency.

    It counts from `booked_on`; `reference` is the document or minutes behind it.
    """

    __tablename__ = "dues_postings"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[PostingKind] = mapped_column(Text)
    booked_on: Mapped[date]
    reason: Mapped[str]
    reference: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]

    entries: Mapped[list["Entry"]] = relationship(
        lambda: Entry, order_by=lambda: Entry.number, back_populates="posting", lazy="selectin"
    )


class Entry(Base):
    """A line of a posting. Positive minor units are a debit: a receivable grows, money comes into the bank.

    Every line bears the member it concerns, so that what a member owes on a day is a sum. Never changed or deleted.
    """

    __tablename__ = "dues_entries"
    __table_args__ = (
        CheckConstraint("minor <> 0", name="minor"),
        CheckConstraint("(account = 'receivable') = (invoice_id IS NOT NULL)", name="invoice"),
        CheckConstraint("account <> 'on_account' OR payment_id IS NOT NULL", name="payment"),
        Index("ix_dues_entries_posting_id_number", "posting_id", "number"),
        Index("ix_dues_entries_member_id_booked_on", "member_id", "booked_on"),
        Index("ix_dues_entries_invoice_id", "invoice_id", postgresql_where="invoice_id IS NOT NULL"),
        Index("ix_dues_entries_payment_id", "payment_id", postgresql_where="payment_id IS NOT NULL"),
        Index("ix_dues_entries_account_booked_on", "account", "booked_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    posting_id: Mapped[UUID] = mapped_column(ForeignKey("dues_postings.id"))
    number: Mapped[int]
    account: Mapped[Account] = mapped_column(Text)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("dues_invoices.id"))
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("dues_payments.id"))
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    booked_on: Mapped[date]

    posting: Mapped[Posting] = relationship(lambda: Posting, back_populates="entries")

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)
