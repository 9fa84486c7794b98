"""Removes what is older than anybody may still ask for, a bounded number of rows at a time."""

from dataclasses import dataclass
from typing import Any

import psycopg

MOST_ROWS = 1000
"""Per statement and table, so that a sweep never holds up the relay; the next one goes on."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long to keep what is done with.

    The inbox outlives the streams and the time a dead letter may be redriven, or a replay would repeat effects.
    """

    outbox_days: int = 90
    inbox_days: int = 180
    idempotency_hours: int = 24


# The last published row of each subject stays: versions go on from it, late readers find the state in it, and the
# last position of all is always among them.
_OUTBOX = """
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox AS old
        WHERE published_at < now() - make_interval(days => %(outbox_days)s) AND EXISTS (
            SELECT FROM outbox AS newer
            WHERE newer.subject = old.subject AND newer.subject_version > old.subject_version
            AND newer.published_at IS NOT NULL
        )
        ORDER BY position
        LIMIT %(most)s
    )
"""


def tidy(connection: psycopg.Connection[Any], retention: Retention) -> dict[str, int]:
    """Rows removed, by table."""
    values = {"outbox_days": retention.outbox_days, "most": MOST_ROWS}
    return {"outbox": connection.execute(_OUTBOX, values).rowcount}
