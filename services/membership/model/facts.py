"""What is recorded of members, and what may be recorded: rows that are only ever added."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.facts import Fact, Kind
from services.membership.model.base import Base
from services.membership.model.members import NotAllowedFrom
from services.membership.model.organizations import Organization
from services.membership.standing import Course, State
from shared.contracts.membership import Category, Standing
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

_LEADS_TO: dict[Kind, Standing] = {
    "suspended": "suspended",
    "reinstated": "current",
    "resigned": "resigned",
    "terminated": "terminated",
    "expelled": "terminated",
    "succeeded": "terminated",
}
"""What a decision is for, as a refusal names it."""

_PAST: tuple[Kind, ...] = ("dues_settled", "resigned", "resignation_withdrawn", "succeeded", "temporary")
"""What has happened; decisions and due days may lie ahead."""

_DAILY: tuple[Kind, ...] = ("suspended", "reinstated", "resigned", "resignation_withdrawn", "temporary")


class UnknownFact(NotFound):
    message = "There is no fact {fact_id} of this member."


class AlreadyRecorded(Conflict):
    message = "It is recorded already, since {recorded_on}; nothing was changed."


class RecordedOtherwise(Conflict):
    message = "It is recorded already, and otherwise: as of {effective_on}. Void that first if it is wrong."


class ChangesNothing(Conflict):
    message = "As of {effective_on} that changes nothing: the member is {standing}."


class AlreadyLeaving(Conflict):
    message = "A resignation is under way: the membership ends on {until}. Withdraw it first."


class NothingToWithdraw(Conflict):
    message = "No resignation is under way on {effective_on}."


class AlreadyVoided(Conflict):
    message = "It was voided already."


class NotVoidable(Conflict):
    message = "An admission stays, and so does what voids another fact: record what is right instead."


class NotPassedOn(Conflict):
    message = "A membership passes on only while it is current; this one is {standing}."


class BeforeAdmission(Rejected):
    message = "The membership began on {admitted_on}; nothing is decided of it before."


class NotYetHappened(Rejected):
    message = "That day has not come: {effective_on}."


class EndsTooEarly(Rejected):
    message = "The membership cannot end on {until}, before {effective_on}."


class UnknownPeriod(Rejected):
    message = "No dues are recorded for {period}; record when they were due first."


class OnlyAssociates(Rejected):
    message = "Only an associate member is admitted for a time."


class OwnSuccessor(Rejected):
    message = "An organization does not succeed itself."


class StandingFact(Base):
    """One fact of a member: what, as of when, who recorded it when, why, and where it is written.

    `key` is what the fact is about: of one key only one counts at a time, and `generation` grows when it is recorded
    again after the one before was voided. `until` and `period` as in services/membership/facts.py. A row is never
    changed or deleted.
    """

    __tablename__ = "standing_facts"
    __table_args__ = (
        CheckConstraint("(kind = 'voided') = (voids_id IS NOT NULL)", name="voids"),
        CheckConstraint("(kind IN ('dues_due', 'dues_settled')) = (period <> '')", name="period"),
        UniqueConstraint("member_id", "key", "generation"),
        UniqueConstraint("voids_id"),
        Index("ix_standing_facts_member_id_recorded_at_id", "member_id", "recorded_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    kind: Mapped[Kind] = mapped_column(Text)
    key: Mapped[str]
    generation: Mapped[int] = mapped_column(default=1)
    effective_on: Mapped[date]
    period: Mapped[str] = mapped_column(default="")
    until: Mapped[date | None]
    voids_id: Mapped[UUID | None] = mapped_column(ForeignKey("standing_facts.id"))
    reason: Mapped[str]
    reference: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]

    successors: Mapped[list[Organization]] = relationship(
        lambda: Organization,
        secondary=lambda: Successor.__table__,
        order_by=lambda: Organization.folded_name,
        lazy="selectin",
    )
    voiding: Mapped["StandingFact | None"] = relationship(
        lambda: StandingFact,
        foreign_keys=lambda: StandingFact.voids_id,
        remote_side=lambda: StandingFact.voids_id,
        viewonly=True,
        uselist=False,
        lazy="selectin",
    )

    @property
    def voided_by(self) -> UUID | None:
        """The fact that says this one was wrong."""
        return self.voiding.id if self.voiding else None

    @property
    def fact(self) -> Fact:
        """As the function of standing reads it."""
        return Fact(self.id, self.kind, self.effective_on, self.recorded_at, self.period, self.until, self.voids_id)

    def says_the_same(self, other: "StandingFact") -> bool:
        """Recorded twice, in whatever words."""
        return (self.kind, self.effective_on, self.until) == (other.kind, other.effective_on, other.until)


class Successor(Base):
    """An organization a member was merged or split into."""

    __tablename__ = "standing_fact_successors"

    fact_id: Mapped[UUID] = mapped_column(ForeignKey("standing_facts.id", ondelete="CASCADE"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True, index=True)


def key_of(kind: Kind, *, effective_on: date, period: str, voids_id: UUID | None) -> str:
    """What a fact is about: an end and a period's dues happen once, a decision once a day."""
    if kind in ("dues_due", "dues_settled"):
        return f"{kind} {period}"
    if kind == "voided":
        return f"{kind} {voids_id}"
    return f"{kind} {effective_on}" if kind in _DAILY else kind


def ensure_recordable(new: Fact, course: Course, *, category: Category, admitted_on: date, today: date) -> None:
    """Refuse what cannot be so, or would do nothing.

    Raises:
        BeforeAdmission, NotYetHappened, EndsTooEarly, OnlyAssociates, UnknownPeriod: whatever else is recorded.
        NotAllowedFrom: when the membership has ended by then.
        AlreadyLeaving, NothingToWithdraw, ChangesNothing: when the state of that day leaves nothing to do.
    """
    _ensure_days(new, admitted_on=admitted_on, today=today)
    if new.kind == "temporary" and category != "associate":
        raise OnlyAssociates(pointer="/until")
    if new.kind == "dues_settled" and not course.debt(new.period):
        raise UnknownPeriod(pointer="/period", period=new.period)
    if not new.kind.startswith("dues"):
        _ensure_effect(new, course, course.state(new.effective_on))


def _ensure_days(new: Fact, *, admitted_on: date, today: date) -> None:
    if new.kind in _PAST and new.effective_on > today:
        raise NotYetHappened(pointer="/effective_on", effective_on=new.effective_on)
    if new.until and new.until < new.effective_on:
        raise EndsTooEarly(pointer="/until", until=new.until, effective_on=new.effective_on)
    if not new.kind.startswith("dues") and new.effective_on < admitted_on:
        raise BeforeAdmission(pointer="/effective_on", admitted_on=admitted_on)


def _ensure_effect(new: Fact, course: Course, before: State) -> None:
    if before.standing in ("resigned", "terminated"):
        raise NotAllowedFrom(standing=before.standing, wanted=_LEADS_TO.get(new.kind, "current"))
    notice = course.notice(new.effective_on)
    if new.kind == "resigned" and notice:
        raise AlreadyLeaving(until=notice.until)
    if new.kind == "resignation_withdrawn" and not notice:
        raise NothingToWithdraw(effective_on=new.effective_on)
    if _rules(course.with_fact(new).state(new.effective_on)) == _rules(before):
        raise ChangesNothing(effective_on=new.effective_on, standing=before.standing)


def _rules(state: State) -> list[tuple[str, date | None]]:
    return [(each.rule, each.until) for each in state.reasons]
