"""Organizations: find, add, change."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from services.membership.identifiers import bare, read_identifier
from services.membership.languages import language_of_country
from services.membership.model import (
    Identifier,
    IdentifierTwice,
    Member,
    Organization,
    UnknownOrganization,
)
from services.membership.model.members import LIVE
from services.membership.names import fold
from services.membership.operations.announcing import announce_update, live_member, public_state
from services.membership.operations.matching import match
from services.membership.operations.searching import name_begins
from shared.contracts.membership import Standing
from shared.ids import uuid7

_IDENTITY = {"name", "country", "subdivision", "locality", "address", "founded_on"}


class GivenIdentifier(TypedDict):
    """An identifier as the caller writes it."""

    scheme: str
    value: str


def organization(session: Session, *, organization_id: UUID) -> Organization:
    found = session.get(Organization, organization_id)
    if not found:
        raise UnknownOrganization(organization_id=organization_id)
    return found


def organization_to_change(session: Session, *, organization_id: UUID) -> Organization:
    """The organization, locked: who comes second waits, and sees what the first one did."""
    found = session.get(Organization, organization_id, with_for_update={"of": Organization}, populate_existing=True)
    if not found:
        raise UnknownOrganization(organization_id=organization_id)
    return found


def organizations(
    *,
    name: str | None = None,
    identifier: str | None = None,
    country: str | None = None,
    subdivision: str | None = None,
    sector: str | None = None,
    registry: str | None = None,
    standing: Standing | None = None,
    member: bool | None = None,
    gone: bool | None = None,
) -> Select[Organization]:
    """Organizations that match everything given; `name` finds words by their beginnings, accents and case aside."""
    query = select(Organization)
    if name is not None:
        query = query.where(name_begins(name))
    if identifier is not None:
        query = query.where(Organization.identifiers.any(Identifier.value.in_({identifier, bare(identifier)})))
    if country is not None:
        query = query.where(Organization.country == country)
    if subdivision is not None:
        query = query.where(Organization.folded_subdivision == fold(subdivision))
    if sector is not None:
        query = query.where(Organization.sectors.contains([sector]))
    if registry is not None:
        query = query.where(Organization.register == registry)
    if gone is not None:
        query = query.where(Organization.gone_at.is_not(None) if gone else Organization.gone_at.is_(None))
    return _by_membership(query, standing=standing, member=member)


def _by_membership(
    query: Select[Organization], *, standing: Standing | None, member: bool | None
) -> Select[Organization]:
    theirs = exists().where(Member.organization_id == Organization.id)
    if standing is not None:
        query = query.where(theirs.where(Member.standing == standing))
    if member is not None:
        live = theirs.where(Member.standing.in_(LIVE))
        query = query.where(live if member else ~live)
    return query


def add_organization(
    session: Session,
    *,
    name: str,
    country: str,
    sectors: Sequence[str],
    identifiers: Sequence[GivenIdentifier] = (),
    language: str | None = None,
    founded_on: date | None = None,
    now: datetime,
    **place: str,
) -> Organization:
    """An organization staff came to know of; what looks like one known already goes to review."""
    added = Organization(id=uuid7(), created_at=now, founded_on=founded_on, sectors=list(sectors))
    for column in ("subdivision", "locality", "address", "postal_code", "website", "structure"):
        setattr(added, column, place.get(column, ""))
    added.identifiers = _identifiers(identifiers)
    added.describe(now=now, name=name, country=country, language=language or language_of_country(country))
    session.add(added)
    session.flush()
    match(session, [added.id], now=now)
    return added


def update_organization(
    session: Session,
    known: Organization,
    *,
    identifiers: Sequence[GivenIdentifier] | None = None,
    now: datetime,
    **facts: Any,
) -> Organization:
    """Change what `facts` names; the other services hear of it when it is a member and they can see the difference."""
    member = live_member(session, known)
    before = public_state(member) if member else None
    if identifiers is not None:
        known.identifiers = _identifiers(identifiers)
    known.describe(now=now, **facts)
    session.flush()
    if identifiers is not None or _IDENTITY & facts.keys():
        match(session, [known.id], now=now)
    if member and public_state(member) != before:
        announce_update(session, member, at=now)
    return known


def _identifiers(given: Sequence[GivenIdentifier]) -> list[Identifier]:
    read: dict[tuple[str, str], Identifier] = {}
    for index, one in enumerate(given):
        value, valid = read_identifier(one["scheme"], one["value"])
        if (one["scheme"], value) in read:
            raise IdentifierTwice(scheme=one["scheme"], value=value, pointer=f"/identifiers/{index}/value")
        read[one["scheme"], value] = Identifier(scheme=one["scheme"], value=value, valid=valid)
    return list(read.values())
