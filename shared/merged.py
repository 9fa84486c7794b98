"""Organizations that membership merged, as the services that hold organizations' ids know them.

Nothing is rewritten: what was said of an organization keeps the id it was said of, and is found under all the ids it
is known by. So a merge that is undone needs no undoing here, and the order in which merges arrive doesn't matter.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

from shared.contracts.membership import OrganizationMerged, OrganizationUnmerged
from shared.messaging.wire import Delivery

Change = OrganizationMerged | OrganizationUnmerged

LONGEST_CHAIN = 100
"""Merges in a row that are followed; a ring, which membership refuses, would have no end."""


class MergedOrganizationColumns:
    """A merge that holds: `id` was merged into `merged_into`, and is `survivor_id` in the end."""

    __tablename__ = "merged_organizations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    merged_into: Mapped[UUID]

    @declared_attr
    def survivor_id(self) -> Mapped[UUID]:
        return mapped_column(index=True)


_resolve = text(f"""
    WITH RECURSIVE chain (id, survivor_id, steps) AS (
        SELECT id, merged_into, 1 FROM merged_organizations
        UNION ALL
        SELECT chain.id, further.merged_into, chain.steps + 1
        FROM chain JOIN merged_organizations AS further ON further.id = chain.survivor_id
        WHERE chain.steps < {LONGEST_CHAIN}
    ),
    ends AS (SELECT DISTINCT ON (id) id, survivor_id FROM chain ORDER BY id, steps DESC)
    UPDATE merged_organizations AS merged SET survivor_id = ends.survivor_id
    FROM ends WHERE merged.id = ends.id AND merged.survivor_id <> ends.survivor_id
""")  # noqa: S608 -- our own number


def keep(session: Session, table: type[MergedOrganizationColumns], deliveries: Sequence[Delivery[Change]]) -> None:
    """Follow the merges; each organization comes once, with its latest, as a subscription with `latest` has it."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("merged_organizations", 0))))
    for delivery in deliveries:
        change = delivery.event
        if isinstance(change, OrganizationUnmerged):
            session.execute(delete(table).where(table.id == change.organization_id))
            continue
        row = {"id": change.organization_id, "merged_into": change.survivor_id, "survivor_id": change.survivor_id}
        known = {name: row[name] for name in ("merged_into", "survivor_id")}
        session.execute(insert(table).values(row).on_conflict_do_update(index_elements=["id"], set_=known))
    session.execute(_resolve)
    session.expire_all()


def survivor(session: Session, table: type[MergedOrganizationColumns], organization_id: UUID) -> UUID:
    """The organization itself, or the one it was merged into in the end."""
    found = session.scalar(select(table.survivor_id).where(table.id == organization_id))
    return found or organization_id


def known_as(session: Session, table: type[MergedOrganizationColumns], organization_id: UUID) -> list[UUID]:
    """Every id the organization is known by, whichever of them is asked for."""
    standing = survivor(session, table, organization_id)
    return [standing, *session.scalars(select(table.id).where(table.survivor_id == standing))]
