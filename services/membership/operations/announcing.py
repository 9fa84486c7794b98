"""What the other services are told about members and their contacts."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership.model import Contact, Member, MembershipApplication, Organization
from services.membership.model.members import LIVE
from services.membership.operations.open_applications import open_application_of
from shared.contracts.membership import Category, ContactChanged, MemberUpdated, Standing
from shared.messaging.outbox import publish


class PublicState(TypedDict):
    """The fields of MemberState."""

    member_id: UUID
    organization_id: UUID
    name: str
    country: str
    sectors: tuple[str, ...]
    category: Category
    standing: Standing
    language: str


def public_state(member: Member) -> PublicState:
    organization = member.organization
    return PublicState(
        member_id=member.id,
        organization_id=organization.id,
        name=organization.name,
        country=organization.country,
        sectors=tuple(organization.sectors),
        category=member.category,
        standing=member.standing,
        language=organization.language,
    )


def live_member(session: Session, organization: Organization) -> Member | None:
    """The organization's membership, unless it ended or never began."""
    return session.scalar(select(Member).where(Member.organization_id == organization.id, Member.standing.in_(LIVE)))


def is_written_to(session: Session, organization: Organization) -> bool:
    """It is a member, or its application is open, so that the other services may know its contacts."""
    return bool(live_member(session, organization) or open_application_of(session, organization.id))


def was_written_to(session: Session, organization: Organization) -> bool:
    """It is a member, or has applied, so that the other services may know contacts it had."""
    applied = select(MembershipApplication.id).where(MembershipApplication.organization_id == organization.id)
    return bool(live_member(session, organization) or session.scalar(applied.limit(1)))


def announce_update(session: Session, member: Member, *, at: datetime) -> None:
    publish(session, MemberUpdated(**public_state(member)), at=at)


def announce_contact(session: Session, contact: Contact, *, at: datetime, removed: bool = False) -> None:
    """Contacts are personal data: only members' and applicants' are told to the other services, only internally."""
    fact = ContactChanged(
        contact_id=contact.id,
        organization_id=contact.organization_id,
        role=contact.role,
        name=contact.name,
        email=contact.email,
        language=contact.language,
        removed=removed,
    )
    publish(session, fact, at=at)
