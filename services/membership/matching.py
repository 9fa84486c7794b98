"""Which organizations of one place bear names so close that they may be one. Pure; precision before recall."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from uuid import UUID

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from services.membership.names import core, fold

MAX_NAMESAKES = 50
"""A name that more than this many bear in one place tells nobody apart."""

_SHORTEST_MISSPELT = 6
"""A word shorter than this is another word when a letter differs: LUJAN, LUJON; JUNIO, JULIO."""

_SAME_ADDRESS = 60
"""Below this similarity of 100 two addresses are two places."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What is compared of an organization; `identifiers` are the valid ones by scheme."""

    id: UUID
    name: str
    subdivision: str
    address: str
    founded_on: date | None
    register: str | None
    identifiers: dict[str, str]


def close_pairs(place: Sequence[Candidate], fresh: set[UUID]) -> Iterator[tuple[Candidate, Candidate]]:
    """Pairs of `place` with close names and nothing against them, at least one of each in `fresh`."""
    for a, b in _close_names(place):
        if (a.id in fresh or b.id in fresh) and not contradicted(a, b):
            yield a, b


def contradicted(a: Candidate, b: Candidate) -> bool:
    """Whether something known of the two says that they are two.

    Within one register, its own word counts: it entered them under two keys, so the very same name is a homonym, and
    two days of registration are two registrations.
    """
    if a.subdivision and b.subdivision and a.subdivision != b.subdivision:
        return True
    if any(b.identifiers.get(scheme, value) != value for scheme, value in a.identifiers.items()):
        return True
    if a.register is not None and a.register == b.register:
        two_days = a.founded_on and b.founded_on and a.founded_on != b.founded_on
        if two_days or fold(a.name) == fold(b.name):
            return True
    return bool(a.address and b.address) and fuzz.token_sort_ratio(fold(a.address), fold(b.address)) < _SAME_ADDRESS


def _close_names(place: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate]]:
    by_core: dict[tuple[str, ...], list[Candidate]] = defaultdict(list)
    for candidate in place:
        by_core[core(candidate.name)].append(candidate)
    for namesakes in by_core.values():
        if len(namesakes) <= MAX_NAMESAKES:
            yield from combinations(namesakes, 2)
    for one, other in _close_cores(by_core):
        if len(by_core[one]) + len(by_core[other]) <= MAX_NAMESAKES:
            yield from ((a, b) for a in by_core[one] for b in by_core[other])


def _close_cores(cores: Iterable[tuple[str, ...]]) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Different cores that are the same letters in a row, or differ by one slip in one long word."""
    groups: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    joined: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for words in cores:
        joined["".join(sorted("".join(words)))].append(words)
        for word, key in _slips(words):
            groups[key].append((word, words))
    close = {pair for same in joined.values() for pair in combinations(sorted(same), 2) if _runs_together(*pair)}
    for group in groups.values():
        close.update(
            (min(one, other), max(one, other))
            for (word, one), (other_word, other) in combinations(group, 2)
            if word != other_word and OSA.distance(word, other_word, score_cutoff=1) <= 1
        )
    return close


def _slips(words: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each word that may be misspelt, under the rest and its beginning, and under the rest and its end.

    One slip in six letters or more leaves the first two or the last three as they were.
    """
    for index, word in enumerate(words):
        if len(word) >= _SHORTEST_MISSPELT and word.isalpha():
            rest = (*words[:index], *words[index + 1 :])
            yield word, (*rest, "^", word[:2])
            yield word, (*rest, "$", word[-3:])


def _runs_together(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """SAN JUAN and SANJUAN, in whatever order the words stand; digits don't run together."""
    if len(one) == len(other) or any(letter.isdigit() for word in one for letter in word):
        return False
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    left = [word for word in longer if word not in shorter]
    right = [word for word in shorter if word not in longer]
    return len(right) == 1 and len(left) == 2 and right[0] in {left[0] + left[1], left[1] + left[0]}  # noqa: PLR2004 -- two words in one
