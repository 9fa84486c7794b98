"""How names are compared: without accents, case, punctuation, legal forms and abbreviations; es, pt and en."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from services.membership.words import ABBREVIATIONS, ACTIVITIES, LEGAL_FORMS, LITTLE_WORDS, WRITTEN_APART

_WORDS = re.compile(r"[^\W_]+")
_SHORTEST_ACRONYM = 4
"""Three letters abbreviate a word in any name."""

_INITIALS = 3

_WRITTEN_OUT = ABBREVIATIONS | {"coop": "cooperativa", "ltda": "limitada"}
"""`core` leaves legal forms out, so they are none of the abbreviations it writes out."""


def fold(text: str) -> str:
    """Lower case without accents, words of letters and digits one space apart."""
    if text.isascii():
        return " ".join(_WORDS.findall(text.lower()))
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(_WORDS.findall(bare.casefold()))


def written_out(text: str) -> str:
    """Folded, and with abbreviations written out: Fed. Coop. Uno Ltda. is federacion cooperativa uno limitada."""
    return " ".join(_WRITTEN_OUT.get(word, word) for word in fold(text).split())


@lru_cache(maxsize=8192)
def core(name: str) -> tuple[str, ...]:
    """The words that tell one organization from another, sorted; what is said with them stays (trabajo, vivienda).

    Abbreviations are written out, and an acronym that only repeats the name is left out. A name that is nothing but
    legal forms is its own core.
    """
    together = _together(_letters_together(fold(name).split()))
    words = [part for word in together for part in ABBREVIATIONS.get(word, word).split()]
    telling = [word for word in words if word not in LEGAL_FORMS and word not in LITTLE_WORDS]
    repeated = {word for word in telling if word not in ACTIVITIES and _abbreviates_others(word, words)}
    return tuple(sorted([word for word in telling if word not in repeated] or telling or words))


def distinctive(words: tuple[str, ...]) -> tuple[str, ...]:
    """A core without what the organization does; the whole core where it says nothing else."""
    return tuple(word for word in words if word not in ACTIVITIES) or words


def activities(words: tuple[str, ...]) -> frozenset[str]:
    """What a core says the organization does."""
    return ACTIVITIES.intersection(words)


@lru_cache(maxsize=8192)
def acronyms_of(name: str, acronym: str = "") -> tuple[str, ...]:
    """The acronyms an organization is known by, folded and in one word: its own, and what its name has of them."""
    words = fold(name).split()
    found = {joined(acronym)} if len(joined(acronym)) >= _INITIALS else set()
    found |= {word for word in words if _abbreviates_others(word, words)}
    if is_acronym(name):
        found.add("".join(words))
    return tuple(sorted(found))


def is_acronym(name: str) -> bool:
    """COOP-BAYONA, CONPACOOP: capitals without a space between."""
    return " " not in name.strip() and name.isupper() and len(joined(name)) >= _SHORTEST_ACRONYM


def joined(text: str) -> str:
    """COOP-BAYONA and CoopBayona are one acronym."""
    return fold(text).replace(" ", "")


def abbreviates(acronym: str, name: str) -> bool:
    """Whether the letters are beginnings of the name's words in their order: COOPSEMUTEL, CONPACOOP, OCB."""
    words = [word for word in fold(name).split() if word not in LITTLE_WORDS]
    return _abbreviates(acronym, words) or (len(acronym) >= _SHORTEST_ACRONYM and acronym in _runs(name))


@lru_cache(maxsize=1024)
def _runs(name: str) -> frozenset[str]:
    """The name's words in a row written as one, at least two: LATELEFONICA."""
    words = fold(name).split()
    ends = range(len(words) + 1)
    return frozenset("".join(words[start:end]) for start in ends for end in ends if end - start > 1)


def _abbreviates_others(word: str, words: Sequence[str]) -> bool:
    """Whether a word of a name is the acronym of the others."""
    if len(word) < _INITIALS or not word.isalpha() or word in LEGAL_FORMS:
        return False
    others = [one for one in words if one != word and one not in LITTLE_WORDS]
    return word[0] in {one[0] for one in others} and _abbreviates(word, others)


def _abbreviates(acronym: str, words: Sequence[str]) -> bool:
    if len(acronym) < _SHORTEST_ACRONYM:
        return len(acronym) == len(words) == _INITIALS and acronym == "".join(word[0] for word in words)
    return _pieces(acronym, tuple(words))


def _pieces(left: str, words: tuple[str, ...], used: int = 0, *, long: bool = True) -> bool:
    """Whether `left` splits into beginnings of words, of two words with two letters or more each, or of three.

    The first word is the first; later ones may be passed over.
    """
    if not left:
        return used > 2 or (used == 2 and long)  # noqa: PLR2004 -- as it says
    for index, word in enumerate(words if used else words[:1]):
        for length in range(min(len(left), len(word)), 0, -1):
            if left.startswith(word[:length]) and _pieces(
                left[length:], words[index + 1 :], used + 1, long=long and length > 1
            ):
                return True
    return False


def _letters_together(words: list[str]) -> list[str]:
    """S. C. L. and SCL are the same legal form; y and e join words, not letters."""
    together: list[str] = []
    run = False
    for word in words:
        letter = len(word) == 1 and word.isalpha() and word not in {"y", "e"}
        if letter and run:
            together[-1] += word
        else:
            together.append(word)
        run = letter
    return together


def _together(words: list[str]) -> list[str]:
    """Co-op and Coop, Credit Union and CU: words that are written apart or as one."""
    together: list[str] = []
    for word in words:
        together.append(word)
        while len(together) > 1 and (whole := WRITTEN_APART.get((together[-2], together[-1]))):
            together[-2:] = [whole]
    return together


def place_of(country: str, *, locality: str, subdivision: str) -> str | None:
    """What two organizations in the same place have in common; None where no place is known."""
    place = fold(locality) or fold(subdivision)
    return f"{country}/{place}" if place else None
