"""Members: admit, change standing, find."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager

from services.membership.facts import Kind
from services.membership.model import (
    AlreadyMember,
    ApplicationUnderWay,
    Member,
    NotAllowedFrom,
    Organization,
    Prospect,
    StandingBackdated,
    StandingInFuture,
    UnknownMember,
)
from services.membership.model.members import LIVE
from services.membership.model.prospects import Stage
from services.membership.operations.announcing import announce_contact, live_member, public_state
from services.membership.operations.facts import decide, record_admission, record_dues_due
from services.membership.operations.open_applications import open_application_of
from services.membership.operations.prospects import announce_move
from services.membership.operations.searching import name_begins
from services.membership.operations.standing import standing_on
from services.membership.policy import days_after
from shared.contracts.membership import Category, MemberAdmitted, Standing
from shared.messaging.outbox import publish

_RECORDED_AS: dict[Standing, Kind] = {
    "current": "reinstated",
    "suspended": "suspended",
    "resigned": "resigned",
    "terminated": "terminated",
}
"""The decision behind a standing that is given in one word."""


def member(session: Session, *, member_id: UUID) -> Member:
    found = session.get(Member, member_id)
    if not found:
        raise UnknownMember(member_id=member_id)
    return found


def member_to_change(session: Session, *, member_id: UUID) -> Member:
    """The member, locked together with its organization."""
    found = session.get(Member, member_id, with_for_update=True, populate_existing=True)
    if not found:
        raise UnknownMember(member_id=member_id)
    return found


def members(
    session: Session,
    *,
    country: str | None = None,
    sector: str | None = None,
    category: Category | None = None,
    standing: Standing | None = None,
    name: str | None = None,
    organization_id: UUID | None = None,
    termination_proposed: bool | None = None,
    owner: str | None = None,
    owned: bool | None = None,
) -> Select[Member]:
    """Members by what was announced last; who stands where on a day is in voters."""
    query = select(Member).join(Member.organization).options(contains_eager(Member.organization))
    if country is not None:
        query = query.where(Organization.country == country)
    if sector is not None:
        query = query.where(Organization.sectors.contains([sector]))
    if category is not None:
        query = query.where(Member.category == category)
    if standing is not None:
        query = query.where(Member.standing == standing)
    if name is not None:
        query = query.where(name_begins(session, name))
    if organization_id is not None:
        query = query.where(Member.organization_id == organization_id)
    if termination_proposed is not None:
        proposed = Member.termination_proposed_on
        query = query.where(proposed.is_not(None) if termination_proposed else proposed.is_(None))
    if owner is not None:
        query = query.where(Member.owner == owner)
    if owned is not None:
        query = query.where(Member.owner.is_not(None) if owned else Member.owner.is_(None))
    return query


def admit_prospect(
    session: Session,
    won: Prospect,
    *,
    category: Category,
    reason: str,
    admitted_on: date | None = None,
    actor: str,
    now: datetime,
) -> Member:
    """The prospect becomes a member, current from `admitted_on` (today if None) on; its contacts become known."""
    organization = won.organization
    if live_member(session, organization):
        raise AlreadyMember(name=organization.name)
    if open_application_of(session, organization.id):
        raise ApplicationUnderWay(name=organization.name)
    left = won.admit(now=now, actor=actor)
    admitted = admit(
        session,
        organization,
        category=category,
        reason=reason,
        owner=won.owner,
        admitted_on=admitted_on or now.date(),
        actor=actor,
        now=now,
    )
    close_as_won(session, won, admitted, left, at=now)
    return admitted


def close_as_won(session: Session, won: Prospect, admitted: Member, left: Stage, *, at: datetime) -> None:
    """Say which member came of the prospect, and that it left its stage."""
    won.member_id = admitted.id
    announce_move(session, won, left, at=at)


def admit(
    session: Session,
    organization: Organization,
    *,
    category: Category,
    reason: str,
    owner: str | None,
    admitted_on: date,
    actor: str,
    now: datetime,
) -> Member:
    """The organization, locked and not a member, is one from `admitted_on` on; its contacts become known."""
    admitted = Member.admit(
        organization, category=category, admitted_on=admitted_on, reason=reason, owner=owner, now=now, actor=actor
    )
    session.add(admitted)
    session.flush()
    record_admission(session, admitted, reason=reason, actor=actor, now=now)
    for contact in organization.contacts:
        announce_contact(session, contact, at=now)
    publish(session, MemberAdmitted(**public_state(admitted), admitted_on=admitted.admitted_on), at=now)
    return admitted


def change_standing(
    session: Session,
    changed: Member,
    *,
    standing: Standing,
    reason: str,
    effective_on: date | None = None,
    actor: str,
    now: datetime,
) -> Member:
    """Record what makes the standing this one as of `effective_on` (today if None), in one word.

    Grace says that dues are late since that day, current that the member is reinstated, resigned that it leaves
    without notice.

    Raises:
        NotAllowedFrom: when the standing of that day does not allow it, or is what it should become.
        StandingInFuture: when the day has not come.
        StandingBackdated: when it lies before the last change; the facts themselves may be recorded as of then.
    """
    day = effective_on or now.date()
    _ensure_changeable(changed, day, now=now)
    before = standing_on(session, changed, on=day)
    if before == standing or before not in LIVE:
        raise NotAllowedFrom(standing=before, wanted=standing)
    if standing == "grace":
        eve = days_after(day, -1)
        record_dues_due(session, changed, period=str(eve), due_on=eve, reason=reason, actor=actor, now=now)
    else:
        until = day if standing == "resigned" else None
        kind = _RECORDED_AS[standing]
        decide(session, changed, kind=kind, effective_on=day, until=until, reason=reason, actor=actor, now=now)
    if changed.standing != standing:
        raise NotAllowedFrom(standing=before, wanted=standing)
    return changed


def _ensure_changeable(changed: Member, day: date, *, now: datetime) -> None:
    if day > now.date():
        raise StandingInFuture(pointer="/effective_on", effective_on=day)
    last = changed.history[-1].effective_on
    if day < last:
        raise StandingBackdated(pointer="/effective_on", last=last, effective_on=day)
