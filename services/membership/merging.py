"""Which of two records' values stand after a merge: a choice per field, and the rule where nobody chose. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["survivor", "loser", "both"]
Rule = Literal["chosen", "equal", "survivor_has", "survivor_lacks", "register_knows", "one_place", "joined"]

PLACE = ("country", "subdivision", "locality", "address", "postal_code")
"""They come from one side together: half of one address and half of another is no address."""

SINGLE = ("name", "acronym", *PLACE, "website", "structure", "degree", "founded_on", "language")
LISTS = ("trade_names", "sectors", "languages")
FIELDS = (*SINGLE, *LISTS)

_LEGAL = frozenset({"name", "founded_on"})
"""What a register knows better than whoever typed it."""

RULES: dict[Rule, str] = {
    "chosen": "Chosen by whoever merged.",
    "equal": "Both say the same.",
    "survivor_has": "The survivor's value stands.",
    "survivor_lacks": "The survivor has none, so the other's is taken.",
    "register_knows": "The other's comes from an official register, the survivor's does not.",
    "one_place": "The place is taken whole, from the side that has an address or town, the survivor first.",
    "joined": "Lists are joined.",
}
"""Each rule as a sentence, the key of its translations."""

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a field has after the merge, from which side, and by which rule."""

    value: Any
    side: Side
    rule: Rule


def outcomes(
    survivor: Facts, loser: Facts, chosen: Mapping[str, Side], *, loser_alone_registered: bool
) -> dict[str, Outcome]:
    """What every field has after the merge; `chosen` comes before every rule."""
    found = {field: _single(field, survivor, loser, registered=loser_alone_registered) for field in SINGLE}
    found |= _place(survivor, loser)
    found |= {field: Outcome(join(survivor[field], loser[field]), "both", "joined") for field in LISTS}
    return found | {field: Outcome(_of(side, field, survivor, loser), side, "chosen") for field, side in chosen.items()}


def join(first: list[Any], second: list[Any]) -> list[Any]:
    """The first list, and what the second has beside it."""
    return list(dict.fromkeys([*first, *second]))


def _of(side: Side, field: str, survivor: Facts, loser: Facts) -> Any:
    if side == "both":
        return join(survivor[field], loser[field])
    return (survivor if side == "survivor" else loser)[field]


def _single(field: str, survivor: Facts, loser: Facts, *, registered: bool) -> Outcome:
    mine, theirs = survivor[field], loser[field]
    if mine == theirs:
        return Outcome(mine, "survivor", "equal")
    if not theirs:
        return Outcome(mine, "survivor", "survivor_has")
    if not mine:
        return Outcome(theirs, "loser", "survivor_lacks")
    if registered and field in _LEGAL:
        return Outcome(theirs, "loser", "register_knows")
    return Outcome(mine, "survivor", "survivor_has")


def _place(survivor: Facts, loser: Facts) -> dict[str, Outcome]:
    if all(survivor[field] == loser[field] for field in PLACE):
        return {}
    side: Side = "loser" if _is_placed(loser) and not _is_placed(survivor) else "survivor"
    return {field: Outcome(_of(side, field, survivor, loser), side, "one_place") for field in PLACE}


def _is_placed(facts: Facts) -> bool:
    return bool(facts["locality"] or facts["address"])
