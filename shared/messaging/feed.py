"""A service's public events by position, for whoever can't or won't speak AMQP: read a page, wait for the next."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from prometheus_client import Gauge
from sqlalchemy import Connection, Engine, Select, func, or_, select, text
from sqlalchemy.exc import SQLAlchemyError

from shared.contracts.catalogue import BY_PUBLISHER
from shared.messaging.outbox import outbox

SPAN = 20_000
"""Positions looked at in one page, so that a rare type costs as little as a common one; a page may come back empty."""

POLL_SECONDS = 0.05
OUTAGE_SECONDS = 1.0
CLOSING_SECONDS = 0.5
MOST_WAITING = 250

_PATTERN = re.compile(r"(?:[a-z0-9_]+|[*#])(?:\.(?:[a-z0-9_]+|[*#]))*")

_HORIZON = text("""
    SELECT coalesce(max(position), 1) FROM (
        SELECT position, position - lag(position, 1, 0::bigint) OVER (ORDER BY position) AS step
        FROM outbox WHERE position IS NOT NULL
    ) AS steps WHERE step > 1
""")

waiting = Gauge("intercoop_feed_clients", "Clients that wait for or stream the feed", multiprocess_mode="livesum")


class Gone(Exception):  # noqa: N818 -- what happened to the events
    """Events after the cursor are no longer kept; `oldest` is the first position from which all are."""

    def __init__(self, oldest: int) -> None:
        self.oldest = oldest
        super().__init__(f"the oldest position is {oldest}")


class Beyond(Exception):  # noqa: N818 -- where the cursor is
    """The cursor is after the last position `end`: it comes from another feed, or the database was put back."""

    def __init__(self, end: int) -> None:
        self.end = end
        super().__init__(f"the feed ends at {end}")


class Crowded(Exception):  # noqa: N818 -- the state it reports
    """As many clients wait in this process as may."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which events a reader wants: topic patterns as in AMQP, and one subject; none means all."""

    patterns: tuple[str, ...] = ()
    subject: str | None = None


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Events in order of position with their bytes as on the wire; `next` is the cursor behind them."""

    events: list[tuple[int, str]]
    next: int
    more: bool


def matches(pattern: str, routing_key: str) -> bool:
    """AMQP's topic rule: `*` stands for one word, `#` for any number of them."""
    return re.match(_regex(pattern), f".{routing_key}") is not None


def _regex(pattern: str) -> str:
    """For a routing key with a dot before it; Python and PostgreSQL read the expression alike."""
    words = {"*": r"\.[a-z0-9_]+", "#": r"(\.[a-z0-9_]+)*"}
    return f"^{''.join(words.get(word, f'[.]{word}') for word in pattern.split('.'))}$"


def is_known(pattern: str, publisher: str) -> bool:
    """Whether the pattern is well formed and some public event of the publisher matches it."""
    public = [event for event in BY_PUBLISHER[publisher] if event.visibility == "public"]
    return bool(_PATTERN.fullmatch(pattern)) and any(matches(pattern, event.routing_key()) for event in public)


def end(connection: Connection) -> int:
    """The last position given; 0 before the first event."""
    position: int = connection.scalar(select(func.coalesce(func.max(outbox.c.position), 0))) or 0
    return position


def position_at(engine: Engine, moment: datetime) -> int:
    """The cursor behind which the first event published at or after `moment` comes."""
    later = select(outbox.c.position).where(outbox.c.published_at >= moment, outbox.c.position.is_not(None))
    with engine.connect() as connection:
        first = connection.scalar(later.order_by(outbox.c.position).limit(1))
        return end(connection) if first is None else first - 1


