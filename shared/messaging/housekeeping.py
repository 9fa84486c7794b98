"""Removes what is older than anybody may still ask for, a bounded number of rows at a time."""

from dataclasses import asdict, dataclass
from typing import Any

import psycopg

MOST_ROWS = 1000
"""Per table and sweep, so that a sweep never holds the relay up; the next one goes on."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long to keep what is done with.

    The inbox outlives the streams, so that no event that can still be read from one counts as new.
    """

    outbox_days: int = 90
    inbox_days: int = 400
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

_INBOX = """
    DELETE FROM inbox WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM inbox WHERE handled_at < now() - make_interval(days => %(inbox_days)s) LIMIT %(most)s
    ))
"""

_IDEMPOTENCY = """
    DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_keys
        WHERE created_at < now() - make_interval(hours => %(idempotency_hours)s) LIMIT %(most)s
    ))
"""

SWEEPS = {"outbox": _OUTBOX, "inbox": _INBOX, "idempotency_keys": _IDEMPOTENCY}


def tidy(connection: psycopg.Connection[Any], retention: Retention, *, most: int = MOST_ROWS) -> dict[str, int]:
    """Rows removed, by table; `most` is the bound for each."""
    values = {**asdict(retention), "most": most}
    return {table: connection.execute(sweep, values).rowcount for table, sweep in SWEEPS.items()}
