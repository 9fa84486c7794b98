"""What comms follows of membership: members and merges."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.comms.model import Contact, Member, MergedOrganization
from shared import merged, replica
from shared.contracts.membership import MemberState
from shared.messaging.wire import Delivery

SPEAKING = ("general_management", "presidency", "secretariat", "office")
"""Whose roles speak for an organization, in this order; everybody else comes after."""


def keep_members(session: Session, deliveries: Sequence[Delivery[MemberState]]) -> None:
    replica.keep(session, Member, deliveries)


def forget_members(session: Session) -> None:
    session.execute(delete(Member))


def keep_merges(session: Session, deliveries: Sequence[Delivery[merged.Change]]) -> None:
    """Messages, welcomes and contacts of a merged organization are found under its survivor from now on."""
    merged.keep(session, MergedOrganization, deliveries)


def forget_merges(session: Session) -> None:
    session.execute(delete(MergedOrganization))


def one_at_a_time(session: Session, organization_id: UUID) -> None:
    """A letter and its contact handled at the same moment would each miss the other's uncommitted row."""
    standing = merged.survivor(session, MergedOrganization, organization_id)
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(standing), 0))))


def speaker(session: Session, organization_id: UUID) -> Contact | None:
    """Who is written to where nobody in particular is meant, and who can be."""
    theirs = select(Contact).where(Contact.organization_id.in_(known_as(session, organization_id)))
    reachable = [contact for contact in session.scalars(theirs) if contact.is_reachable]
    return min(reachable, key=_rank, default=None)


def _rank(contact: Contact) -> tuple[int, UUID]:
    return SPEAKING.index(contact.role) if contact.role in SPEAKING else len(SPEAKING), contact.id


def known_as(session: Session, organization_id: UUID) -> list[UUID]:
    """The organization with all that were merged into it."""
    return merged.known_as(session, MergedOrganization, organization_id)
