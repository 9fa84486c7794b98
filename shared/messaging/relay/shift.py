"""A leader's time in office: rows to the broker, confirms to the database."""

import logging
import random
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from shared.messaging.relay import metrics
from shared.messaging.relay.chores import Chores
from shared.messaging.relay.leader import Leader
from shared.messaging.relay.limits import Limits
from shared.messaging.relay.publisher import Publisher

log = logging.getLogger(__name__)

SLOWER = 1.1
"""How much longer a relay waits after each look that found nothing. One that looked every 20 ms for ever would take,
with what the database does for it, three percent of a processor for doing nothing."""


class InFlight(NamedTuple):
    """A row that was handed to the broker and when."""

    id: int
    sent_at: float


class Shift:
    """One session of the leader, over as many connections to the broker as it takes.

    Raises psycopg.Error when the session is lost; what was in flight is then sent again by the next leader.
    """

    def __init__(
        self, service: str, leader: Leader, amqp_uri: str, limits: Limits, reached: Callable[[str], None]
    ) -> None:
        self._service, self._leader, self._amqp_uri, self._limits = service, leader, amqp_uri, limits
        self._reached = reached
        self._chores = Chores(service, leader, limits)
        self._publisher: Publisher | None = None
        self._in_flight: deque[InFlight] = deque()
        self._settled = 0
        self._failures = 0
        self._dial_at = 0.0
        self._look_seconds = 0.0
        self._pause = limits.poll
        self.empty = False
        """Whether the last look found nothing to send and nothing was in flight."""

    def work(self, stopping: threading.Event) -> None:
        """Until `stopping`; then what is in hand is finished within the deadline."""
        try:
            while not stopping.is_set():
                self.turn(stopping)
            self._finish()
        finally:
            if self._publisher:
                self._publisher.close()

    def turn(self, stopping: threading.Event) -> None:
        """One look at everything, then a short wait if there was nothing to do."""
        self._chores.do()
        if not self._publisher:
            self._dial(stopping)
        elif self._publisher.failure:
            self._hang_up(self._publisher, self._publisher.failure)
        else:
            self._relay(self._publisher)

    def _dial(self, stopping: threading.Event) -> None:
        if monotonic() >= self._dial_at:
            self._publisher = Publisher(self._amqp_uri, self._service, self._limits)
            self._dial_at = monotonic() + 2 * self._limits.connect
        else:
            stopping.wait(self._limits.poll)

    def _hang_up(self, publisher: Publisher, failure: str) -> None:
        """Mark what was confirmed before the trouble; the rest is sent again, in order, on another connection."""
        publisher.abort(failure)
        self._settle(publisher)
        self._publisher, self._settled = None, 0
        self._in_flight.clear()
        self._dial_at = monotonic() + self._backoff()
        self._failures += 1
        metrics.BLOCKED.labels(self._service).set(0)
        metrics.FAILURES.labels(self._service, failure.split(":", 1)[0]).inc()
        log.warning("broker connection given up", extra={"service": self._service, "reason": failure})

    def _backoff(self) -> float:
        longest = min(self._limits.backoff_most, self._limits.backoff_first * 2.0 ** min(self._failures, 16))
        return longest * random.uniform(0.5, 1)  # noqa: S311 -- spreads reconnections, guards nothing

    def _relay(self, publisher: Publisher) -> None:
        moved = self._settle(publisher)
        if publisher.ready and len(self._in_flight) + self._limits.batch <= self._limits.window:
            moved = self._send_more(publisher) or moved
        self._watch(publisher)
        if moved:
            self._pause = self._limits.poll
        else:
            # A long transaction of somebody else's keeps dead index entries alive, and each look has to pass them all.
            publisher.wait(max(self._pause, 4 * self._look_seconds))
            self._pause = min(SLOWER * self._pause, self._limits.poll_idle)

    def _send_more(self, publisher: Publisher) -> bool:
        began = monotonic()
        rows = self._leader.fetch(self._limits.batch, in_flight=[row.id for row in self._in_flight])
        publisher.send(rows)
        now = monotonic()
        self._look_seconds = now - began
        self._in_flight.extend(InFlight(row.id, now) for row in rows)
        self.empty = not self._in_flight
        return bool(rows)

    def _settle(self, publisher: Publisher) -> bool:
        """Mark the rows that are confirmed with everything before them."""
        count = publisher.confirmed - self._settled
        if not count:
            return False
        self._reached("confirmed")
        self._leader.mark([self._in_flight[nth].id for nth in range(count)])
        self._reached("marked")
        metrics.CONFIRM_SECONDS.labels(self._service).observe(monotonic() - self._in_flight[0].sent_at)
        metrics.PUBLISHED.labels(self._service).inc(count)
        for _ in range(count):
            self._in_flight.popleft()
        self._settled += count
        self._failures = 0
        return True

    def _watch(self, publisher: Publisher) -> None:
        """Drop a connection whose broker stays silent, unless it told us why."""
        metrics.BLOCKED.labels(self._service).set(publisher.blocked)
        if publisher.ready:
            overdue = self._in_flight and monotonic() - self._in_flight[0].sent_at > self._limits.confirm
            if overdue and not publisher.blocked:
                self._hang_up(publisher, "no confirm in time")
        elif monotonic() > self._dial_at:
            self._hang_up(publisher, "no connection in time")

    def _finish(self) -> None:
        deadline = monotonic() + self._limits.drain
        publisher = self._publisher
        while publisher and self._in_flight and not publisher.failure and monotonic() < deadline:
            if not self._settle(publisher):
                publisher.wait(self._limits.poll)
        if publisher:
            self._settle(publisher)
