"""How late what is owed is."""

from collections.abc import Iterable
from datetime import date

from services.membership.dues.instalments import Instalment

BUCKETS = (("not_due", 0), ("days_1_30", 30), ("days_31_60", 60), ("days_61_90", 90), ("days_91_365", 365))
"""Name and the most days late; what is later still is `older`."""

NAMES = (*(name for name, _ in BUCKETS), "older")


def bucket(due_on: date, on: date) -> str:
    """The bucket of what was due on a day, seen on another."""
    late = (on - due_on).days
    return next((name for name, most in BUCKETS if late <= most), "older")


def aged(parts: Iterable[Instalment], on: date) -> dict[str, int]:
    """Open parts by bucket."""
    found = dict.fromkeys(NAMES, 0)
    for part in parts:
        found[bucket(part.due_on, on)] += part.minor
    return found
