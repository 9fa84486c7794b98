"""What funding knows of members, who is eligible, and the awards they are offered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, MetaData, String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared import database
from shared.contracts.membership import Category, Standing
from shared.errors import Conflict, Forbidden, Rejected, SeveralWrong, Wrong
from shared.ids import uuid7
from shared.money import Money

Reason = Literal["not_admitted", "in_grace", "suspended", "resigned", "terminated"]
AwardState = Literal["proposed", "offered", "accepted", "declined", "withdrawn"]

REASONS: dict[Reason, str] = {
    "not_admitted": "No membership is known under this id.",
    "in_grace": "The membership is in its grace period: dues are late.",
    "suspended": "The membership is suspended.",
    "resigned": "The organization has resigned its membership.",
    "terminated": "The membership was terminated.",
}
"""Each reason as a sentence, the key of its translations."""

NEXT: dict[AwardState, tuple[AwardState, ...]] = {
    "proposed": ("offered", "withdrawn"),
    "offered": ("accepted", "declined"),
    "accepted": (),
    "declined": (),
    "withdrawn": (),
}
"""Where each state of an award leads."""

LONGEST_TITLE = 139
"""Grants are published with titles of less than 140 characters (360Giving)."""


class NotEligible(SeveralWrong):
    message = "The member is not eligible for an award; see errors."


class NothingAwarded(Rejected):
    message = "An award is more than nothing, not {amount}."


class ProposerOffers(Forbidden):
    message = "Who proposed an award does not decide it; somebody else does."


class AwardUnexplained(Rejected):
    message = "Say why."


class AwardSettled(Conflict):
    message = "The award is {state}; it is not changed any more."


class AwardStateNotAllowed(Conflict):
    message = "An award that is {state} cannot become {wanted}. Possible now: {possible}."


class Base(database.Base):
    """Funding's own tables."""

    __abstract__ = True
    metadata = MetaData(naming_convention=database.NAMING)


@dataclass(frozen=True)
class Eligibility:
    """Whether a member may receive funds, and what speaks against it or is worth knowing."""

    eligible: bool
    reasons: tuple[Reason, ...] = ()


NOT_ADMITTED = Eligibility(eligible=False, reasons=("not_admitted",))

_BY_STANDING: dict[Standing, Eligibility] = {
    "current": Eligibility(eligible=True),
    "grace": Eligibility(eligible=True, reasons=("in_grace",)),
    "suspended": Eligibility(eligible=False, reasons=("suspended",)),
    "resigned": Eligibility(eligible=False, reasons=("resigned",)),
    "terminated": Eligibility(eligible=False, reasons=("terminated",)),
}


class Member(Base):
    """Replica of membership's member: nothing here is decided by funding."""

    __tablename__ = "members"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(String(2))
    sectors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    category: Mapped[Category] = mapped_column(Text)
    standing: Mapped[Standing] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]

    @property
    def eligibility(self) -> Eligibility:
        """Late dues alone (grace) cost nobody a grant; the lost standing does."""
        return _BY_STANDING[self.standing]


class Award(Base):
    """Money for a member: proposed by one person, offered by the decision of another, answered by the member.

    `organization_id` is the member's when it was proposed; `reason` says why it was declined or the proposal given up,
    and may name people. Nothing refers to the replica of members, since that is rebuilt.
    """

    __tablename__ = "awards"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'offered', 'accepted', 'declined', 'withdrawn')", name="state"),
        CheckConstraint("minor > 0", name="amount"),
        CheckConstraint("(state IN ('offered', 'accepted', 'declined')) = (decided_at IS NOT NULL)", name="decided"),
        CheckConstraint("decided_by <> proposed_by", name="decider"),
        CheckConstraint("(state IN ('accepted', 'declined')) = (answered_at IS NOT NULL)", name="answered"),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
        Index("ix_awards_member_id", "member_id"),
        Index("ix_awards_proposed_at_id", "proposed_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    member_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    purpose: Mapped[str] = mapped_column(Text)
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[AwardState] = mapped_column(Text)
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(Text)
    minutes: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(Text)
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @classmethod
    def propose(
        cls, *, member: Member | None, title: str, purpose: str, amount: Money, now: datetime, actor: str
    ) -> "Award":
        """An award for somebody else to decide.

        Raises:
            NotEligible: when there is no such member, or its standing is lost.
            NothingAwarded
        """
        known = _ensure_eligible(member, pointer="/member_id")
        if amount.minor <= 0:
            raise NothingAwarded(pointer="/amount", amount=amount)
        proposed = cls(id=uuid7(), member_id=known.id, organization_id=known.organization_id, state="proposed")
        proposed.title, proposed.purpose, proposed.minutes, proposed.reason = title, purpose, "", ""
        proposed.minor, proposed.currency = amount.minor, amount.currency
        proposed.proposed_at, proposed.proposed_by = now, actor
        return proposed

    @property
    def amount(self) -> Money:
        """What the member gets."""
        return Money(self.minor, self.currency)

    def offer(self, *, member: Member | None, minutes: str, now: datetime, actor: str) -> None:
        """It was decided: the member, as it stands now, is offered it. `minutes` say where the decision is written.

        Raises:
            AwardSettled, AwardStateNotAllowed
            ProposerOffers: when the actor proposed it.
            NotEligible: when the member was eligible and is no more.
        """
        self._ensure_leads_to("offered")
        if actor == self.proposed_by:
            raise ProposerOffers
        _ensure_eligible(member, pointer="")
        self.state, self.minutes = "offered", minutes
        self.decided_at, self.decided_by = now, actor

    def withdraw(self, *, reason: str, now: datetime, actor: str) -> None:
        """The proposal is given up; what was offered is answered instead.

        Raises:
            AwardSettled, AwardStateNotAllowed, AwardUnexplained
        """
        self._ensure_leads_to("withdrawn")
        _ensure_said(reason)
        self.state, self.reason = "withdrawn", reason
        self.withdrawn_at, self.withdrawn_by = now, actor

    def accept(self, *, now: datetime, actor: str) -> None:
        """The member takes it.

        Raises:
            AwardSettled, AwardStateNotAllowed
        """
        self._ensure_leads_to("accepted")
        self.state, self.answered_at, self.answered_by = "accepted", now, actor

    def decline(self, *, reason: str, now: datetime, actor: str) -> None:
        """The member does not take it, and says why.

        Raises:
            AwardSettled, AwardStateNotAllowed, AwardUnexplained
        """
        self._ensure_leads_to("declined")
        _ensure_said(reason)
        self.state, self.reason = "declined", reason
        self.answered_at, self.answered_by = now, actor

    def _ensure_leads_to(self, wanted: AwardState) -> None:
        possible = NEXT[self.state]
        if not possible:
            raise AwardSettled(state=self.state)
        if wanted not in possible:
            raise AwardStateNotAllowed(state=self.state, wanted=wanted, possible=", ".join(possible))


def eligibility_of(member: Member | None) -> Eligibility:
    """Whoever is no member is not eligible."""
    return member.eligibility if member else NOT_ADMITTED


def _ensure_eligible(member: Member | None, *, pointer: str) -> Member:
    found = eligibility_of(member)
    if not found.eligible or not member:
        raise NotEligible([Wrong(pointer, REASONS[reason], {}) for reason in found.reasons])
    return member


def _ensure_said(reason: str) -> None:
    if not reason.strip():
        raise AwardUnexplained(pointer="/reason")
