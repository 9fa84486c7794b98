"""How names are compared: without accents, case, punctuation and legal forms, in Spanish, Portuguese and English."""

import re
import unicodedata
from functools import lru_cache

_WORDS = re.compile(r"[^\W_]+")
_LEGAL_FORMS = frozenset(
    "coop coope cooperativa cooperativas cooperative cooperatives cooperativo ltda limitada ltd ldta lda limited "  # noqa: SIM905 -- word lists
    "inc incorporated rl sa sc scl scrl scoop ca cia compania company corp".split()
)
_LITTLE_WORDS = frozenset("a al and as da das de del do e el en la las lo los of para por the y".split())  # noqa: SIM905 -- see above
_WRITTEN_APART = {("r", "l"): "rl", ("s", "a"): "sa", ("s", "c"): "sc", ("c", "a"): "ca", ("co", "op"): "coop"}


def fold(text: str) -> str:
    """Lower case without accents, words of letters and digits one space apart."""
    if text.isascii():
        return " ".join(_WORDS.findall(text.lower()))
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(_WORDS.findall(bare.casefold()))


@lru_cache(maxsize=4096)
def core(name: str) -> tuple[str, ...]:
    """The words that tell one organization from another, sorted; what is said with them stays (trabajo, vivienda).

    A name that is nothing but legal forms is its own core.
    """
    words = _together(fold(name).split())
    telling = [word for word in words if word not in _LEGAL_FORMS and word not in _LITTLE_WORDS]
    return tuple(sorted(telling or words))


def _together(words: list[str]) -> list[str]:
    """R. L. and RL are the same legal form."""
    joined: list[str] = []
    for word in words:
        pair = (joined[-1], word) if joined else None
        if pair in _WRITTEN_APART:
            joined[-1] = _WRITTEN_APART[pair]
        else:
            joined.append(word)
    return joined


def place_of(country: str, *, locality: str, subdivision: str) -> str | None:
    """What two organizations in the same place have in common; None where no place is known."""
    place = fold(locality) or fold(subdivision)
    return f"{country}/{place}" if place else None
