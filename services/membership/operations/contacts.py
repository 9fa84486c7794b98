"""Contacts of an organization."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.membership.model import Contact, UnknownContact
from services.membership.operations.announcing import announce_contact, is_written_to, was_written_to
from services.membership.operations.finding import organization_to_change
from services.membership.operations.history import note
from shared.ids import uuid7


def contact_to_change(session: Session, *, organization_id: UUID, contact_id: UUID) -> Contact:
    """The contact, with its organization locked."""
    organization = organization_to_change(session, organization_id=organization_id)
    found = next((contact for contact in organization.contacts if contact.id == contact_id), None)
    if not found:
        raise UnknownContact(contact_id=contact_id)
    return found


def add_contact(
    session: Session,
    *,
    organization_id: UUID,
    role: str,
    name: str = "",
    email: str = "",
    phone: str = "",
    language: str | None = None,
    actor: str = "system",
    now: datetime,
) -> Contact:
    organization = organization_to_change(session, organization_id=organization_id)
    contact = Contact(
        id=uuid7(),
        organization_id=organization_id,
        role=role,
        name=name,
        email=email,
        phone=phone,
        language=language or organization.language,
    )
    organization.contacts.append(contact)
    session.flush()
    note(session, organization_id, "contact_added", fields={"role": [None, role]}, actor=actor, now=now)
    if is_written_to(session, organization):
        announce_contact(session, contact, at=now)
    return contact


def change_contact(
    session: Session, contact: Contact, *, actor: str = "system", now: datetime, **facts: Any
) -> Contact:
    """Change what `facts` names; staff's word stands from then on, whatever the register says later."""
    changed = sorted(name for name, value in facts.items() if getattr(contact, name) != value)
    for name, value in facts.items():
        setattr(contact, name, value)
    contact.from_register = False
    organization = organization_to_change(session, organization_id=contact.organization_id)
    session.flush()
    said = {"role": contact.role, "changed": changed}
    note(session, organization.id, "contact_changed", fields=said, actor=actor, now=now)
    if is_written_to(session, organization):
        announce_contact(session, contact, at=now)
    return contact


def remove_contact(session: Session, contact: Contact, *, actor: str = "system", now: datetime) -> None:
    """Nobody writes there any more."""
    organization = organization_to_change(session, organization_id=contact.organization_id)
    if was_written_to(session, organization):
        announce_contact(session, contact, at=now, removed=True)
    organization.contacts.remove(contact)
    said = {"role": [contact.role, None]}
    note(session, organization.id, "contact_removed", fields=said, actor=actor, now=now)
