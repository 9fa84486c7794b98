"""Members: admitted organizations, their standing, and how it came to be."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.organizations import Organization
from shared.contracts.membership import Category, Standing
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

_NEXT: dict[Standing, frozenset[Standing]] = {
    "current": frozenset({"grace", "suspended", "resigned", "terminated"}),
    "grace": frozenset({"current", "suspended", "resigned", "terminated"}),
    "suspended": frozenset({"current", "resigned", "terminated"}),
    "resigned": frozenset(),
    "terminated": frozenset(),
}
"""Legal changes of standing. Who left comes back as a new member, by a new admission."""

LIVE: tuple[Standing, ...] = ("current", "grace", "suspended")
"""Standings of a membership that has not ended; an organization has at most one such."""


class UnknownMember(NotFound):
    message = "There is no member {member_id}."


class AlreadyMember(Conflict):
    message = "{name} is already a member."


class NotAllowedFrom(Conflict):
    message = "A member that is {standing} cannot become {wanted}."


class StandingInFuture(Rejected):
    message = "The standing cannot change on a day that has not come: {effective_on}."


class StandingBackdated(Rejected):
    message = "The standing already changed on {last}; it cannot change again as of {effective_on}."


class StandingChange(Base):
    """A line of a member's history; the first is its admission and has no `previous`."""

    __tablename__ = "standing_changes"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    previous: Mapped[Standing | None] = mapped_column(Text)
    standing: Mapped[Standing] = mapped_column(Text)
    effective_on: Mapped[date]
    reason: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class Member(Base):
    """An admitted organization. One that resigned or was terminated stays as it was; a second admission is another."""

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint("category IN ('full', 'associate')", name="category"),
        CheckConstraint("standing IN ('current', 'grace', 'suspended', 'resigned', 'terminated')", name="standing"),
        Index(
            "uq_members_live",
            "organization_id",
            unique=True,
            postgresql_where="standing IN ('current', 'grace', 'suspended')",
        ),
        Index("ix_members_organization_id", "organization_id"),
        Index("ix_members_standing", "standing"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    category: Mapped[Category] = mapped_column(Text)
    standing: Mapped[Standing] = mapped_column(Text)
    admitted_on: Mapped[date]
    admitted_at: Mapped[datetime]

    organization: Mapped[Organization] = relationship(lambda: Organization, lazy="joined", innerjoin=True)
    history: Mapped[list[StandingChange]] = relationship(
        lambda: StandingChange, cascade="all, delete-orphan", order_by=lambda: StandingChange.number
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @classmethod
    def admit(
        cls,
        organization: Organization,
        *,
        category: Category,
        admitted_on: date,
        reason: str,
        now: datetime,
        actor: str,
    ) -> "Member":
        """A new member, current from `admitted_on` on.

        Raises:
            StandingInFuture: when the day of admission has not come.
        """
        member = cls(
            id=uuid7(),
            organization=organization,
            category=category,
            admitted_on=admitted_on,
            admitted_at=now,
        )
        member._record("current", effective_on=admitted_on, reason=reason, now=now, actor=actor)
        return member

    @property
    def is_ended(self) -> bool:
        """Resigned or terminated."""
        return self.standing not in LIVE

    def change_standing(
        self, standing: Standing, *, effective_on: date, reason: str, now: datetime, actor: str
    ) -> Standing:
        """Change the standing as of `effective_on` and return the one before.

        Raises:
            NotAllowedFrom: when the present standing does not allow it.
            StandingInFuture: when the day has not come.
            StandingBackdated: when it lies before the last change.
        """
        if standing not in _NEXT[self.standing]:
            raise NotAllowedFrom(standing=self.standing, wanted=standing)
        previous = self.standing
        self._record(standing, effective_on=effective_on, reason=reason, now=now, actor=actor)
        return previous

    def _record(self, standing: Standing, *, effective_on: date, reason: str, now: datetime, actor: str) -> None:
        if effective_on > now.date():
            raise StandingInFuture(effective_on=effective_on)
        if self.history and effective_on < self.history[-1].effective_on:
            raise StandingBackdated(last=self.history[-1].effective_on, effective_on=effective_on)
        previous, self.standing = self.standing, standing
        self.history.append(
            StandingChange(
                number=len(self.history) + 1,
                previous=previous,
                standing=standing,
                effective_on=effective_on,
                reason=reason,
                changed_at=now,
                changed_by=actor,
            )
        )
