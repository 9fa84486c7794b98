"""Statistic rounds: when declarations are asked for, due, and taken no more."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

_MOST_YEARS = 10
"""A round may close so many years after its own; it keeps a slip of the finger out."""


class UnknownRound(NotFound):
    message = "There is no statistic round {round_id}."


class RoundExists(Conflict):
    message = "The round of {year} was opened already; change that one."


class DatesOutOfOrder(Rejected):
    message = "A round opens, then its declarations are due, then it closes: {opens_on}, {due_on}, {closes_on}."


class RoundTooLong(Rejected):
    message = "The round of {year} closes on {last} at the latest."


class RoundNotOpen(Conflict):
    message = "The round of {year} opens on {opens_on}."


class RoundClosed(Conflict):
    message = "The round of {year} closed on {closes_on}; write to the secretariat, which can still take figures."


class RoundChange(Base):
    """A line of a round's history: what was planned from then on."""

    __tablename__ = "statistic_round_changes"

    round_id: Mapped[UUID] = mapped_column(ForeignKey("statistic_rounds.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class StatisticRound(Base):
    """The yearly round. The day it closes lasts until it has ended everywhere on earth (UTC-12).

    `thresholds` say what is warned of beside the year before; they are the round's own, so that next year's don't
    change this year's.
    """

    __tablename__ = "statistic_rounds"
    __table_args__ = (CheckConstraint("opens_on <= due_on AND due_on <= closes_on", name="dates"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    year: Mapped[int] = mapped_column(unique=True)
    opens_on: Mapped[date]
    due_on: Mapped[date]
    closes_on: Mapped[date]
    thresholds: Mapped[dict[str, dict[str, int]]] = mapped_column(JSONB)
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]

    history: Mapped[list[RoundChange]] = relationship(
        lambda: RoundChange, cascade="all, delete-orphan", order_by=lambda: RoundChange.number
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @property
    def closes_at(self) -> datetime:
        """The moment from which links take nothing."""
        return datetime.combine(self.closes_on + timedelta(days=1), time(12), UTC)

    def plan(self, *, reason: str, now: datetime, actor: str, **facts: Any) -> None:
        """Take over dates and thresholds.

        Raises:
            DatesOutOfOrder, RoundTooLong
        """
        for name, value in facts.items():
            setattr(self, name, value)
        if not self.opens_on <= self.due_on <= self.closes_on:
            dates = {"opens_on": self.opens_on, "due_on": self.due_on, "closes_on": self.closes_on}
            raise DatesOutOfOrder(pointer="/closes_on", **dates)
        if self.closes_on > (last := date(self.year + _MOST_YEARS, 12, 31)):
            raise RoundTooLong(pointer="/closes_on", year=self.year, last=last)
        told = {name: value if isinstance(value, dict) else value.isoformat() for name, value in facts.items()}
        number = len(self.history) + 1
        self.history.append(RoundChange(number=number, facts=told, reason=reason, changed_at=now, changed_by=actor))

    def ensure_open(self, now: datetime) -> None:
        """Refuse what only goes while the round lasts.

        Raises:
            RoundNotOpen, RoundClosed
        """
        if now.date() < self.opens_on:
            raise RoundNotOpen(year=self.year, opens_on=self.opens_on)
        if now >= self.closes_at:
            raise RoundClosed(year=self.year, closes_on=self.closes_on)
