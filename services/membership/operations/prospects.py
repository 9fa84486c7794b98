"""Prospects: open, lose; admitting one is in members."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.model import (
    AlreadyMember,
    AlreadyProspect,
    Organization,
    Prospect,
    UnknownProspect,
)
from services.membership.model.prospects import Stage
from services.membership.operations.announcing import live_member
from services.membership.operations.finding import organization_to_change
from shared.contracts.membership import ProspectLost, ProspectOpened
from shared.ids import uuid7
from shared.messaging.outbox import publish


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


def prospects(
    *, stage: Stage | None = None, country: str | None = None, organization_id: UUID | None = None
) -> Select[Prospect]:
    query = select(Prospect)
    if stage is not None:
        query = query.where(Prospect.stage == stage)
    if country is not None:
        query = query.where(Prospect.organization.has(Organization.country == country))
    if organization_id is not None:
        query = query.where(Prospect.organization_id == organization_id)
    return query


def open_prospect(
    session: Session, *, organization_id: UUID, source: str, note: str = "", actor: str, now: datetime
) -> Prospect:
    organization = organization_to_change(session, organization_id=organization_id)
    organization.ensure_listed()
    if live_member(session, organization):
        raise AlreadyMember(name=organization.name)
    if session.scalar(prospects(stage="opened", organization_id=organization_id)):
        raise AlreadyProspect(name=organization.name)
    opened = Prospect(id=uuid7(), organization=organization, source=source, note=note, opened_at=now, opened_by=actor)
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


def lose_prospect(session: Session, lost: Prospect, *, reason: str, actor: str, now: datetime) -> Prospect:
    """The reason is the staff's own words and stays here."""
    lost.lose(reason, now=now, actor=actor)
    session.flush()
    fact = ProspectLost(
        prospect_id=lost.id,
        organization_id=lost.organization_id,
        country=lost.organization.country,
        sectors=tuple(lost.organization.sectors),
    )
    publish(session, fact, at=now)
    return lost
