"""Who of a member is written to about dues."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import Session

from services.membership.model import Contact, Member, Organization
from services.membership.operations.reaching import LEADING, contacts_of
from shared.i18n import LANGUAGES, Language

ROLES = ("dues", *LEADING)
"""In this order; where nobody answers for dues, who leads the organization does."""


def has_dues_contact() -> ColumnElement[bool]:
    """Of the query's Member."""
    return exists().where(
        Contact.organization_id == Member.organization_id, Contact.email != "", Contact.role.in_(ROLES)
    )


def dues_contacts(session: Session, organization_ids: Sequence[UUID]) -> dict[UUID, Contact]:
    """The contact of each organization that has one."""
    found = contacts_of(session, organization_ids, first=ROLES)
    return {organization_id: one for organization_id, one in found.items() if one.role in ROLES}


def language_for(contact: Contact | None, organization: Organization) -> Language:
    """The language of ours the contact reads, or the organization."""
    wanted = [(contact.language if contact else "").split("-")[0], organization.language.split("-")[0]]
    return next((one for tag in wanted for one in LANGUAGES if one == tag), "en")


def addressee_of(contact: Contact | None, organization: Organization) -> dict[str, Any]:
    """Name, address and numbers of who is asked to pay, as an invoice keeps them."""
    numbers = [[one.scheme, one.value] for one in organization.identifiers if one.kind == "tax"]
    names = ("name", "country", "subdivision", "locality", "address", "postal_code")
    facts = {name: getattr(organization, name) for name in names}
    person = {"contact": contact.name, "role": contact.role} if contact else {}
    return {**facts, **person, "identifiers": numbers}
