"""Campaigns: plan, start, work through the list, and see what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, exists, func, insert, literal, select
from sqlalchemy.orm import Session

from services.membership.model import (
    Campaign,
    CampaignChange,
    CampaignTarget,
    Member,
    NoTargets,
    Organization,
    Prospect,
    TooManyTargets,
    UnknownCampaign,
)
from services.membership.model.campaigns import MAX_TARGETS, CampaignState, Outcome
from services.membership.model.members import LIVE
from services.membership.model.prospects import OPEN
from services.membership.names import fold
from services.membership.operations.candidates import STANDING_ALONE, any_of
from services.membership.operations.fit_scores import score_anew
from services.membership.operations.prospects import begin
from shared.ids import uuid7
from shared.money import Money

RECENTLY = timedelta(days=180)
"""Who said no less than this ago is not asked again by a campaign."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What adding prospects did this time, and how many of the list are still to be tried."""

    added: int
    skipped: dict[Outcome, int]
    remaining: int
    targets: Sequence[CampaignTarget]


@dataclass(frozen=True, kw_only=True)
class CampaignResults:
    """What came of it so far. `cost_per_member` is by what was spent, or the budget while nobody said what was."""

    targets: int
    untried: int
    skipped: dict[Outcome, int]
    prospects: int
    by_stage: dict[str, int]
    members_won: int
    cost_per_member: Money | None
    cost_basis: str


def campaign(session: Session, *, campaign_id: UUID) -> Campaign:
    found = session.get(Campaign, campaign_id)
    if not found:
        raise UnknownCampaign(campaign_id=campaign_id)
    return found


def campaign_to_change(session: Session, *, campaign_id: UUID) -> Campaign:
    """The campaign, locked: who comes second waits, and sees what the first one did."""
    found = session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if not found:
        raise UnknownCampaign(campaign_id=campaign_id)
    return found


def campaigns(*, state: CampaignState | None = None) -> Select[Campaign]:
    query = select(Campaign)
    return query.where(Campaign.state == state) if state else query


def campaign_history(session: Session, *, campaign_id: UUID) -> Select[CampaignChange]:
    campaign(session, campaign_id=campaign_id)
    return select(CampaignChange).where(CampaignChange.campaign_id == campaign_id)


def plan_campaign(session: Session, *, actor: str, now: datetime, **facts: Any) -> Campaign:
    planned = Campaign(id=uuid7(), state="planned", created_at=now, created_by=actor)
    planned.plan(**{"purpose": "", **facts}, now=now, actor=actor)
    session.add(planned)
    session.flush()
    return planned


def update_campaign(session: Session, changed: Campaign, *, actor: str, now: datetime, **facts: Any) -> Campaign:
    changed.plan(**facts, now=now, actor=actor)
    session.flush()
    return changed


def change_campaign_state(
    session: Session, changed: Campaign, *, state: CampaignState, reason: str = "", actor: str, now: datetime
) -> Campaign:
    """Starting it freezes its list: who matches the filter at this moment.

    Raises:
        CampaignStateNotAllowed, NoTargets, TooManyTargets: it stays as it was.
    """
    changed.change_state(state, reason=reason, now=now, actor=actor)
    session.flush()
    if state == "in_progress":
        _freeze(session, changed)
    return changed


def matching_organizations(target: dict[str, Any]) -> Select[Organization]:
    """Those the saved filter finds at this moment; never one that is gone from its register."""
    return select(Organization).where(*_conditions(target))


def count_targets(session: Session, known: Campaign) -> int:
    """How many the list has: the frozen one, or while it is planned whoever the filter finds now."""
    if known.frozen_at:
        listed = select(func.count()).where(CampaignTarget.campaign_id == known.id)
        return session.scalar(listed) or 0
    return session.scalar(select(func.count()).select_from(Organization).where(*_conditions(known.target))) or 0


def campaign_targets(
    session: Session, *, campaign_id: UUID, outcome: Outcome | None = None, tried: bool | None = None
) -> Select[CampaignTarget]:
    """The frozen list; empty while it is planned."""
    campaign(session, campaign_id=campaign_id)
    query = select(CampaignTarget).where(CampaignTarget.campaign_id == campaign_id)
    if outcome is not None:
        query = query.where(CampaignTarget.outcome == outcome)
    if tried is not None:
        query = query.where(CampaignTarget.outcome.is_not(None) if tried else CampaignTarget.outcome.is_(None))
    return query


