"""Everything that points at an organization, so that it can follow a merge: found in the tables themselves.

A new table with a foreign key to organizations follows without a word here; one with a composite key, or of which an
organization has one row at most, has to say below how it goes.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.membership.model import Base, BothHave, Organization

STAYS = frozenset(
    {
        "organizations",
        "identifiers",
        "review_items",
        "unmatched",
        "organization_changes",
        "organization_merges",
        "standing_fact_successors",
        "campaign_targets",
    }
)
"""Tables that don't simply follow: identifiers are copied, reviews are about pairs, the rest tells what was."""


def pointers() -> Iterator[tuple[Table, Column[Any]]]:
    """Each table and column that follows an organization."""
    organizations = Base.metadata.tables[Organization.__tablename__]
    for table in Base.metadata.sorted_tables:
        if table.name not in STAYS:
            for key in sorted(table.foreign_keys, key=lambda one: one.parent.name):
                if key.column.table is organizations:
                    yield table, key.parent


def rows_at(session: Session, organization_id: UUID) -> dict[str, list[str]]:
    """The ids of all rows that point at the organization, by table and column."""
    found = {}
    for table, column in pointers():
        ids = session.scalars(select(_id_of(table)).where(column == organization_id).order_by(_id_of(table)))
        found[f"{table.name}.{column.name}"] = [str(one) for one in ids]
    return {name: ids for name, ids in found.items() if ids}


def move(session: Session, rows: dict[str, list[str]], *, source: UUID, target: UUID) -> dict[str, list[str]]:
    """Let those of `rows` that point at `source` point at `target`; returns them.

    Raises:
        BothHave: when a rule of the table allows only one of them at `target`.
    """
    moved = {}
    for table, column in pointers():
        name = f"{table.name}.{column.name}"
        if ids := rows.get(name):
            moved[name] = _move(session, table, column, ids, source=source, target=target)
    session.expire_all()
    return {name: ids for name, ids in moved.items() if ids}


def _move(
    session: Session, table: Table, column: Column[Any], ids: Sequence[str], *, source: UUID, target: UUID
) -> list[str]:
    key = _id_of(table)
    values: dict[str, Any] = {column.name: target}
    if "version" in table.columns:
        values["version"] = table.columns["version"] + 1
    wanted = [key.type.python_type(one) for one in ids]
    statement = update(table).where(key.in_(wanted), column == source).values(values).returning(key)
    try:
        with session.begin_nested():
            return [str(one) for one in session.scalars(statement)]
    except IntegrityError as error:
        raise BothHave(table=table.name) from error


def _id_of(table: Table) -> Column[Any]:
    (key,) = table.primary_key.columns
    return key
