"""Members: admit, change standing, find."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.model import AlreadyMember, Member, Organization, Prospect, UnknownMember
from services.membership.operations.announcing import announce_contact, live_member, public_state
from services.membership.operations.prospects import announce_move
from services.membership.operations.searching import name_begins
from shared.contracts.membership import Category, MemberAdmitted, MemberStandingChanged, Standing
from shared.messaging.outbox import publish


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
    *,
    country: str | None = None,
    sector: str | None = None,
    category: Category | None = None,
    standing: Standing | None = None,
    name: str | None = None,
    organization_id: UUID | None = None,
) -> Select[Member]:
    query = select(Member).join(Organization, Member.organization_id == Organization.id)
    if country is not None:
        query = query.where(Organization.country == country)
    if sector is not None:
        query = query.where(Organization.sectors.contains([sector]))
    if category is not None:
        query = query.where(Member.category == category)
    if standing is not None:
        query = query.where(Member.standing == standing)
    if name is not None:
        query = query.where(name_begins(name))
    if organization_id is not None:
        query = query.where(Member.organization_id == organization_id)
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
    left = won.admit(now=now, actor=actor)
    admitted = Member.admit(
        organization,
        category=category,
        admitted_on=admitted_on or now.date(),
        reason=reason,
        now=now,
        actor=actor,
    )
    session.add(admitted)
    session.flush()
    won.member_id = admitted.id
    for contact in organization.contacts:
        announce_contact(session, contact, at=now)
    publish(session, MemberAdmitted(**public_state(admitted), admitted_on=admitted.admitted_on), at=now)
    announce_move(session, won, left, at=now)
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
    """Change it as of `effective_on` (today if None)."""
    day = effective_on or now.date()
    previous = changed.change_standing(standing, effective_on=day, reason=reason, now=now, actor=actor)
    session.flush()
    fact = MemberStandingChanged(**public_state(changed), previous_standing=previous, effective_on=day)
    publish(session, fact, at=now)
    return changed
