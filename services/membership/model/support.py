"""Support that members ask for, and what they got."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.base import Base
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

SupportKind = Literal["advice", "training", "funding", "representation", "contacts", "other"]
SupportOutcome = Literal["given", "declined", "withdrawn"]


class UnknownSupportRequest(NotFound):
    message = "There is no request for support {request_id}."


class SupportAskedLater(Rejected):
    message = "Nobody can have asked on {asked_on}, which has not come."


class SupportSettledEarly(Rejected):
    message = "The request of {asked_on} was not settled on {settled_on}; give a day from then until today."


class SupportSettled(Conflict):
    message = "The request was settled on {settled_on}: {outcome}."


class SupportRequest(Base):
    """A member asked for support; without `outcome` it waits. One entered by mistake, or taken back, is withdrawn."""

    __tablename__ = "support_requests"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('advice', 'training', 'funding', 'representation', 'contacts', 'other')", name="kind"
        ),
        CheckConstraint("outcome IN ('given', 'declined', 'withdrawn')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (settled_on IS NULL)", name="settled"),
        Index("ix_support_requests_member_id", "member_id"),
        Index("ix_support_requests_asked_on_id", "asked_on", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    kind: Mapped[SupportKind] = mapped_column(Text)
    asked_on: Mapped[date]
    note: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    outcome: Mapped[SupportOutcome | None] = mapped_column(Text)
    settled_on: Mapped[date | None]
    settled_note: Mapped[str] = mapped_column(default="")
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    def settle(self, outcome: SupportOutcome, *, settled_on: date, note: str, now: datetime, actor: str) -> None:
        """What became of it.

        Raises:
            SupportSettled: when that was said before.
            SupportSettledEarly: when it was not asked by then, or the day has not come.
        """
        if self.outcome:
            raise SupportSettled(settled_on=self.settled_on, outcome=self.outcome)
        if not self.asked_on <= settled_on <= now.date():
            raise SupportSettledEarly(pointer="/settled_on", asked_on=self.asked_on, settled_on=settled_on)
        self.outcome, self.settled_on, self.settled_note = outcome, settled_on, note
        self.settled_at, self.settled_by = now, actor
