"""A publisher's outbox in itself and against its streams."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from intercoop.audit.report import Finding, finding
from intercoop.broker_definitions import PUBLIC_STREAM_DAYS
from shared.contracts import Visibility
from shared.messaging.housekeeping import Retention
from shared.messaging.link import Received
from shared.messaging.streams import StreamReader, end_of, first_of, offset_of
from shared.messaging.topology import INTERNAL_STREAM_DAYS, stream

Database = psycopg.Connection[Any]

_PENDING = "SELECT event_id FROM outbox WHERE published_at IS NULL AND id <= %(cut)s ORDER BY id"

# Housekeeping removes old rows, so a gap counts only where the row before it is too young to have a removed successor.
_POSITION_GAPS = """
    SELECT 'position ' || missing FROM (
        SELECT position, lead(position) OVER (ORDER BY position) AS next, published_at
        FROM outbox WHERE position IS NOT NULL
    ) AS pairs, generate_series(position + 1, next - 1) AS missing
    WHERE published_at > now() - make_interval(days => %(kept_days)s)
"""

# Housekeeping removes a subject's oldest rows first, so what is left of a subject has no hole.
_VERSION_GAPS = """
    SELECT subject || ' version ' || missing FROM (
        SELECT subject, subject_version, lead(subject_version) OVER (PARTITION BY subject ORDER BY subject_version)
            AS next FROM outbox
    ) AS pairs, generate_series(subject_version + 1, next - 1) AS missing
"""

_NOT_IN_STREAM = """
    SELECT event_id FROM outbox
    WHERE published_at > now() - make_interval(days => %(kept_days)s) AND id <= %(cut)s
    AND visibility = ANY (%(visibilities)s) AND NOT EXISTS (SELECT FROM heard WHERE heard.event_id = outbox.event_id)
    ORDER BY id
"""

# The relay names the time on every message; what has none is not of its making.
_NEVER_COMMITTED = """
    SELECT DISTINCT coalesce(event_id::text, 'offset ' || place) FROM heard
    WHERE coalesce(to_timestamp(said_at) > now() - make_interval(days => %(kept_days)s), true)
    AND NOT EXISTS (SELECT FROM outbox WHERE outbox.event_id = heard.event_id)
"""

_LEAKED = "SELECT DISTINCT event_id FROM heard JOIN outbox USING (event_id) WHERE visibility = 'internal'"

# A handler that ran twice says twice, of the same subject and for the same cause, that something happened.
_SAID_TWICE = """
    SELECT DISTINCT unnest((array_agg(event_id ORDER BY id))[2:])
    FROM (
        SELECT id, event_id, topic, subject, body::jsonb ->> 'causationid' AS cause
        FROM outbox WHERE body LIKE '%%"causationid":%%'
    ) AS said
    GROUP BY topic, subject, cause HAVING count(*) > 1
"""


def cut_of(database: Database) -> int:
    """Where the outbox ends now; what comes later is another audit's."""
    return int(column(database, "SELECT coalesce(max(id), 0) FROM outbox")[0])


def unpublished(database: Database, service: str, *, cut: int) -> list[Finding]:
    """What the relay has not brought to the broker yet."""
    return finding("pending", service, "not yet confirmed by the broker", column(database, _PENDING, {"cut": cut}))


def compare_outbox(database: Database, service: str) -> list[Finding]:
    """Positions and versions without a gap, nothing said twice."""
    values = {"kept_days": Retention().outbox_days}
    return [
        *finding("lost", service, "positions missing in the outbox", column(database, _POSITION_GAPS, values)),
        *finding("lost", service, "versions missing in the outbox", column(database, _VERSION_GAPS, values)),
        *finding("doubled", service, "said twice for the same cause", column(database, _SAID_TWICE, values)),
    ]


def compare_stream(
    database: Database,
    service: str,
    visibility: Visibility,
    *,
    amqp_uri: str,
    cut: int,
    read: Callable[[int], None],
) -> list[Finding]:
    """The published rows against the stream, both ways; `read` is told how many messages were read."""
    name = stream(service, visibility)
    _copy(database, _messages(amqp_uri, name, read))
    days = PUBLIC_STREAM_DAYS if visibility == "public" else INTERNAL_STREAM_DAYS
    values = {
        "cut": cut,
        "visibilities": ["public"] if visibility == "public" else ["public", "internal"],
        "kept_days": days - 1,
    }
    # A row may have been removed on the day the message was looked at.
    committed = {"kept_days": Retention().outbox_days - 1}
    leaked = column(database, _LEAKED) if visibility == "public" else []
    return [
        *finding("lost", service, f"published but not in {name}", column(database, _NOT_IN_STREAM, values)),
        *finding("damaged", service, f"in {name} but never committed", column(database, _NEVER_COMMITTED, committed)),
        *finding("damaged", service, f"internal but in {name}", leaked),
    ]


def _copy(database: Database, messages: Iterator[tuple[Any, ...]]) -> None:
    database.execute("CREATE TEMP TABLE IF NOT EXISTS heard (event_id uuid, said_at bigint, place bigint)")
    database.execute("TRUNCATE heard")
    with database.cursor().copy("COPY heard FROM STDIN") as copy:
        for message in messages:
            copy.write_row(message)
    database.execute("CREATE INDEX IF NOT EXISTS heard_by_event ON heard (event_id)")
    database.execute("ANALYZE heard")


def _messages(amqp_uri: str, name: str, read: Callable[[int], None]) -> Iterator[tuple[Any, ...]]:
    """Id, time and offset of every message up to the stream's present end; a duplicate as often as it is there."""
    if first_of(amqp_uri, name) is None:
        return
    end, at = end_of(amqp_uri, name), 0
    with StreamReader(amqp_uri, name, "first") as reader:
        while at < end:
            batch = reader.next(500, seconds=10)
            if not batch:
                raise ConnectionError(f"the stream {name} gave nothing for ten seconds")
            for message in batch:
                yield _id_of(message), message.properties.get("timestamp"), offset_of(message)
            reader.link.acknowledge([message.tag for message in batch])
            read(len(batch))
            at = offset_of(batch[-1]) + 1


def _id_of(message: Received) -> UUID | None:
    """None where somebody else than a relay sent it."""
    try:
        return UUID(message.properties.get("message_id", ""))
    except ValueError:
        return None


def column(database: Database, statement: str, values: dict[str, Any] | None = None) -> list[Any]:
    """The first column of all rows."""
    return [row[0] for row in database.execute(statement, values or {})]


@contextmanager
def streamed(database: Database, name: str, statement: str, values: dict[str, Any]) -> Iterator[Iterator[Any]]:
    """All rows, however many, without holding them in memory."""
    with database.transaction(), database.cursor(name) as cursor:
        cursor.itersize = 5000
        yield iter(cursor.execute(statement, values))