def read(engine: Engine, choice: Choice, *, after: int, limit: int, compacted: bool = False) -> Batch:
    """The next public events after `after`, at most `limit`: none missing, none twice, each subject in order.

    Positions are given in the order they become visible, so whoever reads up to one never misses a smaller one.
    With `compacted` holes are fine: of what is older than the retention the last event of each subject remains.

    Raises:
        Gone: when events after `after` were removed, unless `compacted`.
        Beyond: when `after` is behind the end.
    """
    with engine.connect() as connection:
        last = end(connection)
        if after > last:
            raise Beyond(last)
        if after == last:
            return Batch(events=[], next=last, more=False)
        upto = min(last, after + SPAN)
        if not compacted and _kept(connection, after, upto) != upto - after:
            raise Gone(connection.scalar(_HORIZON) or 1)
        rows = connection.execute(_chosen(choice, after, upto).limit(limit)).all()
    events = [(row.position, row.body) for row in rows]
    cursor = events[-1][0] if len(events) == limit else upto
    return Batch(events=events, next=cursor, more=cursor < last)


def _kept(connection: Connection, after: int, upto: int) -> int:
    here = outbox.c.position.between(after + 1, upto)
    return connection.scalar(select(func.count()).select_from(outbox).where(here)) or 0


def _chosen(choice: Choice, after: int, upto: int) -> Select[tuple[int, str]]:
    found = select(outbox.c.position, outbox.c.body).where(
        outbox.c.position.between(after + 1, upto), outbox.c.visibility == "public"
    )
    if choice.patterns:
        found = found.where(or_(*(("." + outbox.c.topic).regexp_match(_regex(pattern)) for pattern in choice.patterns)))
    if choice.subject is not None:
        found = found.where(outbox.c.subject == choice.subject)
    return found.order_by(outbox.c.position)


class Tail:
    """Where a process's clients wait for the next position: one poll of the database for all, none while nobody waits.

    Whoever waits holds no database connection.
    """

    def __init__(self, engine: Engine, *, most: int = MOST_WAITING) -> None:
        self._engine, self._most = engine, most
        self._changed = threading.Condition()
        self._end = 0
        self._clients = 0
        self._waiting = 0
        self._poller: threading.Thread | None = None
        self._closed = threading.Event()

    def enter(self) -> Callable[[], None]:
        """Take a place; call what it returns to give it back, once or more.

        Raises:
            Crowded: when there is none.
        """
        with self._changed:
            if self._clients >= self._most:
                raise Crowded
            self._clients += 1
        waiting.inc()
        given_back = threading.Event()

        def leave() -> None:
            if not given_back.is_set():
                given_back.set()
                waiting.dec()
                with self._changed:
                    self._clients -= 1

        return leave

    def wait(self, after: int, seconds: float, closing: Callable[[], bool]) -> bool:
        """Until there is a position behind `after` (then True), `seconds` are over, or `closing()` says to end."""
        deadline = monotonic() + seconds
        with self._changed, self._counted():
            while self._end <= after and not closing() and (left := deadline - monotonic()) > 0:
                self._changed.wait(min(left, CLOSING_SECONDS))
            return self._end > after

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._waiting += 1
        if self._poller is None and not self._closed.is_set():
            self._poller = threading.Thread(target=self._poll, name="feed", daemon=True)
            self._poller.start()
        try:
            yield
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Look no more, so that no look holds a connection when the engine is disposed of; wakes nobody."""
        self._closed.set()
        poller = self._poller
        if poller is not None:
            # Not for longer: a look at a database that does not answer ends with the process.
            poller.join(CLOSING_SECONDS)

    def _poll(self) -> None:
        while True:
            pause = self._look()
            with self._changed:
                if not self._waiting or self._closed.is_set():
                    self._poller = None
                    return
            self._closed.wait(pause)

    def _look(self) -> float:
        """Wake those who wait if there is news; returns the seconds to the next look."""
        try:
            with self._engine.connect() as connection:
                found = end(connection)
        except SQLAlchemyError:
            # An outage of the database ends nobody's wait; the answer after it says what there is to say.
            return OUTAGE_SECONDS
        with self._changed:
            news, self._end = found > self._end, found
            if news:
                self._changed.notify_all()
        return POLL_SECONDS
