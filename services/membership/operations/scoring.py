"""The facts that a prospect's fit rests on, gathered for many at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, select, true
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
    members, represented = _members(session, {subject.country for subject in subjects})
    known = _known(session, [subject.id for subject in subjects])
    once = [one for one, facts in known.items() if facts.was_member]
    persons = persons_by_organization(session, year=now.year, known_at=now, organization_ids=once) if once else {}
    return {
        subject.id: fit(
            Facts(
                members_in_country=members.get(subject.country, 0),
                has_sectors=bool(subject.sectors),
                sectors_have_members=any((subject.country, sector) in represented for sector in subject.sectors),
                structure=subject.structure,
                persons=persons.get(subject.id),
                contactable=_contactable(known[subject.id], subject.website),
                days_since_lead=_days_since(known[subject.id].lead_at, now),
            )
        )
        for subject in subjects
    }


class _Known(NamedTuple):
    """What is looked at of what is kept beside an organization; None where it has no contact, or no lead."""

    by_person: bool | None
    by_email: bool | None
    by_phone: bool | None
    lead_at: datetime | None
    was_member: bool


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


def _known(session: Session, ids: Sequence[UUID]) -> dict[UUID, _Known]:
    by_email = Contact.email != ""
    contacts = (
        select(
            func.bool_or(by_email & (Contact.name != "")).label("by_person"),
            func.bool_or(by_email).label("by_email"),
            func.bool_or(Contact.phone != "").label("by_phone"),
        )
        .where(Contact.organization_id == Organization.id)
        .lateral()
    )
    lead_at = select(func.max(Lead.captured_at)).where(Lead.organization_id == Organization.id).scalar_subquery()
    was_member = exists().where(Member.organization_id == Organization.id)
    theirs = select(Organization.id, *contacts.c, lead_at, was_member).join(contacts, true())
    rows = session.execute(theirs.where(Organization.id == any_of(ids)))
    return {row[0]: _Known(*row[1:]) for row in rows}


def _contactable(known: _Known, website: str) -> Contactable:
    if known.by_person:
        return "person"
    if known.by_email:
        return "email"
    if known.by_phone:
        return "phone"
    return "website" if website else "nobody"


def _days_since(lead_at: datetime | None, now: datetime) -> int | None:
    return None if lead_at is None else max(0, (now - lead_at).days)
