"""Which pairs a register's file would put into review, found without a database."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from services.membership.identifiers import kind_of
from services.membership.matching import Pair, close_pairs, sharing_pairs
from services.membership.names import fold, place_of
from services.membership.registers.entries import Entries, Entry, Refusal
from services.membership.registers.opening import open_register
from services.membership.registers.profile import Profile
from services.membership.registers.reader import BrokenRow
from services.membership.scoring import Candidate
from shared.ids import uuid7


class Compared(NamedTuple):
    """Rows of the file that make an organization, rows that don't, and the pairs, the likeliest first."""

    rows: int
    rejected: int
    pairs: list[Pair]


def compare_register(path: Path, profile: Profile) -> Compared:
    """Compare every row of the register's file with every other, by the rules of an import.

    Raises:
        UnreadableFile: when the file can't be read as the profile says.
    """
    known: dict[str, Candidate] = {}
    rejected = rows = 0
    with open_register(path, profile) as file:
        entries = Entries(profile, file.columns)
        for row in file.rows():
            rows += 1
            try:
                entry = None if isinstance(row, BrokenRow) else entries.read(row.cells)
            except Refusal:
                entry = None
            if entry is None:
                rejected += 1
            elif entry.key not in known:
                known[entry.key] = _candidate(entry, profile.registry)
    pairs = sorted(_pairs(list(known.values())), key=lambda pair: (-pair.score.points, pair.first.name))
    return Compared(rows, rejected, pairs)


def _candidate(entry: Entry, registry: str) -> Candidate:
    return Candidate(
        id=uuid7(),
        name=entry.name,
        country=entry.country,
        place=place_of(entry.country, locality=entry.locality, subdivision=entry.subdivision),
        subdivision=fold(entry.subdivision),
        address=entry.address,
        website=entry.website,
        acronym=entry.acronym,
        trade_names=tuple(entry.trade_names),
        founded_on=entry.founded_on,
        register=registry,
        identifiers={scheme: value for scheme, value, valid in entry.identifiers if valid},
        kinds={scheme: entry.kinds.get(scheme) or kind_of(scheme) for scheme, *_ in entry.identifiers},
    )


def _pairs(known: Sequence[Candidate]) -> Iterable[Pair]:
    everybody = {candidate.id for candidate in known}
    found: dict[tuple[object, object], Pair] = {}
    for group in _sharing(known):
        for pair in sharing_pairs(group, everybody):
            found.setdefault((pair.first.id, pair.second.id), pair)
    places: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in known:
        if candidate.place:
            places[candidate.place].append(candidate)
    for place in places.values():
        for pair in close_pairs(place, everybody):
            found.setdefault((pair.first.id, pair.second.id), pair)
    return found.values()


def _sharing(known: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    groups: dict[tuple[str, ...], list[Candidate]] = defaultdict(list)
    for candidate in known:
        for scheme, value in candidate.identifiers.items():
            if candidate.identifies(scheme):
                groups["identifier", scheme, value].append(candidate)
        for acronym in candidate.acronyms:
            groups["acronym", candidate.country, acronym].append(candidate)
    yield from groups.values()
