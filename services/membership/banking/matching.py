"""Which member and invoice an entry of a bank statement is about, with a score and why."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from rapidfuzz import fuzz

from services.membership.banking.statement import BankEntry

Reason = Literal[
    "invoice_number", "amount_open", "amount_instalment", "amount_invoiced", "name", "iban_seen", "other_currency"
]

WEIGHTS: dict[Reason, int] = {
    "invoice_number": 60,
    "iban_seen": 25,
    "name": 20,
    "amount_open": 20,
    "amount_instalment": 15,
    "amount_invoiced": 10,
    "other_currency": -15,
}
"""What each reason is worth; a number written by the payer outweighs all the rest."""

LEAST = 35
"""Below that nothing is proposed."""

_LIKE = 85
"""From so many percent on two words are taken for the same."""

_CUT = 25
"""Banks cut names off; from so many letters on a beginning is enough."""


@dataclass(frozen=True, kw_only=True)
class Owed:
    """An invoice that is open, as far as matching needs it; `instalments` is what is open of each, in minor units."""

    invoice_id: UUID
    member_id: UUID
    number: str
    minor: int
    open_minor: int
    instalments: Collection[int]
    currency: str
    names: tuple[str, ...]
    ibans: Collection[str]


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What an entry may have paid, 100 at most, and why."""

    owed: Owed
    score: int
    reasons: tuple[Reason, ...]


def propose(entry: BankEntry, fold: str, owed: Iterable[Owed], *, most: int = 5) -> list[Proposal]:
    """The likeliest first; `fold` is the payer's name and remittance as `names.written_out` writes them."""
    numbers = squeeze(entry.remittance)
    found = [_weighed(entry, numbers, fold, one) for one in owed]
    likely = [one for one in found if one.score >= LEAST]
    return sorted(likely, key=lambda one: (-one.score, one.owed.number))[:most]


def squeeze(text: str) -> str:
    """Letters and digits alone, as people write numbers any way."""
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def _weighed(entry: BankEntry, numbers: str, fold: str, owed: Owed) -> Proposal:
    reasons: list[Reason] = []
    # The number ends where its digits end, or D-2026-000012 would be found in D-2026-0000123.
    if re.search(rf"{re.escape(squeeze(owed.number))}(?![0-9])", numbers):
        reasons.append("invoice_number")
    if entry.iban and entry.iban in owed.ibans:
        reasons.append("iban_seen")
    if any(_is_named(name, fold) for name in owed.names):
        reasons.append("name")
    if entry.amount.currency != owed.currency:
        reasons.append("other_currency")
    elif entry.amount.minor == owed.open_minor:
        reasons.append("amount_open")
    elif entry.amount.minor in owed.instalments:
        reasons.append("amount_instalment")
    elif entry.amount.minor == owed.minor:
        reasons.append("amount_invoiced")
    score = max(0, min(100, sum(WEIGHTS[reason] for reason in reasons)))
    return Proposal(owed=owed, score=score, reasons=tuple(reasons))


def _is_named(name: str, fold: str) -> bool:
    """Every word of the name stands in the text, as people write it; that most do makes it somebody else's."""
    if len(name) >= _CUT and name[:_CUT] in fold:
        return True
    words, said = [word for word in name.split() if len(word) > 2], fold.split()  # noqa: PLR2004 -- de, la, do
    return bool(words) and all(any(fuzz.ratio(word, other) >= _LIKE for other in said) for word in words)
