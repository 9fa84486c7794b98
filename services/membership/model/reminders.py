"""When members are reminded of what they owe: plans that are data, and what was sent by them."""

import tomllib
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.base import Base
from shared.errors import Rejected
from shared.ids import uuid7

OPENING: tuple[int, ...] = tuple(
    tomllib.loads((Path(__file__).parent.parent / "reminders.toml").read_text("utf-8"))["days"]
)
"""Version 1."""


class StepsTwice(Rejected):
    message = "Each day of a plan stands once, and this one twice: {days}."


class ReminderPlan(Base):
    """A version: days after an instalment was due, before where negative. The latest counts for all that is open."""

    __tablename__ = "dues_reminder_plans"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    days: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    reason: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class Reminder(Base):
    """A step of the plan taken for an instalment, once; without `contact_id` there was nobody to write to, or no need.

    One that was passed over, since a later step came at the same time, is not `sent`.
    """

    __tablename__ = "dues_reminders"
    __table_args__ = (
        UniqueConstraint("invoice_id", "instalment", "days"),
        Index("ix_dues_reminders_taken_at_id", "taken_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("dues_invoices.id"))
    instalment: Mapped[int]
    days: Mapped[int]
    due_on: Mapped[date]
    sent: Mapped[bool]
    contact_id: Mapped[UUID | None]
    taken_at: Mapped[datetime]
