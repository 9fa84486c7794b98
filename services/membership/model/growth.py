"""Growth targets: how many admissions a year is meant to bring."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.base import Base
from shared.errors import NotFound
from shared.ids import uuid7

REGION = ""
"""The country of a target that counts for the whole region."""


class UnknownTarget(NotFound):
    message = "Nobody has set a target for {year} and {country}."


class GrowthTarget(Base):
    """What a year is meant to bring, as somebody set it; the highest `number` counts, the others are its history."""

    __tablename__ = "growth_targets"
    __table_args__ = (
        CheckConstraint("country ~ '^([A-Z]{2})?$'", name="country"),
        CheckConstraint("admissions >= 0", name="admissions"),
        UniqueConstraint("year", "country", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    year: Mapped[int]
    country: Mapped[str]
    number: Mapped[int]
    admissions: Mapped[int]
    reason: Mapped[str]
    set_at: Mapped[datetime]
    set_by: Mapped[str]

    @property
    def version(self) -> int:
        """For ETag and If-Match."""
        return self.number
