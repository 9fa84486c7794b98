"""Organizations: find, add, change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict
from uuid import UUID

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session, aliased

from services.membership.identifiers import Kind, bare, kind_of, read_identifier
from services.membership.languages import language_of_country
from services.membership.model import (
    Affiliation,
    Identifier,
    IdentifierTwice,
    Member,
    Organization,
)
from services.membership.model.members import LIVE
from services.membership.names import fold
from services.membership.operations.announcing import announce_update, live_member, public_state
from services.membership.operations.history import facts_of, note, note_difference
from services.membership.operations.matching import match
from services.membership.operations.searching import name_begins
from services.membership.vocabulary import degree_of
from shared.contracts.membership import Standing
from shared.ids import uuid7

_merged = aliased(Organization)
_IDENTITY = {
    "name",
    "acronym",
    "trade_names",
    "country",
    "subdivision",
    "locality",
    "address",
    "website",
    "founded_on",
}


_EMPTY: dict[str, Any] = {
    "acronym": "",
    "trade_names": [],
    "subdivision": "",
    "locality": "",
    "address": "",
    "postal_code": "",
    "website": "",
    "structure": "",
    "founded_on": None,
    "languages": [],
}
"""What is not known yet."""


class GivenIdentifier(TypedDict):
    """An identifier as the caller writes it; the scheme says its kind where the caller doesn't."""

    scheme: str
    value: str
    kind: NotRequired[Kind]


def organizations(
    session: Session,
    *,
    name: str | None = None,
    identifier: str | None = None,
    country: str | None = None,
    subdivision: str | None = None,
    sector: str | None = None,
    degree: str | None = None,
    federation_id: UUID | None = None,
    registry: str | None = None,
    standing: Standing | None = None,
    member: bool | None = None,
    gone: bool | None = None,
) -> Select[Organization]:
    """Organizations that match everything given, without those merged into others.

    `name` finds words of name, acronym and trade names by their beginnings, accents and case aside. `registry` finds
    those of the register, and those into which one of it was merged; `federation_id` those that belong to it now.
    """
    query = select(Organization).where(Organization.merged_into.is_(None))
    if name is not None:
        query = query.where(name_begins(session, name))
    if identifier is not None:
        query = query.where(Organization.identifiers.any(Identifier.value.in_({identifier, bare(identifier)})))
    if country is not None:
        query = query.where(Organization.country == country)
    if subdivision is not None:
        query = query.where(Organization.folded_subdivision == fold(subdivision))
    if sector is not None:
        query = query.where(Organization.sectors.contains([sector]))
    if degree is not None:
        query = query.where(Organization.degree == degree)
    if federation_id is not None:
        theirs = exists().where(Affiliation.organization_id == Organization.id, Affiliation.until_on.is_(None))
        query = query.where(theirs.where(Affiliation.federation_id == federation_id))
    if registry is not None:
        merged = select(_merged.merged_into).where(_merged.register == registry, _merged.merged_into.is_not(None))
        query = query.where(or_(Organization.register == registry, Organization.id.in_(merged)))
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
    degree: str | None = None,
    reason: str = "",
    actor: str = "system",
    now: datetime,
    **facts: Any,
) -> Organization:
    """An organization staff came to know of; what looks like one known already goes to review.

    The degree follows from the structure unless it is given.
    """
    added = Organization(id=uuid7(), created_at=now)
    given = {column: facts.get(column, empty) for column, empty in _EMPTY.items()}
    added.identifiers = _identifiers(identifiers)
    added.describe(
        now=now,
        **given,
        name=name,
        country=country,
        sectors=list(sectors),
        language=language or language_of_country(country),
        degree=degree if degree is not None else degree_of(given["structure"]),
    )
    session.add(added)
    session.flush()
    said = {name: [None, value] for name, value in facts_of(added).items() if value}
    note(session, added.id, "added", fields=said, reason=reason, actor=actor, now=now)
    match(session, [added.id], now=now)
    return added


def update_organization(
    session: Session,
    known: Organization,
    *,
    identifiers: Sequence[GivenIdentifier] | None = None,
    reason: str = "",
    actor: str = "system",
    now: datetime,
    **facts: Any,
) -> Organization:
    """Change what `facts` names; the other services hear of it when it is a member and they can see the difference."""
    member = live_member(session, known)
    before = public_state(member) if member else None
    record = facts_of(known)
    if identifiers is not None:
        known.identifiers = _identifiers(identifiers)
    if "structure" in facts and "degree" not in facts and known.degree == degree_of(known.structure):
        facts["degree"] = degree_of(facts["structure"])
    known.describe(now=now, **facts)
    session.flush()
    note_difference(session, known, record, "changed", reason=reason, actor=actor, now=now)
    if identifiers is not None or _IDENTITY & facts.keys():
        match(session, [known.id], now=now)
    if member and public_state(member) != before:
        announce_update(session, member, at=now)
    return known


def _identifiers(given: Sequence[GivenIdentifier]) -> list[Identifier]:
    read: dict[tuple[str, str], Identifier] = {}
    for index, one in enumerate(given):
        scheme = one["scheme"]
        value, valid = read_identifier(scheme, one["value"])
        if (scheme, value) in read:
            raise IdentifierTwice(scheme=scheme, value=value, pointer=f"/identifiers/{index}/value")
        kind = one.get("kind") or kind_of(scheme)
        read[scheme, value] = Identifier(scheme=scheme, value=value, valid=valid, kind=kind)
    return list(read.values())
