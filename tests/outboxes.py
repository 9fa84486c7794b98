"""Fills an outbox fast and compares it with what the broker got."""

from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from shared.messaging.relay.leader import plain_url
from tests.streams import Entry

BODY = '{"specversion":"1.0","type":"coop.intercoop.membership.member.admitted.v1","data":{"padding":"%s"}}' % (
    "x" * 400
)


def connect_plain(database_url: str) -> psycopg.Connection[TupleRow]:
    return psycopg.connect(plain_url(database_url), autocommit=True)


def fill(database_url: str, rows: int, *, subjects: int = 50, topic: str = "membership.member.admitted.v1") -> None:
    """Rows as publish() would leave them: each subject's versions go on where they were."""
    with connect_plain(database_url) as connection:
        connection.execute(
            """
            INSERT INTO outbox (event_id, topic, subject, subject_version, body, visibility)
            SELECT gen_random_uuid(), %(topic)s, subject, nth / %(subjects)s + 1 + coalesce(last, 0), %(body)s, 'public'
            FROM (SELECT nth, 'member/' || nth %% %(subjects)s AS subject FROM generate_series(0, %(rows)s - 1) AS nth)
                AS wanted
            LEFT JOIN (SELECT subject, max(subject_version) AS last FROM outbox GROUP BY subject) AS known
                USING (subject)
            ORDER BY nth
            """,
            {"topic": topic, "subjects": subjects, "body": BODY, "rows": rows},
        )


def scalar(database_url: str, statement: str) -> Any:
    with connect_plain(database_url) as connection:
        row = connection.execute(statement).fetchone()
        assert row
        return row[0]


def pending(database_url: str) -> int:
    return int(scalar(database_url, "SELECT count(*) FROM outbox WHERE published_at IS NULL"))


def published(database_url: str) -> int:
    return int(scalar(database_url, "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL"))


def positions(database_url: str) -> list[int]:
    with connect_plain(database_url) as connection:
        return [row[0] for row in connection.execute("SELECT position FROM outbox ORDER BY id")]


def assert_complete(database_url: str, entries: list[Entry]) -> None:
    """Everything is published, positions have no gap, the stream has every event, first ones in the outbox's order."""
    with connect_plain(database_url) as connection:
        rows = connection.execute("SELECT event_id, position FROM outbox ORDER BY position").fetchall()
    assert [row[1] for row in rows] == list(range(1, len(rows) + 1))
    first_seen = dict.fromkeys(UUID(entry.message_id) for entry in entries)
    assert set(first_seen) == {row[0] for row in rows}
    assert list(first_seen) == [row[0] for row in rows]
