"""Who is in the directory of members, and what is known of each, read in portions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager

from services.membership.directory import Entry
from services.membership.model import Member, Organization, OrganizationChange
from services.membership.operations.candidates import any_of
from services.membership.operations.members import members
from services.membership.operations.voters import voters
from shared.contracts.membership import Standing

_PORTION = 100
"""Members that are read at once; between two portions others are served."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The members of a directory in the order of their names, and where each stands on the day it is of."""

    on: date
    ids: Sequence[UUID]
    standings: Mapping[UUID, Standing]

    def portions(self) -> Iterator[Sequence[UUID]]:
        """The members, so many at a time as are read at once."""
        return (self.ids[first : first + _PORTION] for first in range(0, len(self.ids), _PORTION))


def listing(
    session: Session,
    *,
    on: date | None = None,
    known_at: datetime | None = None,
    standing: Standing | None = None,
    one_per_organization: bool = False,
    now: datetime,
    **filters: Any,
) -> Listing:
    """Members as the list has them, by what was announced; with a day or an instant, the members of that day.

    Everything but the standing is today's. Of an organization that was a member twice, only its last membership is
    there when there shall be one of each.
    """
    rows = _rows(session, filters, standing=None if on or known_at else standing)
    if on or known_at:
        found = voters(session, on=on, known_at=known_at, now=now)
        standings = {one.member_id: one.standing for one in found if standing in {None, one.standing}}
    else:
        standings = {row.id: row.standing for row in rows}
    there = [row for row in rows if row.id in standings]
    if one_per_organization:
        last = {row.organization_id: row.id for row in sorted(there, key=lambda row: (row.admitted_on, row.id))}
        there = [row for row in there if last[row.organization_id] == row.id]
    return Listing(on=on or now.date(), ids=[row.id for row in there], standings=standings)


def _rows(session: Session, filters: dict[str, Any], *, standing: Standing | None) -> Sequence[Any]:
    query = members(session, **filters, standing=standing).order_by(Organization.folded_name, Member.id)
    columns = (Member.id, Member.organization_id, Member.standing, Member.admitted_on)
    return session.execute(query.with_only_columns(*columns)).all()


def entries(session: Session, listed: Listing, ids: Sequence[UUID]) -> list[Entry]:
    """What is known of these members, in their order."""
    theirs = Member.organization
    query = (
        select(Member)
        .join(theirs)
        .where(Member.id == any_of(ids))
        .options(
            contains_eager(theirs).selectinload(Organization.contacts),
            contains_eager(theirs).selectinload(Organization.identifiers),
        )
    )
    found = {member.id: member for member in session.scalars(query)}
    changed = _changed(session, [member.organization_id for member in found.values()])
    return [_entry(found[one], listed, changed) for one in ids if one in found]


def _entry(member: Member, listed: Listing, changed: Mapping[UUID, datetime]) -> Entry:
    known = member.organization
    return Entry(
        member=member,
        standing=listed.standings[member.id],
        standing_on=listed.on,
        changed_at=max(known.updated_at, member.admitted_at, changed.get(known.id, known.updated_at)),
    )


def _changed(session: Session, organization_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each organization's record last changed, its contacts included."""
    row = OrganizationChange
    query = select(row.organization_id, func.max(row.changed_at)).where(row.organization_id == any_of(organization_ids))
    return dict(session.execute(query.group_by(row.organization_id)).all())
