"""How likely two organizations are one, and why: signals for and against, each with its weight. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from services.membership.identifiers import IDENTITY, Kind
from services.membership.names import abbreviates, acronyms_of, activities, core, distinctive, fold, is_acronym, joined
from services.membership.signals import WEIGHTS

Level = Literal["certain", "likely", "possible", "unlikely"]

CERTAIN, LIKELY, POSSIBLE = 90, 60, 35
"""From so many points of 100 on; what is unlikely is not proposed."""

SHORTEST_MISSPELT = 6
"""A word shorter than this is another word when a letter differs: LUJAN, LUJON; JUNIO, JULIO."""

_SAME_ADDRESS = 85
_OTHER_ADDRESS = 60
"""From, and below this similarity of 100 two addresses are one place, and two."""

_SHARED_HOSTS = frozenset(
    """facebook.com instagram.com linktr.ee linkedin.com sites.google.com blogspot.com wordpress.com wixsite.com
    google.com twitter.com x.com youtube.com""".split()  # noqa: SIM905 -- a word list
)
"""Hosts that many organizations have their page at."""

_FORBID_CERTAINTY = frozenset(
    {"same_register", "other_identifier", "other_country", "other_subdivision", "name_different"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What is compared of an organization; `identifiers` are the valid ones by scheme, `kinds` the schemes' kinds."""

    id: UUID
    name: str
    country: str = ""
    place: str | None = None
    subdivision: str = ""
    address: str = ""
    website: str = ""
    acronym: str = ""
    trade_names: tuple[str, ...] = ()
    founded_on: date | None = None
    register: str | None = None
    identifiers: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)

    @property
    def acronyms(self) -> tuple[str, ...]:
        """All it is known by, folded."""
        return acronyms_of(self.name, self.acronym)

    def identifies(self, scheme: str) -> bool:
        """A number of this scheme is one organization's alone."""
        return self.kinds.get(scheme, "registration") in IDENTITY


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that speaks for or against; `params` fill its sentence."""

    code: str
    params: dict[str, str] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        return WEIGHTS[self.code]


@dataclass(frozen=True, slots=True)
class Score:
    """Points from 0 to 100, the level they make, and the signals, those for it first."""

    points: int
    level: Level
    signals: tuple[Signal, ...]

    @property
    def is_proposed(self) -> bool:
        """A person should look at the pair: names alone are doubtful below the bar, a shared number never is."""
        return self.level != "unlikely"


def score(a: Candidate, b: Candidate, *, in_one_place: bool = False) -> Score:
    """How likely `a` and `b` are one; `in_one_place` when the caller knows that they are.

    Certain needs a shared valid identifier, and nothing that speaks for two: not even one key too many in one register.
    """
    found = (*_identifiers(a, b), *_names(a, b), *_places(a, b, in_one_place=in_one_place), *_origins(a, b))
    signals = tuple(sorted(found, key=lambda signal: -signal.weight))
    points = max(0, min(100, sum(signal.weight for signal in signals)))
    return Score(points, _level(points, {signal.code for signal in signals}), signals)


def _level(points: int, codes: set[str]) -> Level:
    shared = "shared_identifier" in codes
    if points >= CERTAIN and shared and not codes & _FORBID_CERTAINTY:
        return "certain"
    if points >= LIKELY:
        return "likely"
    return "possible" if points >= POSSIBLE or shared else "unlikely"


def _identifiers(a: Candidate, b: Candidate) -> Iterator[Signal]:
    for scheme in a.identifiers.keys() & b.identifiers.keys():
        first, second = a.identifiers[scheme], b.identifiers[scheme]
        identifies = a.identifies(scheme) and b.identifies(scheme)
        if first == second:
            yield Signal("shared_identifier" if identifies else "same_decree", {"scheme": scheme, "value": first})
        elif identifies:
            yield Signal("other_identifier", {"scheme": scheme, "first": first, "second": second})


def _names(a: Candidate, b: Candidate) -> Iterator[Signal]:
    named = _compare_names(a, b)
    yield named
    both = set(a.acronyms).intersection(b.acronyms)
    if both and named.code != "name_equal":
        yield Signal("same_acronym", {"acronym": min(both).upper()})
    elif named.code in {"name_other_activity", "name_besides_activity"}:
        for one, other in ((a, b), (b, a)):
            if one.acronym and abbreviates(joined(one.acronym), other.name):
                yield Signal("acronym_of_name", {"acronym": one.acronym})
                return


def _compare_names(a: Candidate, b: Candidate) -> Signal:
    names = {"first": a.name, "second": b.name}
    one, other = core(a.name), core(b.name)
    if one == other:
        return Signal("name_equal", names)
    if runs_together(one, other) or one_slip(one, other):
        return Signal("name_close", names)
    if trade_name := _trade_name(a, b):
        return Signal("trade_name", {"name": trade_name})
    if acronym := _name_as_acronym(a, b):
        return Signal("name_is_acronym", {"acronym": acronym})
    if distinctive(one) != distinctive(other):
        return Signal("name_different", names)
    left_out = activities(one) <= activities(other) or activities(other) <= activities(one)
    if a.register is not None and a.register == b.register:
        left_out = False  # A register that has both names means both.
    return Signal("name_besides_activity" if left_out else "name_other_activity", names)


def _trade_name(a: Candidate, b: Candidate) -> str:
    for one, other in ((a, b), (b, a)):
        theirs = {core(other.name), *map(core, other.trade_names)}
        for name in one.trade_names:
            if core(name) in theirs:
                return name
    return ""


def _name_as_acronym(a: Candidate, b: Candidate) -> str:
    for one, other in ((a, b), (b, a)):
        if is_acronym(one.name) and (joined(one.name) in other.acronyms or abbreviates(joined(one.name), other.name)):
            return one.name
    return ""


def _places(a: Candidate, b: Candidate, *, in_one_place: bool) -> Iterator[Signal]:
    if a.country != b.country:
        yield Signal("other_country")
    elif a.subdivision and b.subdivision and a.subdivision != b.subdivision:
        yield Signal("other_subdivision")
    if in_one_place or (a.place and a.place == b.place):
        yield Signal("same_place")
    elif a.place and b.place and a.country == b.country:
        yield Signal("other_place")
    if a.address and b.address:
        likeness = fuzz.token_sort_ratio(fold(a.address), fold(b.address))
        if likeness >= _SAME_ADDRESS:
            yield Signal("same_address")
        elif likeness < _OTHER_ADDRESS:
            yield Signal("other_address")
    first, second = host(a.website), host(b.website)
    if first and second:
        same = first == second
        yield (
            Signal("same_website", {"host": first})
            if same
            else Signal("other_website", {"first": first, "second": second})
        )


def _origins(a: Candidate, b: Candidate) -> Iterator[Signal]:
    one_register = a.register is not None and a.register == b.register
    if one_register:
        yield Signal("same_register")
        if fold(a.name) == fold(b.name):
            yield Signal("homonym")
    if a.founded_on and b.founded_on:
        yield _compare_founding(a, b, a.founded_on, b.founded_on, one_register=one_register)


def _compare_founding(a: Candidate, b: Candidate, first: date, second: date, *, one_register: bool) -> Signal:
    """A register enters each day with care, so one digit there is a slip only where the act behind it is the same."""
    if first == second:
        return Signal("same_founding", {"day": first.isoformat()})
    days = {"first": first.isoformat(), "second": second.isoformat()}
    slip = sum(one != other for one, other in zip(days["first"], days["second"], strict=True)) == 1
    if slip and (not one_register or _same_decree(a, b)):
        return Signal("founding_a_slip_apart", days)
    return Signal("two_registrations" if one_register else "other_founding", days)


def _same_decree(a: Candidate, b: Candidate) -> bool:
    shared = a.identifiers.items() & b.identifiers.items()
    return any(not a.identifies(scheme) for scheme, _ in shared)


def host(website: str) -> str:
    """The website's own host, without www; nothing where many have their page at it."""
    address = website if "//" in website else f"//{website}"
    try:
        found = (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    return "" if found in _SHARED_HOSTS or found.endswith(tuple(f".{one}" for one in _SHARED_HOSTS)) else found


def one_slip(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """One slip of the pen in one long word, the others the same."""
    left = [word for word in one if word not in other]
    right = [word for word in other if word not in one]
    if len(one) != len(other) or len(left) != 1 or len(right) != 1:
        return False
    return misspelt(left[0], right[0])


def misspelt(word: str, other: str) -> bool:
    """One slip apart, where the words are long enough to tell."""
    long = min(len(word), len(other)) >= SHORTEST_MISSPELT and word.isalpha() and other.isalpha()
    return long and word != other and OSA.distance(word, other, score_cutoff=1) <= 1


def runs_together(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """SAN JUAN and SANJUAN, in whatever order the words stand; digits don't run together."""
    if len(one) == len(other) or any(letter.isdigit() for word in one for letter in word):
        return False
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    left = [word for word in longer if word not in shorter]
    right = [word for word in shorter if word not in longer]
    return len(right) == 1 and len(left) == 2 and right[0] in {left[0] + left[1], left[1] + left[0]}  # noqa: PLR2004 -- two words in one
