"""Members: admitted organizations, and what was announced of their standing."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.organizations import Organization
from services.membership.standing import Change, Rule
from shared.contracts.membership import Category, Standing
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

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


class KnownLater(Rejected):
    message = "What will be known at {known_at} nobody can say; ask for an instant that has come."


class StandingBackdated(Rejected):
    message = "The standing already changed on {last}; it cannot change again as of {effective_on}."


class StandingChange(Base):
    """A change as it was announced; the first is the admission and has no `previous`.

    It takes the place of what was announced before of `effective_on` and the days after it, so the lines together say
    what the other services believe. `rule` is why the standing is another, `reason` the words of the fact behind it.
    """

    __tablename__ = "standing_changes"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    previous: Mapped[Standing | None] = mapped_column(Text)
    standing: Mapped[Standing] = mapped_column(Text)
    effective_on: Mapped[date]
    reason: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    rule: Mapped[Rule | None] = mapped_column(Text)


class Member(Base):
    """An admitted organization. One that resigned or was terminated stays as it was; a second admission is another.

    Where it stands is computed from its facts (services/membership/standing.py). `standing` is only what was announced
    last, for lists and filters; `termination_proposed_on` goes with it, and `next_change_on` is the day from which the
    schedule has to look again. `fact_count` grows with each fact, and so does `version`. `owner` is the token subject
    of whoever looks after it.
    """

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
        Index("ix_members_owner", "owner"),
        Index("ix_members_next_change_on", "next_change_on"),
        Index(
            "ix_members_termination_proposed_on",
            "termination_proposed_on",
            postgresql_where="termination_proposed_on IS NOT NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    category: Mapped[Category] = mapped_column(Text)
    standing: Mapped[Standing] = mapped_column(Text)
    admitted_on: Mapped[date]
    admitted_at: Mapped[datetime]
    fact_count: Mapped[int] = mapped_column(default=0, server_default="0")
    next_change_on: Mapped[date | None]
    termination_proposed_on: Mapped[date | None]
    owner: Mapped[str | None]

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
        owner: str | None = None,
        now: datetime,
        actor: str,
    ) -> "Member":
        """A new member, current from `admitted_on` on.

        Raises:
            StandingInFuture: when the day of admission has not come.
        """
        if admitted_on > now.date():
            raise StandingInFuture(pointer="/admitted_on", effective_on=admitted_on)
        member = cls(
            id=uuid7(),
            organization=organization,
            category=category,
            standing="current",
            admitted_on=admitted_on,
            admitted_at=now,
            fact_count=1,
            owner=owner,
        )
        line = StandingChange(number=1, standing="current", effective_on=admitted_on, reason=reason)
        line.changed_at, line.changed_by, line.rule = now, actor, "good_standing"
        member.history.append(line)
        return member

    @property
    def is_ended(self) -> bool:
        """Resigned or terminated."""
        return self.standing not in LIVE

    @property
    def announced(self) -> list[tuple[date, Standing]]:
        """Days and standings, in the order they were said."""
        return [(line.effective_on, line.standing) for line in self.history]

    def note(self, previous: Standing, change: Change, *, reason: str, now: datetime, actor: str) -> None:
        """Keep what is announced now: from the change's day on the standing is another than was said."""
        assert change.state.standing
        self.standing = change.state.standing
        self.history.append(
            StandingChange(
                number=len(self.history) + 1,
                previous=previous,
                standing=self.standing,
                effective_on=change.on,
                reason=reason,
                changed_at=now,
                changed_by=actor,
                rule=change.state.reasons[0].rule,
            )
        )
