"""Pairs of organizations that may be one, for a person to decide."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.organizations import Organization
from services.membership.scoring import Level
from shared.errors import Conflict, NotFound
from shared.ids import uuid7

Reason = Literal["shared_identifier", "close_name", "same_acronym"]
Decision = Literal["same", "different"]
Pair = tuple[UUID, UUID]
"""Two ids, the smaller first."""


class UnknownReviewItem(NotFound):
    message = "There is no review item {item_id}."


class AlreadyDecided(Conflict):
    message = "It was decided already: {decision}."


class ReviewItem(Base):
    """Two organizations that may be one, and why it is thought so. A pair is proposed once for each reason, ever.

    It follows merges: `first_id` and `second_id` are who the two are now, `proposed_ids` who they were when it was
    proposed, kept once they differ.
    `score` (0 to 100), `level` and `signals` are what spoke for and against when it was proposed.
    """

    __tablename__ = "review_items"
    __table_args__ = (
        CheckConstraint("first_id < second_id", name="ordered"),
        CheckConstraint("reason IN ('shared_identifier', 'close_name', 'same_acronym')", name="reason"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        CheckConstraint("level IN ('certain', 'likely', 'possible', 'unlikely')", name="level"),
        CheckConstraint("decision IN ('same', 'different')", name="decision"),
        UniqueConstraint("first_id", "second_id", "reason"),
        Index("ix_review_items_second_id", "second_id"),
        Index("ix_review_items_opened_at_id", "opened_at", "id"),
        Index("ix_review_items_score_id", "score", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    first_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    second_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    proposed_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    reason: Mapped[Reason] = mapped_column(Text)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    score: Mapped[int] = mapped_column(default=0, server_default="0")
    level: Mapped[Level] = mapped_column(Text, default="possible", server_default="possible")
    signals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    opened_at: Mapped[datetime]
    decision: Mapped[Decision | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")

    first: Mapped[Organization] = relationship(
        lambda: Organization, foreign_keys=lambda: ReviewItem.first_id, lazy="joined", innerjoin=True
    )
    second: Mapped[Organization] = relationship(
        lambda: Organization, foreign_keys=lambda: ReviewItem.second_id, lazy="joined", innerjoin=True
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @property
    def proposed(self) -> Pair:
        """The two as they were when it was proposed."""
        first, second = self.proposed_ids or (self.first_id, self.second_id)
        return first, second

    def stand_between(self, pair: Pair) -> None:
        """The two are now known by these ids."""
        self.proposed_ids = list(self.proposed)
        self.first_id, self.second_id = pair

    def decide(self, decision: Decision, *, note: str, now: datetime, actor: str) -> None:
        """Record what a person decided of the pair.

        Raises:
            AlreadyDecided: when somebody decided before.
        """
        if self.decision:
            raise AlreadyDecided(decision=self.decision)
        self.decision, self.note, self.decided_at, self.decided_by = decision, note, now, actor
