"""Prospects: open, move, plan, lose, take up again; admitting one is in members."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from services.membership.model import (
    AlreadyMember,
    AlreadyProspect,
    Campaign,
    Organization,
    Prospect,
    ProspectEntry,
    UnknownCampaign,
    UnknownProspect,
)
from services.membership.model.prospects import OPEN, LostCode, Stage
from services.membership.operations.announcing import live_member
from services.membership.operations.finding import organization_to_change
from services.membership.operations.fit_scores import score_anew
from shared.contracts.membership import ProspectAdvanced, ProspectLost, ProspectOpened
from shared.ids import uuid7
from shared.messaging.outbox import publish
from shared.tracing import trace_of

StageFilter = Stage | Literal["opened"]
"""A stage, or "opened" for all that are open: what they were called together before there were stages."""

AT_ONCE = 100
"""So many dormant prospects wake up in one transaction."""


def prospect(session: Session, *, prospect_id: UUID) -> Prospect:
    found = session.get(Prospect, prospect_id)
    if not found:
        raise UnknownProspect(prospect_id=prospect_id)
    return found


def prospect_to_change(session: Session, *, prospect_id: UUID) -> Prospect:
    """The prospect, locked together with its organization."""
    found = session.get(Prospect, prospect_id, with_for_update=True, populate_existing=True)
    if not found:
        raise UnknownProspect(prospect_id=prospect_id)
    return found


def open_prospect_of(session: Session, organization: Organization) -> Prospect | None:
    """The attempt under way, if there is one."""
    return session.scalar(prospects(stage="opened", organization_id=organization.id))


def prospects(
    *,
    stage: StageFilter | None = None,
    country: str | None = None,
    sector: str | None = None,
    owner: str | None = None,
    owned: bool | None = None,
    campaign_id: UUID | None = None,
    organization_id: UUID | None = None,
    overdue: bool | None = None,
    planned: bool | None = None,
    today: date | None = None,
) -> Select[Prospect]:
    """Prospects that match everything given; `overdue` and `planned` are about open ones, as of `today`."""
    query = select(Prospect)
    if stage is not None:
        query = query.where(Prospect.stage.in_(OPEN) if stage == "opened" else Prospect.stage == stage)
    if country is not None:
        query = query.where(Prospect.organization.has(Organization.country == country))
    if sector is not None:
        query = query.where(Prospect.organization.has(Organization.sectors.contains([sector])))
    if owner is not None:
        query = query.where(Prospect.owner == owner)
    if owned is not None:
        query = query.where(Prospect.owner.is_not(None) if owned else Prospect.owner.is_(None))
    if campaign_id is not None:
        query = query.where(Prospect.campaign_id == campaign_id)
    if organization_id is not None:
        query = query.where(Prospect.organization_id == organization_id)
    if overdue is not None and today is not None:
        query = query.where(is_overdue(today) if overdue else ~is_overdue(today))
    if planned is not None:
        without = Prospect.next_action_on.is_(None)
        query = query.where(Prospect.stage.in_(OPEN), ~without if planned else without)
    return query


def is_overdue(today: date) -> ColumnElement[bool]:
    """Open, with a next action that should have been done before `today`."""
    due = Prospect.next_action_on.is_not(None) & (Prospect.next_action_on < today)
    return Prospect.stage.in_(OPEN) & due


def history(session: Session, *, prospect_id: UUID) -> Select[ProspectEntry]:
    prospect(session, prospect_id=prospect_id)
    return select(ProspectEntry).where(ProspectEntry.prospect_id == prospect_id)


def open_prospect(
    session: Session,
    *,
    organization_id: UUID,
    source: str,
    note: str = "",
    owner: str | None = None,
    campaign_id: UUID | None = None,
    next_action: str = "",
    next_action_on: date | None = None,
    actor: str,
    now: datetime,
) -> Prospect:
    organization = organization_to_change(session, organization_id=organization_id)
    organization.ensure_listed()
    if live_member(session, organization):
        raise AlreadyMember(name=organization.name)
    if open_prospect_of(session, organization):
        raise AlreadyProspect(name=organization.name)
    if campaign_id:
        campaign_to_join(session, campaign_id).ensure_not_closed()
    opened = begin(
        session,
        organization,
        source=source,
        note=note,
        owner=owner,
        campaign_id=campaign_id,
        next_action=next_action,
        next_action_on=next_action_on,
        actor=actor,
        now=now,
    )
    score_anew(session, [opened.id], now=now)
    return opened


def begin(
    session: Session,
    organization: Organization,
    *,
    source: str,
    note: str = "",
    owner: str | None = None,
    campaign_id: UUID | None = None,
    next_action: str = "",
    next_action_on: date | None = None,
    actor: str,
    now: datetime,
) -> Prospect:
    """A new attempt; the caller has locked the organization and seen that there may be one, and scores it."""
    trace = trace_of(session)
    opened = Prospect(
        id=uuid7(),
        organization=organization,
        source=source,
        note=note,
        next_action="",
        campaign_id=campaign_id,
        correlation_id=trace.correlation_id,
        causation_id=UUID(trace.causation_id) if trace.causation_id else None,
    )
    opened.open(now=now, actor=actor, text=note)
    opened.assign(owner, now=now, actor=actor)
    opened.plan(next_action, next_action_on, now=now, actor=actor)
    session.add(opened)
    session.flush()
    fact = ProspectOpened(
        prospect_id=opened.id,
        organization_id=organization.id,
        name=organization.name,
        country=organization.country,
        sectors=tuple(organization.sectors),
        source=source,
    )
    publish(session, fact, at=now)
    return opened


def campaign_to_join(session: Session, campaign_id: UUID) -> Campaign:
    """The campaign, as the body of a call names it."""
    found = session.get(Campaign, campaign_id)
    if not found:
        raise UnknownCampaign(campaign_id=campaign_id, pointer="/campaign_id")
    return found


def advance_prospect(
    session: Session, moved: Prospect, *, stage: Stage, note: str = "", actor: str, now: datetime
) -> Prospect:
    return announce_move(session, moved, moved.advance(stage, text=note, now=now, actor=actor), at=now)


def rest_prospect(
    session: Session, resting: Prospect, *, until: date, reason: str, actor: str, now: datetime
) -> Prospect:
    return announce_move(session, resting, resting.rest(until, reason, now=now, actor=actor), at=now)


def reopen_prospect(session: Session, taken_up: Prospect, *, reason: str, actor: str, now: datetime) -> Prospect:
    """Take up a lost or dormant one again.

    A lost one only while its organization is listed, no member and not being won by another attempt.
    """
    if taken_up.stage == "lost":
        organization = taken_up.organization
        organization.ensure_listed()
        if live_member(session, organization):
            raise AlreadyMember(name=organization.name)
        if open_prospect_of(session, organization):
            raise AlreadyProspect(name=organization.name)
    announce_move(session, taken_up, taken_up.resume(reason, now=now, actor=actor), at=now)
    score_anew(session, [taken_up.id], now=now)
    return taken_up


def lose_prospect(
    session: Session, lost: Prospect, *, reason: str, code: LostCode = "other", actor: str, now: datetime
) -> Prospect:
    """The reason is the staff's own words and stays here."""
    lost.lose(reason, code=code, now=now, actor=actor)
    session.flush()
    fact = ProspectLost(
        prospect_id=lost.id,
        organization_id=lost.organization_id,
        country=lost.organization.country,
        sectors=tuple(lost.organization.sectors),
    )
    publish(session, fact, at=now)
    return lost


