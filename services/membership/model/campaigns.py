"""Campaigns: a drive to win the organizations of one list, within a period and a budget."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.organizations import Organization
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7
from shared.money import Money

CampaignState = Literal["planned", "in_progress", "completed", "cancelled"]
Outcome = Literal["added", "already_member", "already_prospect", "recently_lost", "gone"]

_NEXT: dict[CampaignState, frozenset[CampaignState]] = {
    "planned": frozenset({"in_progress", "cancelled"}),
    "in_progress": frozenset({"completed", "cancelled"}),
    "completed": frozenset(),
    "cancelled": frozenset(),
}

MAX_TARGETS = 10_000
"""More organizations than this are no list anybody works through; the filter has to be narrower."""


class UnknownCampaign(NotFound):
    message = "There is no campaign {campaign_id}."


class CampaignStateNotAllowed(Conflict):
    message = "A campaign that is {state} cannot become {wanted}."


class CampaignNotPlanned(Conflict):
    message = "The campaign is {state}; its list can only be changed while it is planned."


class CampaignNotRunning(Conflict):
    message = "The campaign is {state}; prospects are added to one that is in progress. Start it first."


class CampaignClosed(Conflict):
    message = "The campaign is {state}, and takes no further prospects."


class CampaignEndsBeforeStart(Rejected):
    message = "A campaign cannot end on {ends_on}, before it starts on {starts_on}."


class NegativeAmount(Rejected):
    message = "The amount cannot be negative."


class OtherCurrency(Rejected):
    message = "What was spent is given in the budget's currency, {currency}."


class TooManyTargets(Rejected):
    message = "The filter finds {found} organizations, more than {most}. Narrow it by country, sector or register."


class NoTargets(Rejected):
    message = "The filter finds no organization. Widen it before the campaign starts."


class CampaignChange(Base):
    """A line of a campaign's history; the first has no `previous`."""

    __tablename__ = "campaign_changes"
    __table_args__ = (Index("ix_campaign_changes_campaign_id_id", "campaign_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    previous: Mapped[CampaignState | None] = mapped_column(Text)
    state: Mapped[CampaignState] = mapped_column(Text)
    changed: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    by: Mapped[str]


class Campaign(Base):
    """A drive with a list. `target` is the saved filter; it is asked live until the start, which freezes the list."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint("state IN ('planned', 'in_progress', 'completed', 'cancelled')", name="state"),
        CheckConstraint("ends_on >= starts_on", name="period"),
        Index("ix_campaigns_starts_on_id", "starts_on", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    name: Mapped[str]
    purpose: Mapped[str] = mapped_column(default="")
    state: Mapped[CampaignState] = mapped_column(Text, default="planned")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    currency: Mapped[str] = mapped_column(String(3))
    budget_minor: Mapped[int] = mapped_column(BigInteger)
    spent_minor: Mapped[int | None] = mapped_column(BigInteger)
    target: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    frozen_at: Mapped[datetime | None]

    history: WriteOnlyMapped[CampaignChange] = relationship(
        lambda: CampaignChange, cascade="all, delete-orphan", passive_deletes=True
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @property
    def budget(self) -> Money:
        return Money(self.budget_minor, self.currency)

    @property
    def spent(self) -> Money | None:
        """What it has cost, as far as somebody said."""
        return None if self.spent_minor is None else Money(self.spent_minor, self.currency)

    def plan(
        self,
        *,
        name: str | None = None,
        purpose: str | None = None,
        starts_on: date | None = None,
        ends_on: date | None = None,
        budget: Money | None = None,
        spent: Money | None = None,
        target: dict[str, Any] | None = None,
        now: datetime,
        actor: str,
    ) -> None:
        """Take over what is given; the list only while it is planned.

        Raises:
            CampaignNotPlanned, CampaignEndsBeforeStart, NegativeAmount, OtherCurrency: with the field at fault.
        """
        if target is not None and target != self.target and self.state != "planned":
            raise CampaignNotPlanned(pointer="/target", state=self.state)
        given = {"name": name, "purpose": purpose, "starts_on": starts_on, "ends_on": ends_on, "target": target}
        changed = {key: value for key, value in given.items() if value is not None}
        for key, value in changed.items():
            setattr(self, key, value)
        if self.ends_on < self.starts_on:
            raise CampaignEndsBeforeStart(pointer="/ends_on", starts_on=self.starts_on, ends_on=self.ends_on)
        self._cost(budget, spent)
        amounts = {"budget": budget and str(budget), "spent": spent and str(spent)}
        told = {key: value if key == "target" else str(value) for key, value in changed.items()}
        told |= {key: value for key, value in amounts.items() if value}
        self._record(self.state if self.version else None, changed=told, now=now, actor=actor)

    def change_state(self, state: CampaignState, *, reason: str = "", now: datetime, actor: str) -> CampaignState:
        """Start, complete or cancel it; returns the state before.

        Raises:
            CampaignStateNotAllowed: when the present state does not lead there.
        """
        if state not in _NEXT[self.state]:
            raise CampaignStateNotAllowed(state=self.state, wanted=state)
        previous, self.state = self.state, state
        if state == "in_progress":
            self.frozen_at = now
        self._record(previous, reason=reason, now=now, actor=actor)
        return previous

    def ensure_running(self) -> None:
        """Refuse what only a campaign in progress does.

        Raises:
            CampaignNotRunning: when it is planned or ended.
        """
        if self.state != "in_progress":
            raise CampaignNotRunning(state=self.state)

    def ensure_not_closed(self) -> None:
        """Refuse to count further prospects to one that ended.

        Raises:
            CampaignClosed: when it is completed or cancelled.
        """
        if self.state in {"completed", "cancelled"}:
            raise CampaignClosed(pointer="/campaign_id", state=self.state)

    def _cost(self, budget: Money | None, spent: Money | None) -> None:
        for name, money in (("budget", budget), ("spent", spent)):
            if money and money.minor < 0:
                raise NegativeAmount(pointer=f"/{name}")
        if budget and self.spent_minor is not None and spent is None and budget.currency != self.currency:
            raise OtherCurrency(pointer="/budget", currency=self.currency)
        if budget:
            self.budget_minor, self.currency = budget.minor, budget.currency
        if spent and spent.currency != self.currency:
            raise OtherCurrency(pointer="/spent", currency=self.currency)
        if spent:
            self.spent_minor = spent.minor

    def _record(
        self,
        previous: CampaignState | None,
        *,
        changed: dict[str, Any] | None = None,
        reason: str = "",
        now: datetime,
        actor: str,
    ) -> None:
        line = CampaignChange(
            previous=previous, state=self.state, changed=changed or {}, reason=reason, at=now, by=actor
        )
        self.history.add(line)


class CampaignTarget(Base):
    """An organization of a campaign's frozen list, and what became of it: not tried yet while `outcome` is None."""

    __tablename__ = "campaign_targets"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('added', 'already_member', 'already_prospect', 'recently_lost', 'gone')", name="outcome"
        ),
        CheckConstraint("(outcome = 'added') = (prospect_id IS NOT NULL)", name="prospect"),
        Index("ix_campaign_targets_campaign_id_organization_id", "campaign_id", "organization_id"),
        Index("ix_campaign_targets_prospect_id", "prospect_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True)
    outcome: Mapped[Outcome | None] = mapped_column(Text)
    prospect_id: Mapped[UUID | None] = mapped_column(ForeignKey("prospects.id"))
    decided_at: Mapped[datetime | None]

    organization: Mapped[Organization] = relationship(lambda: Organization, lazy="joined", innerjoin=True)
