"""Payments as they came in; what became of the money is in the ledger."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.members import Member
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7
from shared.money import Money

PaymentState = Literal["received", "reversed"]

MOST = 10**15
"""Minor units of one payment, so that the sum of thousands still is one a database keeps."""


class UnknownPayment(NotFound):
    message = "There is no payment {payment_id}."


class ReceivedInFuture(Rejected):
    message = "Nothing was received yet on {received_on}."


class NotPositive(Rejected):
    message = "The amount must be more than nothing."


class TooMuch(Rejected):
    message = "The amount is more than {most}, the most a payment can count for."


class RateMissing(Rejected):
    message = "The invoices are in {currency}: give the rate, its day and its source."


class RateNotNeeded(Rejected):
    message = "The payment is in {currency} already, so it takes no rate."


class PaymentRecordedOtherwise(Conflict):
    message = "The reference {reference} stands for another payment: {amount}, received on {received_on}."


class OtherCurrency(Rejected):
    message = "The payment counts in {paid}, invoice {reference} is in {currency}."


class AmountInOtherCurrency(Rejected):
    message = "The payment counts in {currency}; give the amount in it."


class OfAnotherMember(Rejected):
    message = "Invoice {reference} is of another member; move the money there with a reason."


class MoreThanCredit(Conflict):
    message = "Only {credit} of this payment is free on the member's account."


class MoreThanOpen(Conflict):
    message = "Only {open} of invoice {reference} is open; what is more stays on account."


class MoreThanAllocated(Conflict):
    message = "Only {allocated} of this payment is on invoice {reference}."


class PaymentReversed(Conflict):
    message = "The payment was reversed already."


class PaymentRefunded(Conflict):
    message = "A part of the payment was refunded, so it cannot be reversed as a whole; refund the rest."


class MovedNowhere(Rejected):
    message = "The money would stay where it is; name another member or another invoice."


class Payment(Base):
    """Money that came in, as recorded: never edited; a mistake is moved, refunded or reversed by further postings.

    `reference` is its recorder's own and unique, so that recording again changes nothing. `rate` says how many units
    of `credited_currency` one unit of `currency` brought; `minor` and `credited_minor` are minor units of the two.
    `member_id` is who was first taken for the payer.
    """

    __tablename__ = "dues_payments"
    __table_args__ = (
        CheckConstraint("minor > 0 AND credited_minor > 0", name="positive"),
        CheckConstraint("(rate IS NULL) = (currency = credited_currency)", name="rate"),
        Index("ix_dues_payments_member_id", "member_id"),
        Index("ix_dues_payments_recorded_at_id", "recorded_at", "id"),
        Index("ix_dues_payments_received_on_id", "received_on", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    reference: Mapped[str] = mapped_column(unique=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    received_on: Mapped[date]
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    credited_minor: Mapped[int] = mapped_column(BigInteger)
    credited_currency: Mapped[str]
    rate: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    rate_on: Mapped[date | None]
    rate_source: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    state: Mapped[PaymentState] = mapped_column(Text)
    moves: Mapped[int] = mapped_column(default=0)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]

    member: Mapped[Member] = relationship(lambda: Member, lazy="joined", innerjoin=True)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @property
    def amount(self) -> Money:
        """What came in."""
        return Money(self.minor, self.currency)

    @property
    def credited(self) -> Money:
        """What it counts for."""
        return Money(self.credited_minor, self.credited_currency)

    def says_the_same(
        self, member_id: UUID, received_on: date, amount: Money, credited: Money, rate: Decimal | None
    ) -> bool:
        """Recorded twice."""
        told = (member_id, received_on, amount, credited, rate)
        return told == (self.member_id, self.received_on, self.amount, self.credited, self.rate)

    def ensure_received(self) -> None:
        """Refuse to use money that is not there any more.

        Raises:
            PaymentReversed
        """
        if self.state == "reversed":
            raise PaymentReversed
