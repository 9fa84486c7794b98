"""Where members are missing: coverage of the known universe, and white spots by a rule that can be told. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

MIN_KNOWN = 5
"""Of fewer organizations known, a missing member says little."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A country, or one sector of it: organizations known, and live members among them.

    `persons` are those its members represent, as far as they declared it: `silent` members did not. An organization of
    several sectors counts in each, so sectors do not add up to their country.
    """

    country: str
    sector: str | None
    known: int
    members: int
    persons: int | None = None
    silent: int = 0

    @property
    def share(self) -> float | None:
        """What part of the known are members."""
        return round(self.members / self.known, 4) if self.known else None


@dataclass(frozen=True, kw_only=True)
class WhiteSpot:
    """`missing`: how many more members would make it as well covered as the region on average."""

    cell: Cell
    missing: float


def white_spots(cells: Iterable[Cell], *, known: int, members: int, limit: int) -> list[WhiteSpot]:
    """Sectors of countries with fewer members than the region's average share would give them, the emptiest first.

    `known` and `members` are the region's. Where two lack as much, the one with more organizations known stands first;
    while the region has no member at all, nothing is missing anywhere, and that alone decides.
    """
    average = members / known if known else 0.0
    spots = [
        WhiteSpot(cell=cell, missing=round(cell.known * average - cell.members, 2))
        for cell in cells
        if cell.sector is not None and cell.known >= MIN_KNOWN
    ]
    empty = [spot for spot in spots if spot.missing > 0 or not members]
    return sorted(empty, key=_order)[:limit]


def _order(spot: WhiteSpot) -> tuple[float, int, str, str]:
    return -spot.missing, -spot.cell.known, spot.cell.country, spot.cell.sector or ""


def with_persons(cell: Cell, declared: Mapping[UUID, int], members: Iterable[UUID]) -> Cell:
    """The cell with what its members declared; None, said as unknown, while none of them did."""
    ids = list(members)
    said = [declared[one] for one in ids if one in declared]
    return Cell(
        country=cell.country,
        sector=cell.sector,
        known=cell.known,
        members=cell.members,
        persons=sum(said) if said else None,
        silent=len(ids) - len(said),
    )
