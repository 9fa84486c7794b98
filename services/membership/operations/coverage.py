"""Coverage of the known universe, from what is known at this moment."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.membership.coverage import Cell, WhiteSpot, white_spots, with_persons
from services.membership.model import Member, Organization
from services.membership.model.growth import REGION
from services.membership.model.members import LIVE
from services.membership.operations.candidates import STANDING_ALONE
from services.membership.operations.representation import persons_by_organization


@dataclass(frozen=True, kw_only=True)
class CountryCoverage:
    """A country and its sectors."""

    total: Cell
    sectors: Sequence[Cell]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The region, its countries and where members are missing most. `persons` is None while nobody declared any."""

    total: Cell
    countries: Sequence[CountryCoverage]
    white_spots: Sequence[WhiteSpot]


def coverage(
    session: Session,
    *,
    country: str | None = None,
    sector: str | None = None,
    limit: int = 20,
    now: datetime,
) -> Coverage:
    """How much of what is known is won. Averages are the whole region's, whatever is narrowed to."""
    declared, members = persons_by_organization(session, year=now.year, known_at=now), _members(session)
    totals = _totals(session, members, declared)
    wanted = {code: cell for code, cell in totals.items() if country in {None, code}}
    sectors = _sectors(session, members, declared, country=country, sector=sector)
    region = _region(totals.values(), members, declared)
    countries = [CountryCoverage(total=cell, sectors=sectors.get(code, [])) for code, cell in wanted.items()]
    cells = [cell for code in wanted for cell in sectors.get(code, [])]
    spots = white_spots(cells, known=region.known, members=region.members, limit=limit)
    return Coverage(total=region, countries=countries, white_spots=spots)


_Members = Mapping[tuple[str, str | None], list[UUID]]
"""Organizations that are live members, by country and sector, and by country alone."""


def _members(session: Session) -> _Members:
    rows = (
        select(Organization.id, Organization.country, Organization.sectors)
        .join(Member, Member.organization_id == Organization.id)
        .where(Member.standing.in_(LIVE), *STANDING_ALONE)
    )
    found: dict[tuple[str, str | None], list[UUID]] = defaultdict(list)
    for organization_id, country, sectors in session.execute(rows):
        for sector in (None, *sectors):
            found[country, sector].append(organization_id)
    return found


def _totals(session: Session, members: _Members, declared: Mapping[UUID, int]) -> dict[str, Cell]:
    known = select(Organization.country, func.count()).where(*STANDING_ALONE)
    rows = session.execute(known.group_by(Organization.country).order_by(Organization.country))
    return {row[0]: _cell(row[0], None, row[1], members, declared) for row in rows}


def _sectors(
    session: Session, members: _Members, declared: Mapping[UUID, int], *, country: str | None, sector: str | None
) -> dict[str, list[Cell]]:
    """The sectors of each country, in alphabetical order."""
    each = func.unnest(Organization.sectors).column_valued("sector", joins_implicitly=True)
    known = select(Organization.country, each, func.count()).where(*STANDING_ALONE)
    if country:
        known = known.where(Organization.country == country)
    if sector:
        known = known.where(each == sector)
    found: dict[str, list[Cell]] = defaultdict(list)
    for code, name, count in session.execute(known.group_by(Organization.country, each).order_by("country", each)):
        found[code].append(_cell(code, name, count, members, declared))
    return found


def _cell(country: str, sector: str | None, known: int, members: _Members, declared: Mapping[UUID, int]) -> Cell:
    ids = members.get((country, sector), [])
    cell = Cell(country=country, sector=sector, known=known, members=len(ids))
    return with_persons(cell, declared, ids)


def _region(totals: Iterable[Cell], members: _Members, declared: Mapping[UUID, int]) -> Cell:
    ids = [one for (_, sector), theirs in members.items() if sector is None for one in theirs]
    known = sum(cell.known for cell in totals)
    return with_persons(Cell(country=REGION, sector=None, known=known, members=len(ids)), declared, ids)
