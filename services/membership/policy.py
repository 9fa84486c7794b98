"""What the Assembly decided of dues in arrears, notice, terms and votes: data in versions, each from a day on.

A debt keeps to the version of the day it fell due, a resignation to that of the day it was notified, a term to that of
its first day; so a new version changes nothing that has begun.
"""

import tomllib
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from shared.contracts.membership import Category


class Bracket(NamedTuple):
    """From so many persons represented on, so many delegates."""

    from_persons: int
    delegates: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """One version, in force from `effective_on` until the next; of two from one day the later version.

    `recorded_at` is None for the opening version, which was always known. `vote_rests_after_days` is None where only a
    suspension costs the vote, `termination_after_months` where no membership ends by arrears alone.
    """

    version: int
    effective_on: date
    recorded_at: datetime | None
    grace_days: int
    vote_rests_after_days: int | None = None
    termination_proposed_after_months: int
    termination_after_months: int | None = None
    resignation_notice_months: int
    temporary_months: int
    voting_categories: tuple[Category, ...]
    delegate_brackets: tuple[Bracket, ...]

    def bracket(self, persons: int) -> Bracket | None:
        """The highest one reached; None below the lowest."""
        reached = [one for one in self.delegate_brackets if one.from_persons <= persons]
        return max(reached, default=None)


def in_force(policies: Iterable[Policy], on: date) -> Policy:
    """The version that counts on a day; the opening one counts from the first day there is."""
    return max((one for one in policies if one.effective_on <= on), key=lambda one: (one.effective_on, one.version))


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later, or that month's last; the calendar's last day beyond its end."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def days_after(day: date, days: int) -> date:
    """So many days later, or before where negative; the calendar's last or first day beyond its ends."""
    return day + timedelta(max(min(days, (date.max - day).days), (date.min - day).days))


def _opening() -> Policy:
    figures = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    brackets = tuple(Bracket(**one) for one in figures.pop("delegate_brackets"))
    voting = tuple(figures.pop("voting_categories"))
    return Policy(
        version=1,
        effective_on=date.min,
        recorded_at=None,
        voting_categories=voting,
        delegate_brackets=brackets,
        **figures,
    )


OPENING = _opening()
"""Version 1, from policy.toml."""
