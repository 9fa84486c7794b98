"""One organization by its id; the id of one that was merged leads to where it went."""

from uuid import UUID

from sqlalchemy.orm import Session

from services.membership.model import Organization, OrganizationMergedAway, UnknownOrganization


def organization(session: Session, *, organization_id: UUID) -> Organization:
    """The organization.

    Raises:
        UnknownOrganization: when there is none.
        OrganizationMergedAway: when it was merged; the refusal names the survivor.
    """
    return _standing(session, session.get(Organization, organization_id), organization_id)


def organization_to_change(session: Session, *, organization_id: UUID) -> Organization:
    """The organization, locked: who comes second waits, and sees what the first one did."""
    found = session.get(Organization, organization_id, with_for_update={"of": Organization}, populate_existing=True)
    return _standing(session, found, organization_id)


def survivor_of(session: Session, merged: Organization) -> Organization:
    """Where the organization went in the end, however many merges there were."""
    while merged.merged_into:
        further = session.get(Organization, merged.merged_into)
        assert further is not None, "a foreign key holds it"
        merged = further
    return merged


def _standing(session: Session, found: Organization | None, organization_id: UUID) -> Organization:
    if not found:
        raise UnknownOrganization(organization_id=organization_id)
    if found.merged_into:
        raise OrganizationMergedAway(name=found.name, survivor_id=survivor_of(session, found).id)
    return found
