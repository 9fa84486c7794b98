"""When an invoice's instalments fall due, and from which day each is settled."""

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple


class Instalment(NamedTuple):
    """A part of an invoice, in minor units, to be paid by the end of a day."""

    number: int
    due_on: date
    minor: int


class Share(NamedTuple):
    """Of a plan: so many percent, due on a day."""

    percent: Fraction
    due_on: date


class Reduction(NamedTuple):
    """What an invoice was paid, credited or written off by, from a day on."""

    on: date
    minor: int


def split(minor: int, shares: Sequence[Share]) -> tuple[Instalment, ...]:
    """`minor` over the shares, which make 100 percent; each cut is rounded down, so the last one carries the rest.

    Shares that come out as nothing are left out.
    """
    parts, begun = [], Fraction(0)
    for share in shares:
        before, begun = begun, begun + share.percent
        parts.append((share.due_on, int(minor * begun / 100) - int(minor * before / 100)))
    owed = [(due_on, part) for due_on, part in parts if part]
    return tuple(Instalment(number, due_on, part) for number, (due_on, part) in enumerate(owed, 1))


def settled_days(instalments: Sequence[Instalment], reductions: Iterable[Reduction]) -> list[date | None]:
    """From which day nothing of each instalment is owed any more, None while something is; the first due come first."""
    ordered = sorted(one for one in reductions if one.minor)
    days: list[date | None] = []
    threshold = 0
    for instalment in instalments:
        threshold += instalment.minor
        days.append(_reached(threshold, ordered))
    return days


def _reached(threshold: int, reductions: Sequence[Reduction]) -> date | None:
    """The last day on which it is reached for good."""
    total, day = 0, None
    for one in reductions:
        before, total = total, total + one.minor
        if total >= threshold > before:
            day = one.on
        elif total < threshold:
            day = None
    return day


def open_parts(instalments: Sequence[Instalment], open_minor: int) -> list[Instalment]:
    """What is still owed, instalment by instalment, when `open_minor` is owed in all."""
    settled = sum(one.minor for one in instalments) - open_minor
    parts = []
    for one in instalments:
        covered = min(max(settled, 0), one.minor)
        settled -= covered
        if covered < one.minor:
            parts.append(one._replace(minor=one.minor - covered))
    return parts
