"""Follow a register where it changed what it says of an organization."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from services.membership.model import Contact, Identifier, Member, Organization
from services.membership.model.members import LIVE
from services.membership.operations.announcing import announce_contact, announce_update, public_state
from services.membership.registers.entries import Entry
from shared.ids import uuid7

OF_THE_REGISTER = (
    "name",
    "country",
    "subdivision",
    "locality",
    "address",
    "postal_code",
    "website",
    "sectors",
    "structure",
    "founded_on",
    "language",
)


def contact_rows(organization_id: UUID, entry: Entry) -> Iterable[dict[str, Any]]:
    for email, phone in entry.contacts:
        yield {
            "id": uuid7(),
            "version": 1,
            "organization_id": organization_id,
            "role": "office",
            "name": "",
            "email": email,
            "phone": phone,
            "language": entry.language,
            "from_register": True,
        }


def follow(session: Session, changed: dict[UUID, Entry], *, now: datetime) -> None:
    """What the register says now; members' changes are told one by one, for the other services know only them."""
    if not changed:
        return
    locked = select(Organization).where(Organization.id.in_(changed)).with_for_update(of=Organization)
    theirs = select(Member).where(Member.organization_id.in_(changed), Member.standing.in_(LIVE))
    members = {member.organization_id: member for member in session.scalars(theirs)}
    whole = locked.options(selectinload(Organization.identifiers), selectinload(Organization.contacts))
    for organization in session.scalars(whole.execution_options(populate_existing=True)).all():
        member = members.get(organization.id)
        before = public_state(member) if member else None
        _follow(session, organization, changed[organization.id], is_member=member is not None, now=now)
        if member and public_state(member) != before:
            announce_update(session, member, at=now)
    pending = [{"organization_id": key} for key in changed]
    session.execute(text("INSERT INTO unmatched VALUES (:organization_id) ON CONFLICT DO NOTHING"), pending)


def _follow(session: Session, organization: Organization, entry: Entry, *, is_member: bool, now: datetime) -> None:
    kept = [one for one in organization.identifiers if one.scheme not in entry.schemes]
    same = {(one.scheme, one.value): one for one in organization.identifiers}
    told = [
        same.get((scheme, value)) or Identifier(scheme=scheme, value=value, valid=valid)
        for scheme, value, valid in entry.identifiers
    ]
    organization.identifiers = kept + told
    organization.describe(
        now=now,
        **{column: getattr(entry, column) for column in OF_THE_REGISTER},
        register_hash=entry.digest,
        gone_at=None,
    )
    _follow_contacts(session, organization, entry, is_member=is_member, now=now)


def _follow_contacts(
    session: Session, organization: Organization, entry: Entry, *, is_member: bool, now: datetime
) -> None:
    wanted = set(entry.contacts)
    for contact in [one for one in organization.contacts if one.from_register]:
        if (contact.email, contact.phone) not in wanted:
            organization.contacts.remove(contact)
            if is_member:
                announce_contact(session, contact, at=now, removed=True)
    there = {(one.email, one.phone) for one in organization.contacts}
    staffs = {one.email for one in organization.contacts if not one.from_register and one.email}
    for row in contact_rows(organization.id, entry):
        if (row["email"], row["phone"]) not in there and row["email"] not in staffs:
            contact = Contact(**row)
            organization.contacts.append(contact)
            if is_member:
                announce_contact(session, contact, at=now)
