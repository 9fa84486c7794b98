"""Propose pairs that may be one organization: same valid identifier or acronym, or close names in the same place."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, Uuid, and_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session, aliased

from services.membership.identifiers import IDENTITY
from services.membership.matching import MAX_SHARING, Pair, close_pairs, sharing_pairs
from services.membership.model import Identifier, Organization, ReviewItem
from services.membership.model.review import Reason
from services.membership.operations.candidates import STANDING_ALONE, any_of, candidates, neighbours
from services.membership.scoring import Level
from shared.ids import uuid7


class Proposal(NamedTuple):
    """A pair, its smaller id first, why it is proposed, and what speaks for and against it."""

    first_id: UUID
    second_id: UUID
    reason: Reason
    evidence: dict[str, Any]
    score: int
    level: Level
    signals: list[dict[str, Any]]


def match(session: Session, organization_ids: Sequence[UUID], *, now: datetime) -> list[Proposal]:
    """Compare these organizations with all others, and put new pairs into review; returns those it put there.

    A pair that was proposed before for the same reason is not proposed again, whatever was decided. One that is found
    for several reasons is proposed for the strongest.
    """
    session.flush()
    found: dict[tuple[UUID, UUID], Proposal] = {}
    for steps in (_shared_identifiers, _close_names, _same_acronyms):
        for proposal in steps(session, organization_ids):
            found.setdefault((proposal.first_id, proposal.second_id), proposal)
    return _open(session, list(found.values()), now=now)


def _open(session: Session, found: list[Proposal], *, now: datetime) -> list[Proposal]:
    if not found:
        return []
    rows = [{"id": uuid7(), "version": 1, "opened_at": now, "note": "", **pair._asdict()} for pair in found]
    keys = ReviewItem.first_id, ReviewItem.second_id, ReviewItem.reason
    opened = session.execute(insert(ReviewItem).on_conflict_do_nothing().returning(*keys), rows)
    new = {tuple(row) for row in opened}
    return [pair for pair in found if (pair.first_id, pair.second_id, pair.reason) in new]


def _proposal(pair: Pair, reason: Reason, evidence: dict[str, Any]) -> Proposal:
    signals = [{"code": one.code, "weight": one.weight, "params": one.params} for one in pair.score.signals]
    return Proposal(pair.first.id, pair.second.id, reason, evidence, pair.score.points, pair.score.level, signals)


def _shared_identifiers(session: Session, organization_ids: Sequence[UUID]) -> Iterator[Proposal]:
    mine, theirs = aliased(Identifier), aliased(Identifier)
    same = and_(theirs.scheme == mine.scheme, theirs.value == mine.value, theirs.valid, theirs.kind.in_(IDENTITY))
    bearers = func.array_agg(theirs.organization_id.distinct(), type_=ARRAY(Uuid))
    shared = (
        select(theirs.scheme, theirs.value, bearers)
        .select_from(mine)
        .join(theirs, same)
        .join(Organization, Organization.id == theirs.organization_id)
        .where(mine.organization_id == any_of(organization_ids), mine.valid, mine.kind.in_(IDENTITY), *STANDING_ALONE)
        .group_by(theirs.scheme, theirs.value)
        .having(func.count(theirs.organization_id.distinct()) > 1)
    )
    groups = {(scheme, value): bearing for scheme, value, bearing in session.execute(shared)}
    for (scheme, value), pairs in _sharing(session, groups, organization_ids):
        for pair in pairs:
            yield _proposal(pair, "shared_identifier", {"scheme": scheme, "value": value})


def _same_acronyms(session: Session, organization_ids: Sequence[UUID]) -> Iterator[Proposal]:
    borne = select(func.unnest(Organization.acronyms)).where(Organization.id == any_of(organization_ids)).distinct()
    mine = set(session.scalars(borne))
    if not mine:
        return
    overlap = Organization.acronyms.overlap(literal(sorted(mine), ARRAY(Text)))
    query = select(Organization.country, Organization.acronyms, Organization.id).where(overlap, *STANDING_ALONE)
    groups: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for country, acronyms, organization_id in session.execute(query):
        for acronym in mine.intersection(acronyms):
            groups[country, acronym].append(organization_id)
    for (_, acronym), pairs in _sharing(session, groups, organization_ids):
        for pair in pairs:
            yield _proposal(pair, "same_acronym", {"acronym": acronym.upper()})


def _sharing(
    session: Session, groups: Mapping[tuple[str, str], Sequence[UUID]], fresh: Sequence[UUID]
) -> Iterator[tuple[tuple[str, str], Iterator[Pair]]]:
    """What each group shares, with its pairs; a group of one is none, and of many its mark tells nobody apart."""
    telling = {shared: bearers for shared, bearers in groups.items() if 1 < len(bearers) <= MAX_SHARING}
    known = candidates(session, list({one for bearers in telling.values() for one in bearers}))
    for shared, bearers in telling.items():
        yield shared, sharing_pairs([known[one] for one in bearers], set(fresh))


def _close_names(session: Session, organization_ids: Sequence[UUID]) -> Iterator[Proposal]:
    fresh = set(organization_ids)
    located = select(Organization.place).where(Organization.id == any_of(organization_ids)).distinct()
    places = [place for place in session.scalars(located) if place is not None]
    for place in neighbours(session, places):
        for pair in close_pairs(place, fresh):
            yield _proposal(pair, "close_name", {"first": pair.first.name, "second": pair.second.name})
