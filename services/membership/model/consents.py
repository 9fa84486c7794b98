"""What members agreed to show in the public directory."""

from datetime import date, datetime
from typing import Literal, Self, get_args
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.base import Base
from services.membership.model.members import Member
from shared.errors import Rejected

Shown = Literal["listing", "profile", "address", "contact"]
"""Groups of fields; nothing of a member is shown without the first."""

GROUPS: tuple[Shown, ...] = get_args(Shown)


class ConsentInFuture(Rejected):
    message = "A consent counts from the day it was given; {agreed_on} has not come."


class NotListed(Rejected):
    message = "Whoever shows more agrees to be listed as well; add listing."


class DirectoryConsent(Base):
    """A line of what a member agreed to show: all groups of fields from then on, until the next line takes its place.

    `agreed_by` is who said so for the member, `reference` where it is written; both are for those who have to prove it.
    """

    __tablename__ = "directory_consents"
    __table_args__ = (
        CheckConstraint("shows <@ ARRAY['listing', 'profile', 'address', 'contact']", name="shows"),
        CheckConstraint("shows = '{}' OR 'listing' = ANY (shows)", name="listed"),
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    shows: Mapped[list[Shown]] = mapped_column(ARRAY(Text))
    agreed_by: Mapped[str]
    agreed_on: Mapped[date]
    reference: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]

    @classmethod
    def give(
        cls,
        member: Member,
        before: Self | None,
        *,
        shows: list[Shown],
        agreed_by: str,
        agreed_on: date | None,
        reference: str,
        now: datetime,
        actor: str,
    ) -> Self:
        """The line that takes the place of `before`; without any group it withdraws all.

        Raises:
            NotListed: when there is something to show and the member is not to be listed.
            ConsentInFuture: when its day has not come.
        """
        if shows and "listing" not in shows:
            raise NotListed(pointer="/shows")
        if agreed_on and agreed_on > now.date():
            raise ConsentInFuture(pointer="/agreed_on", agreed_on=agreed_on)
        return cls(
            member_id=member.id,
            number=before.number + 1 if before else 1,
            shows=[group for group in GROUPS if group in shows],
            agreed_by=agreed_by,
            agreed_on=agreed_on or now.date(),
            reference=reference,
            recorded_at=now,
            recorded_by=actor,
        )

    @property
    def version(self) -> int:
        """For ETag and If-Match."""
        return self.number