def announce_move(session: Session, moved: Prospect, previous: Stage, *, at: datetime) -> Prospect:
    """Tell that the prospect left `previous`."""
    session.flush()
    fact = ProspectAdvanced(
        prospect_id=moved.id,
        organization_id=moved.organization_id,
        country=moved.organization.country,
        sectors=tuple(moved.organization.sectors),
        previous_stage=previous,
        stage=moved.stage,
    )
    publish(session, fact, at=at)
    return moved


def update_prospect(session: Session, changed: Prospect, *, actor: str, now: datetime, **given: Any) -> Prospect:
    """Change its owner, campaign or next action; what is not given stays, what is given as None goes."""
    if "owner" in given:
        changed.assign(given["owner"], now=now, actor=actor)
    if "campaign_id" in given and given["campaign_id"] != changed.campaign_id:
        _join(session, changed, given["campaign_id"], actor=actor, now=now)
    if {"next_action", "next_action_on"} & given.keys():
        action = given.get("next_action", changed.next_action) or ""
        changed.plan(action, given.get("next_action_on", changed.next_action_on), now=now, actor=actor)
    session.flush()
    return changed


def _join(session: Session, changed: Prospect, campaign_id: UUID | None, *, actor: str, now: datetime) -> None:
    if campaign_id:
        campaign_to_join(session, campaign_id).ensure_not_closed()
    before, changed.campaign_id = changed.campaign_id, campaign_id
    told, told_before = (str(one) if one else None for one in (campaign_id, before))
    changed.record("campaign", now=now, actor=actor, campaign_id=told, previous_campaign_id=told_before)


def note_prospect(session: Session, noted: Prospect, *, text: str, actor: str, now: datetime) -> ProspectEntry:
    """Add to its history what was said or done; also to one that is closed."""
    noted.record("noted", text=text, now=now, actor=actor)
    session.flush()
    latest = select(ProspectEntry).where(ProspectEntry.prospect_id == noted.id).order_by(ProspectEntry.id.desc())
    return session.scalars(latest.limit(1)).one()


def wake_prospects(session: Session, *, actor: str, now: datetime) -> Sequence[Prospect]:
    """Take up dormant prospects whose day has come, up to AT_ONCE; each once, however many do this at a time."""
    due = select(Prospect).where(Prospect.stage == "dormant", Prospect.dormant_until <= now.date())
    locked = due.order_by(Prospect.id).limit(AT_ONCE).with_for_update(of=Prospect, skip_locked=True)
    woken = session.scalars(locked).all()
    for one in woken:
        announce_move(session, one, one.resume("", now=now, actor=actor), at=now)
    return woken
