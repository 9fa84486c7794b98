"""Which steps of a reminder plan a day brings, and when the next one comes."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from services.membership.dues.instalments import Instalment
from services.membership.policy import days_after


def steps_due(plan: Iterable[int], of: Instalment, *, issued_on: date, today: date, done: Collection[int]) -> list[int]:
    """Steps whose day has come since the issue and that were not taken yet, the earliest first.

    Once an instalment is overdue nobody is told that it will be due.
    """
    return [
        days
        for days in sorted(plan)
        if issued_on < days_after(of.due_on, days) <= today and days not in done and (days >= 0 or today <= of.due_on)
    ]


def next_step_on(plan: Sequence[int], parts: Iterable[Instalment], *, after: date) -> date | None:
    """The first day after `after` on which a step comes."""
    days = (days_after(of.due_on, step) for of in parts for step in plan)
    return min((day for day in days if day > after), default=None)
