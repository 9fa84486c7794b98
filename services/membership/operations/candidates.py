"""Organizations as they are compared: what the database knows of them, many at once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Text, Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from services.membership.identifiers import Kind
from services.membership.model import Identifier, Organization
from services.membership.scoring import Candidate

ROWS_AT_ONCE = 1000
"""Read from the database at once; what is kept of a row is smaller than the row."""

STANDING_ALONE = (Organization.gone_at.is_(None), Organization.merged_into.is_(None))
"""Neither dropped by its register nor merged into another."""


def any_of(ids: Sequence[UUID]) -> ColumnElement[Any]:
    """What a column is compared with to be one of `ids`: one parameter, however many they are."""
    return any_(literal(list(ids), ARRAY(Uuid)))


def candidates(session: Session, organization_ids: Sequence[UUID]) -> dict[UUID, Candidate]:
    """Those of the organizations that stand alone, by id."""
    found = _read(session, _columns().where(Organization.id == any_of(organization_ids), *STANDING_ALONE))
    return {candidate.id: candidate for candidate in found}


def neighbours(session: Session, places: Sequence[str]) -> list[list[Candidate]]:
    """Everybody in each of the places."""
    there = Organization.place == any_(literal(list(places), ARRAY(Text)))
    groups: dict[str | None, list[Candidate]] = defaultdict(list)
    for candidate in _read(session, _columns().where(there, *STANDING_ALONE)):
        groups[candidate.place].append(candidate)
    return list(groups.values())


def _columns() -> Select[Any]:
    columns: tuple[Any, ...] = (
        Organization.id,
        Organization.name,
        Organization.country,
        Organization.place,
        Organization.folded_subdivision.label("subdivision"),
        Organization.address,
        Organization.website,
        Organization.acronym,
        Organization.trade_names,
        Organization.founded_on,
        Organization.register,
    )
    return select(*columns)


def _read(session: Session, query: Select[Any]) -> list[Candidate]:
    found: list[Candidate] = []
    for rows in session.execute(query.execution_options(yield_per=ROWS_AT_ONCE)).partitions():
        values, kinds = _valid_identifiers(session, [row.id for row in rows])
        found += (_candidate(row, values.get(row.id, {}), kinds.get(row.id, {})) for row in rows)
    return found


def _candidate(row: Row[Any], values: dict[str, str], kinds: dict[str, Kind]) -> Candidate:
    facts = row._asdict() | {"trade_names": tuple(row.trade_names)}
    return Candidate(**facts, identifiers=values, kinds=kinds)


def _valid_identifiers(
    session: Session, organization_ids: Sequence[UUID]
) -> tuple[dict[UUID, dict[str, str]], dict[UUID, dict[str, Kind]]]:
    columns = Identifier.organization_id, Identifier.scheme, Identifier.value, Identifier.kind
    theirs = select(*columns).where(Identifier.organization_id == any_of(organization_ids), Identifier.valid)
    values: dict[UUID, dict[str, str]] = defaultdict(dict)
    kinds: dict[UUID, dict[str, Kind]] = defaultdict(dict)
    for organization_id, scheme, value, kind in session.execute(theirs):
        values[organization_id][scheme] = value
        kinds[organization_id][scheme] = kind
    return values, kinds
