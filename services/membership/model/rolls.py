"""Electoral rolls: who may vote on a day, as it was known when the roll was drawn, kept for good."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.base import Base
from services.membership.voting import VoteRule
from shared.contracts.membership import Category, Standing
from shared.errors import NotFound
from shared.ids import uuid7


class UnknownRoll(NotFound):
    message = "There is no electoral roll {roll_id}."


class ElectoralRoll(Base):
    """A roll with its counts. Nothing that becomes known later changes it; a second roll may say otherwise."""

    __tablename__ = "electoral_rolls"
    __table_args__ = (Index("ix_electoral_rolls_drawn_at_id", "drawn_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    held_on: Mapped[date]
    known_at: Mapped[datetime]
    purpose: Mapped[str]
    members: Mapped[int]
    voters: Mapped[int]
    drawn_at: Mapped[datetime]
    drawn_by: Mapped[str]


class RollEntry(Base):
    """A member on a roll, as it was named and stood; `rules` say what gave or took the vote."""

    __tablename__ = "electoral_roll_entries"
    __table_args__ = (Index("ix_electoral_roll_entries_roll_id_folded_name_id", "roll_id", "folded_name", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    roll_id: Mapped[UUID] = mapped_column(ForeignKey("electoral_rolls.id", ondelete="CASCADE"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    name: Mapped[str]
    folded_name: Mapped[str]
    country: Mapped[str]
    category: Mapped[Category] = mapped_column(Text)
    standing: Mapped[Standing] = mapped_column(Text)
    can_vote: Mapped[bool]
    rules: Mapped[list[VoteRule]] = mapped_column(ARRAY(Text))