def add_prospects(
    session: Session,
    running: Campaign,
    *,
    limit: int,
    owner: str | None = None,
    next_action: str = "",
    next_action_on: date | None = None,
    actor: str,
    now: datetime,
) -> Batch:
    """Open a prospect for the next `limit` of the list that were not tried yet; whoever can't be one is skipped.

    The caller has locked the campaign, so each is tried once, by however many at a time. Said again, it goes on.

    Raises:
        CampaignNotRunning: when it has not been started, or has ended.
    """
    running.ensure_running()
    waiting = select(CampaignTarget).where(CampaignTarget.campaign_id == running.id, CampaignTarget.outcome.is_(None))
    locked = waiting.order_by(CampaignTarget.organization_id).limit(limit).with_for_update()
    targets = session.scalars(locked, execution_options={"populate_existing": True}).all()
    skips = _skips(session, [target.organization_id for target in targets], now=now)
    for target in targets:
        outcome: Outcome = "gone" if target.organization.gone_at else skips.get(target.organization_id, "added")
        if outcome == "added":
            opened = begin(
                session,
                target.organization,
                source=running.name,
                owner=owner,
                campaign_id=running.id,
                next_action=next_action,
                next_action_on=next_action_on,
                actor=actor,
                now=now,
            )
            target.prospect_id = opened.id
        target.outcome, target.decided_at = outcome, now
    session.flush()
    score_anew(session, [target.prospect_id for target in targets if target.prospect_id], now=now)
    outcomes = [target.outcome for target in targets if target.outcome]
    untried = session.scalar(_untried(running.id)) or 0
    return Batch(added=outcomes.count("added"), skipped=_counted(outcomes), remaining=untried, targets=targets)


def campaign_results(session: Session, known: Campaign) -> CampaignResults:
    """By the prospects that carry the campaign, however they came to it."""
    outcomes = session.execute(
        select(CampaignTarget.outcome, func.count())
        .where(CampaignTarget.campaign_id == known.id)
        .group_by(CampaignTarget.outcome)
    )
    by_outcome = {row[0]: row[1] for row in outcomes}
    untried = by_outcome.pop(None, 0)
    added = by_outcome.pop("added", 0)
    stages = session.execute(
        select(Prospect.stage, func.count()).where(Prospect.campaign_id == known.id).group_by(Prospect.stage)
    )
    by_stage: dict[str, int] = {row[0]: row[1] for row in stages}
    won = by_stage.get("admitted", 0)
    cost = known.spent if known.spent is not None else known.budget
    skipped: dict[Outcome, int] = {outcome: count for outcome, count in by_outcome.items() if outcome}
    return CampaignResults(
        targets=count_targets(session, known) if not known.frozen_at else untried + added + sum(skipped.values()),
        untried=untried,
        skipped=skipped,
        prospects=sum(by_stage.values()),
        by_stage=by_stage,
        members_won=won,
        cost_per_member=per_member(cost, won),
        cost_basis="budget" if known.spent is None else "spent",
    )


def per_member(cost: Money, won: int) -> Money | None:
    """The cost of each, rounded half up to a minor unit; None while none was won."""
    return Money((2 * cost.minor + won) // (2 * won), cost.currency) if won else None


def _freeze(session: Session, started: Campaign) -> None:
    found = session.scalar(select(func.count()).select_from(Organization).where(*_conditions(started.target))) or 0
    if found > MAX_TARGETS:
        raise TooManyTargets(pointer="/target", found=found, most=MAX_TARGETS)
    if not found:
        raise NoTargets(pointer="/target")
    listed = matching_organizations(started.target).with_only_columns(Organization.id)
    columns = ["organization_id", "campaign_id"]
    session.execute(insert(CampaignTarget).from_select(columns, listed.add_columns(literal(started.id, Uuid))))


def _conditions(target: dict[str, Any]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [*STANDING_ALONE]
    if countries := target.get("countries"):
        found.append(Organization.country.in_(countries))
    if sectors := target.get("sectors"):
        found.append(Organization.sectors.overlap(sectors))
    if structures := target.get("structures"):
        found.append(Organization.structure.in_(structures))
    if subdivision := target.get("subdivision"):
        found.append(Organization.folded_subdivision == fold(subdivision))
    if registry := target.get("registry"):
        found.append(Organization.register == registry)
    if not target.get("members"):
        theirs = exists().where(Member.organization_id == Organization.id, Member.standing.in_(LIVE))
        found.append(~theirs)
    return found


def _skips(session: Session, ids: Sequence[UUID], *, now: datetime) -> dict[UUID, Outcome]:
    """Who of them can't be a prospect now, and why; what weighs most is said."""
    members = select(Member.organization_id).where(Member.organization_id == any_of(ids), Member.standing.in_(LIVE))
    theirs = select(Prospect.organization_id).where(Prospect.organization_id == any_of(ids))
    recently = (Prospect.stage == "lost") & (Prospect.closed_at > now - RECENTLY)
    found: dict[UUID, Outcome] = dict.fromkeys(session.scalars(theirs.where(recently)), "recently_lost")
    found |= dict.fromkeys(session.scalars(theirs.where(Prospect.stage.in_(OPEN))), "already_prospect")
    return found | dict.fromkeys(session.scalars(members), "already_member")


def _untried(campaign_id: UUID) -> Select[Any]:
    return select(func.count()).where(CampaignTarget.campaign_id == campaign_id, CampaignTarget.outcome.is_(None))


def _counted(outcomes: Sequence[Outcome]) -> dict[Outcome, int]:
    return {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes) if outcome != "added"}
