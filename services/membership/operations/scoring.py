"""The facts that a prospect's fit rests on, gathered for many at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.membership.fit import Contactable, Facts, Fit, fit
from services.membership.model import Contact, Lead, Member, Organization
from services.membership.model.members import LIVE
from services.membership.operations.candidates import any_of
from services.membership.operations.representation import persons_by_organization


class Subject(NamedTuple):
    """What is looked at of an organization itself."""

    id: UUID
    country: str
    sectors: Sequence[str]
    structure: str
    website: str


def fit_of(session: Session, organization: Organization, *, now: datetime) -> Fit:
    """The fit of one organization at this moment."""
    return fits(session, [subject_of(organization)], now=now)[organization.id]


def subject_of(organization: Organization) -> Subject:
    return Subject(
        organization.id,
        organization.country,
        organization.sectors,
        organization.structure,
        organization.website,
    )


def fits(session: Session, subjects: Sequence[Subject], *, now: datetime) -> dict[UUID, Fit]:
    """The fit of each at this moment. Whom one represents is known where it was a member and declared it then."""
    countries = {subject.country for subject in subjects}
    members, represented = _members(session, countries)
    ids = [subject.id for subject in subjects]
    contacts, leads = _contacts(session, ids), _leads(session, ids)
    known = persons_by_organization(session, year=now.year, known_at=now, organization_ids=ids)
    return {
        subject.id: fit(
            Facts(
                members_in_country=members.get(subject.country, 0),
                has_sectors=bool(subject.sectors),
                sectors_have_members=any((subject.country, sector) in represented for sector in subject.sectors),
                structure=subject.structure,
                persons=known.get(subject.id),
                contactable=contacts.get(subject.id, "website" if subject.website else "nobody"),
                days_since_lead=max(0, (now - leads[subject.id]).days) if subject.id in leads else None,
            )
        )
        for subject in subjects
    }


def _members(session: Session, countries: Iterable[str]) -> tuple[dict[str, int], set[tuple[str, str]]]:
    """How many live members each of the countries has, and which of its sectors have one."""
    theirs = (
        select(Organization.country, Organization.sectors, func.count())
        .join(Member, Member.organization_id == Organization.id)
        .where(Member.standing.in_(LIVE), Organization.country.in_(countries))
        .group_by(Organization.country, Organization.sectors)
    )
    counts: dict[str, int] = {}
    represented: set[tuple[str, str]] = set()
    for country, sectors, count in session.execute(theirs):
        counts[country] = counts.get(country, 0) + count
        represented.update((country, sector) for sector in sectors)
    return counts, represented


def _contacts(session: Session, ids: Sequence[UUID]) -> dict[UUID, Contactable]:
    by_email = Contact.email != ""
    theirs = (
        select(
            Contact.organization_id,
            func.bool_or(by_email & (Contact.name != "")),
            func.bool_or(by_email),
            func.bool_or(Contact.phone != ""),
        )
        .where(Contact.organization_id == any_of(ids))
        .group_by(Contact.organization_id)
    )
    found: dict[UUID, Contactable] = {}
    for organization_id, person, email, phone in session.execute(theirs):
        if person or email or phone:
            found[organization_id] = "person" if person else "email" if email else "phone"
    return found


def _leads(session: Session, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    latest = (
        select(Lead.organization_id, func.max(Lead.captured_at))
        .where(Lead.organization_id == any_of(ids))
        .group_by(Lead.organization_id)
    )
    return {row[0]: row[1] for row in session.execute(latest)}
