"""Propose pairs that may be one organization: same valid identifier, or close names in the same place."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session, aliased

from services.membership.matching import Candidate, close_pairs
from services.membership.model import Identifier, Organization, ReviewItem
from services.membership.model.review import Reason
from shared.ids import uuid7

MAX_SHARING = 20
"""An identifier that more organizations than this bear is a placeholder, and tells nobody apart."""


class Proposal(NamedTuple):
    """A pair, its smaller id first, and why it is proposed."""

    first_id: UUID
    second_id: UUID
    reason: Reason
    evidence: dict[str, Any]


def match(session: Session, organization_ids: Sequence[UUID], *, now: datetime) -> list[Proposal]:
    """Compare these organizations with all others, and put new pairs into review; returns those it put there.

    A pair that was proposed before for the same reason is not proposed again, whatever was decided.
    """
    session.flush()
    found = [*_shared_identifiers(session, organization_ids), *_close_names(session, organization_ids)]
    return _open(session, found, now=now)


def any_of(ids: Sequence[UUID]) -> ColumnElement[Any]:
    """What a column is compared with to be one of `ids`: one parameter, however many they are."""
    return any_(literal(list(ids), ARRAY(Uuid)))


def _open(session: Session, found: list[Proposal], *, now: datetime) -> list[Proposal]:
    if not found:
        return []
    rows = [{"id": uuid7(), "version": 1, "opened_at": now, "note": "", **pair._asdict()} for pair in found]
    keys = ReviewItem.first_id, ReviewItem.second_id, ReviewItem.reason
    opened = session.execute(insert(ReviewItem).on_conflict_do_nothing().returning(*keys), rows)
    new = {tuple(row) for row in opened}
    return [pair for pair in found if (pair.first_id, pair.second_id, pair.reason) in new]


def _shared_identifiers(session: Session, organization_ids: Sequence[UUID]) -> Iterator[Proposal]:
    mine, theirs = aliased(Identifier), aliased(Identifier)
    same = and_(theirs.scheme == mine.scheme, theirs.value == mine.value, theirs.valid)
    bearers = (
        select(theirs.scheme, theirs.value, theirs.organization_id)
        .select_from(mine)
        .join(theirs, same)
        .join(Organization, Organization.id == theirs.organization_id)
        .where(mine.organization_id == any_of(organization_ids), mine.valid, Organization.gone_at.is_(None))
        .distinct()
    )
    groups: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for scheme, value, organization_id in session.execute(bearers):
        groups[scheme, value].append(organization_id)
    for (scheme, value), sharing in groups.items():
        if len(sharing) <= MAX_SHARING:
            for first, second in combinations(sorted(sharing), 2):
                yield Proposal(first, second, "shared_identifier", {"scheme": scheme, "value": value})


def _close_names(session: Session, organization_ids: Sequence[UUID]) -> Iterator[Proposal]:
    fresh = set(organization_ids)
    located = select(Organization.place).where(Organization.id == any_of(organization_ids)).distinct()
    places = [place for place in session.scalars(located) if place is not None]
    for neighbours in _neighbours(session, places):
        for a, b in close_pairs(neighbours, fresh):
            first, second = sorted((a, b), key=lambda candidate: candidate.id)
            yield Proposal(first.id, second.id, "close_name", {"first": first.name, "second": second.name})


def _neighbours(session: Session, places: list[str]) -> Iterable[list[Candidate]]:
    """Everybody in each of the places."""
    columns = (
        Organization.id,
        Organization.name,
        Organization.folded_subdivision,
        Organization.address,
        Organization.founded_on,
        Organization.register,
    )
    there = Organization.place == any_(literal(places, ARRAY(Text)))
    rows = session.execute(select(Organization.place, *columns).where(there, Organization.gone_at.is_(None))).all()
    identifiers = _valid_identifiers(session, [row.id for row in rows])
    groups: dict[str | None, list[Candidate]] = defaultdict(list)
    for place, organization_id, name, subdivision, address, founded_on, register in rows:
        candidate = Candidate(
            id=organization_id,
            name=name,
            subdivision=subdivision,
            address=address,
            founded_on=founded_on,
            register=register,
            identifiers=identifiers.get(organization_id, {}),
        )
        groups[place].append(candidate)
    return groups.values()


def _valid_identifiers(session: Session, organization_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    theirs = select(Identifier.organization_id, Identifier.scheme, Identifier.value).where(
        Identifier.organization_id == any_of(organization_ids), Identifier.valid
    )
    found: dict[UUID, dict[str, str]] = defaultdict(dict)
    for organization_id, scheme, value in session.execute(theirs):
        found[organization_id][scheme] = value
    return found
