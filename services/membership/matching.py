"""Which pairs of organizations are worth comparing at all: those of one place with names that touch. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple
from uuid import UUID

from services.membership.names import abbreviates, core, distinctive, is_acronym, joined
from services.membership.scoring import SHORTEST_MISSPELT, Candidate, Score, misspelt, runs_together, score

MAX_NAMESAKES = 50
"""A name that more than this many bear in one place tells nobody apart."""

MAX_SHARING = 20
"""An identifier or acronym that more organizations than this bear is a placeholder, and tells nobody apart."""

Core = tuple[str, ...]


class Pair(NamedTuple):
    """Two organizations that may be one, the one with the smaller id first, and how likely it is."""

    first: Candidate
    second: Candidate
    score: Score


def close_pairs(place: Sequence[Candidate], fresh: set[UUID]) -> Iterator[Pair]:
    """Pairs of `place` that should be looked at, at least one of each in `fresh`; all of them are in one place."""
    seen: set[tuple[UUID, UUID]] = set()
    for a, b in _touching(place):
        first, second = (a, b) if a.id < b.id else (b, a)
        if (a.id in fresh or b.id in fresh) and (first.id, second.id) not in seen:
            seen.add((first.id, second.id))
            found = score(first, second, in_one_place=True)
            if found.is_proposed:
                yield Pair(first, second, found)


def sharing_pairs(bearers: Iterable[Candidate], fresh: set[UUID]) -> Iterator[Pair]:
    """Pairs of those who bear one identifier or acronym, wherever they are."""
    ordered = sorted(bearers, key=lambda one: one.id)
    if len(ordered) <= MAX_SHARING:
        for first, second in combinations(ordered, 2):
            if first.id in fresh or second.id in fresh:
                found = score(first, second)
                if found.is_proposed:
                    yield Pair(first, second, found)


def _touching(place: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate]]:
    by_core: dict[Core, list[Candidate]] = defaultdict(list)
    for candidate in place:
        by_core[core(candidate.name)].append(candidate)
    yield from _within(by_core.values())
    for one, other in _close_cores(by_core):
        if len(by_core[one]) + len(by_core[other]) <= MAX_NAMESAKES:
            yield from ((a, b) for a in by_core[one] for b in by_core[other])
    yield from _within(_besides_activity(by_core))
    yield from _within(_by_other_names(place).values())
    yield from _acronyms_as_names(place)


def _within(groups: Iterable[list[Candidate]]) -> Iterator[tuple[Candidate, Candidate]]:
    for group in groups:
        if len(group) <= MAX_NAMESAKES:
            yield from combinations(group, 2)


def _besides_activity(by_core: dict[Core, list[Candidate]]) -> Iterator[list[Candidate]]:
    groups: dict[Core, list[Core]] = defaultdict(list)
    for words in by_core:
        groups[distinctive(words)].append(words)
    for several in groups.values():
        if len(several) > 1:
            yield [candidate for words in several for candidate in by_core[words]]


def _by_other_names(place: Sequence[Candidate]) -> dict[object, list[Candidate]]:
    """Trade names beside names, and acronyms beside acronyms."""
    traded = {core(name) for candidate in place for name in candidate.trade_names}
    groups: dict[object, list[Candidate]] = defaultdict(list)
    for candidate in place:
        for acronym in candidate.acronyms:
            groups[acronym].append(candidate)
        for words in {core(name) for name in (candidate.name, *candidate.trade_names)} if traded else ():
            if words in traded:
                groups[words].append(candidate)
    return groups


def _acronyms_as_names(place: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate]]:
    for one in place:
        if is_acronym(one.name):
            yield from (
                (one, other) for other in place if other is not one and abbreviates(joined(one.name), other.name)
            )


def _close_cores(cores: Collection[Core]) -> set[tuple[Core, Core]]:
    """Different cores that are the same letters in a row, or differ by one slip in one long word.

    One slip in six letters or more leaves the first two or the last three as they were.
    """
    return _same_letters(cores) | _one_slip(cores, slice(2)) | _one_slip(cores, slice(-3, None))


def _same_letters(cores: Collection[Core]) -> set[tuple[Core, Core]]:
    groups: dict[str, list[Core]] = defaultdict(list)
    for words in cores:
        groups["".join(sorted("".join(words)))].append(words)
    return {pair for same in groups.values() for pair in combinations(sorted(same), 2) if runs_together(*pair)}


def _one_slip(cores: Collection[Core], kept: slice) -> set[tuple[Core, Core]]:
    """Those that differ in one word that may be misspelt, and share its `kept` letters and all the rest."""
    groups: dict[Core, list[tuple[str, Core]]] = defaultdict(list)
    for words in cores:
        for index, word in enumerate(words):
            if len(word) >= SHORTEST_MISSPELT and word.isalpha():
                groups[word[kept], *words[:index], *words[index + 1 :]].append((word, words))
    return {
        (min(one, other), max(one, other))
        for group in groups.values()
        for (word, one), (other_word, other) in combinations(group, 2)
        if misspelt(word, other_word)
    }
