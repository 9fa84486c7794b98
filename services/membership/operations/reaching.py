"""Whom of an organization to write to, and the links that are sent along."""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership.model import Contact

Address = Callable[[UUID], str]
"""The address that a link's id is sent out as; it holds the secret, so it is made at the edge and never stored."""

LEADING = ("general_management", "presidency", "secretariat", "office")
"""Who speaks for an organization, in this order."""


def contacts_of(session: Session, organization_ids: Iterable[UUID], *, first: Sequence[str]) -> dict[UUID, Contact]:
    """The contact of each organization that has an address; the roles named come first, in their order."""
    query = select(Contact).where(Contact.organization_id.in_(organization_ids), Contact.email != "")
    found: dict[UUID, Contact] = {}
    for contact in sorted(session.scalars(query), key=lambda one: _rank(one, first)):
        found.setdefault(contact.organization_id, contact)
    return found


def _rank(contact: Contact, first: Sequence[str]) -> tuple[int, UUID]:
    return first.index(contact.role) if contact.role in first else len(first), contact.id
