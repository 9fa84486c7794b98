"""The relay's one database session: it holds the leader's lock, fetches and marks."""

from typing import Any, NamedTuple, Self

import psycopg
from sqlalchemy.engine import make_url

from shared.connection import BoundedConnection
from shared.messaging.relay.limits import Limits

LOCK = 0x72656C6179
"""Key of the advisory lock, one per database: "relay" in ASCII."""

_FETCH = """
    SELECT id, event_id, topic, body, created_at
    FROM (
        SELECT *, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS bytes_before
        FROM (
            SELECT id, event_id::text, topic, body, extract(epoch FROM created_at)::bigint AS created_at
            FROM outbox
            WHERE published_at IS NULL AND id <> ALL (%(in_flight)s::bigint[])
            ORDER BY id
            LIMIT %(limit)s
        ) AS unsent
    ) AS measured
    WHERE bytes_before < %(most_bytes)s
    ORDER BY id
"""

# Numbered from the rows the statement itself finds, so there is no gap whatever was in the list.
_MARK = """
    WITH confirmed AS (
        SELECT id, row_number() OVER (ORDER BY id) AS nth
        FROM outbox
        WHERE id = ANY (%(ids)s::bigint[]) AND published_at IS NULL
    )
    UPDATE outbox
    SET position = (SELECT coalesce(max(position), 0) FROM outbox) + nth, published_at = clock_timestamp()
    FROM confirmed
    WHERE outbox.id = confirmed.id
"""

_OLDEST = """
    SELECT extract(epoch FROM clock_timestamp() - created_at)::float8
    FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 1
"""


class Row(NamedTuple):
    """An outbox row as it goes to the broker; `created_at` in seconds since 1970."""

    id: int
    event_id: str
    topic: str
    body: str
    created_at: int


def plain_url(database_url: str) -> str:
    """The address as libpq spells it, without SQLAlchemy's driver name."""
    return make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)


class Leader:
    """A session that leads, or wants to.

    Lock, fetch and mark share one connection: a relay that lost its lock has lost the session, so it cannot mark.
    Every method raises psycopg.Error once the session is gone; the object is then of no more use.
    """

    def __init__(self, database_url: str, limits: Limits) -> None:
        self._limits = limits
        self.leads = False
        self.connection = BoundedConnection.connect(
            plain_url(database_url),
            autocommit=True,
            application_name="relay",
            connect_timeout=max(2, int(limits.connect)),
            keepalives_idle=2,
            keepalives_interval=1,
            keepalives_count=3,
            tcp_user_timeout=int(limits.statement * 1000),
            options=(
                f"-c statement_timeout={int(limits.statement * 1000)}"
                f" -c idle_session_timeout={int(limits.idle_session * 1000)}"
                f" -c tcp_user_timeout={int(limits.idle_session * 1000)}"
            ),
        )
        self.connection.patience = limits.statement + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def lead(self) -> bool:
        """Whether this session leads; asks for the lock if not.

        Session locks stack: asked for twice they would have to be given back twice, so a leader never asks again.
        """
        if not self.leads:
            self.leads = self._scalar("SELECT pg_try_advisory_lock(%s)", (LOCK,))
        return self.leads

    def fetch(self, limit: int, *, in_flight: list[int]) -> list[Row]:
        """The oldest unpublished rows in id order, without those in flight.

        Never "id > last": ids are taken before commit, so a later commit can bring a smaller id.
        """
        with self.connection.cursor(row_factory=psycopg.rows.class_row(Row)) as cursor:
            cursor.execute(
                _FETCH, {"in_flight": in_flight, "limit": limit, "most_bytes": self._limits.batch_bytes}, prepare=True
            )
            return cursor.fetchall()

    def mark(self, ids: list[int]) -> None:
        """Note that the broker has confirmed `ids`, and give them the next positions in id order, without a gap."""
        self.connection.execute(_MARK, {"ids": ids}, prepare=True)

    def oldest_age(self) -> float:
        """Seconds the oldest unpublished row has waited; 0 when there is none. Also keeps the session awake."""
        return self._scalar(_OLDEST) or 0.0

    def pending(self) -> int:
        """Unpublished rows."""
        count: int = self._scalar("SELECT count(*) FROM outbox WHERE published_at IS NULL")
        return count

    def _scalar(self, statement: str, values: tuple[object, ...] = ()) -> Any:
        row = self.connection.execute(statement, values).fetchone()
        return row[0] if row else None
