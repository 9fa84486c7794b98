"""Merges: two organizations that were one, joined under the survivor's id, and how to part them again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.base import Base
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7


class UnknownMerge(NotFound):
    message = "There is no merge {merge_id}."


class AlreadyMerged(Conflict):
    message = "{name} was merged into {survivor_id} already."
    shown = ("survivor_id",)


class AlreadyUnmerged(Conflict):
    message = "The two were parted again already."


class MergedWithItself(Rejected):
    message = "An organization can't be merged with itself; name the other one."


class TwoMemberships(Conflict):
    message = "Both {survivor} and {loser} are members; end one membership (resigned or terminated) first, then merge."


class OpenProspectInTheWay(Conflict):
    message = "{name} has an open prospect, and the other is a member or being won too; close it first, then merge."


class OpenApplicationInTheWay(Conflict):
    message = "{name} has an open application, and the other is a member or applies too; end it first, then merge."


class AffiliatedWithEachOther(Conflict):
    message = "One of the two is affiliated with the other; remove that affiliation first, if they really are one."


class BothHave(Conflict):
    message = (
        "Both have entries in {table} that can't stand side by side; close or remove one of them first, then merge."
    )


class DecidedDifferent(Conflict):
    message = "Somebody decided that the two are different: {note}"


class WrongReviewItem(Rejected):
    message = "The review item {item_id} is about another pair."


class ChoiceOfOne(Rejected):
    message = "The field {field} has one value; take it from the survivor or from the loser, not from both."


class SurvivorMerged(Conflict):
    message = "The survivor was itself merged into another organization: {survivor_id}. Part those two first."
    shown = ("survivor_id",)


class Merge(Base):
    """One merge, and what is needed to undo it.

    `choices` says by field from which side the value came and by which rule; `taken` has [before, after] of the
    survivor's fields that changed, `added` the identifiers that came over, and `moved` the ids of the rows that point
    at the survivor since, by table and column. `snapshot` has both organizations as they were.
    """

    __tablename__ = "organization_merges"
    __table_args__ = (
        Index("uq_organization_merges_active", "loser_id", unique=True, postgresql_where="undone_at IS NULL"),
        Index("ix_organization_merges_survivor_id", "survivor_id"),
        Index("ix_organization_merges_loser_id", "loser_id"),
        Index("ix_organization_merges_merged_at_id", "merged_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    survivor_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    loser_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    review_item_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_items.id"))
    merged_at: Mapped[datetime]
    merged_by: Mapped[str]
    reason: Mapped[str]
    choices: Mapped[dict[str, dict[str, str]]] = mapped_column(JSONB)
    taken: Mapped[dict[str, list[Any]]] = mapped_column(JSONB)
    added: Mapped[list[list[str]]] = mapped_column(JSONB)
    moved: Mapped[dict[str, list[str]]] = mapped_column(JSONB)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
    undo_reason: Mapped[str] = mapped_column(default="", server_default="")
    kept: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    def ensure_active(self) -> None:
        """Refuse to undo it twice.

        Raises:
            AlreadyUnmerged: when the two stand apart again.
        """
        if self.undone_at:
            raise AlreadyUnmerged
