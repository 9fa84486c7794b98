"""The relay's life: wait for the database, wait for the lock, lead, and start over when something is lost."""

import logging
import threading
from collections.abc import Callable
from time import monotonic

import psycopg

from shared.messaging.relay import metrics
from shared.messaging.relay.leader import Leader
from shared.messaging.relay.limits import Limits
from shared.messaging.relay.shift import Shift

log = logging.getLogger(__name__)


class Relay:
    """Relays one service's outbox until it is stopped.

    Any number may run for one database: one leads, the others wait for its lock. What was committed is published at
    least once, per subject in order, and marked only after the broker's confirm.
    """

    def __init__(
        self,
        service: str,
        *,
        database_url: str,
        amqp_uri: str,
        limits: Limits | None = None,
        reached: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`reached` is told when a named point is passed ("confirmed", "marked"); tests kill the process there."""
        self._service, self._database_url, self._amqp_uri = service, database_url, amqp_uri
        self._limits = limits or Limits()
        self._reached = reached
        self.stopping = threading.Event()

    def run(self) -> None:
        """Returns once `stopping` is set and what was in hand is marked or given up."""
        while not self.stopping.is_set():
            try:
                self._serve()
            except psycopg.Error as error:
                log.warning("database session lost", extra={"service": self._service, "reason": str(error)})
                self.stopping.wait(self._limits.election)
            finally:
                metrics.LEADER.labels(self._service).set(0)

    def _serve(self) -> None:
        with Leader(self._database_url, self._limits) as leader:
            while not leader.lead():
                if self.stopping.wait(self._limits.election):
                    return
            log.info("leading", extra={"service": self._service})
            metrics.LEADER.labels(self._service).set(1)
            self._shift(leader).work(self.stopping)

    def _shift(self, leader: Leader) -> Shift:
        return Shift(self._service, leader, self._amqp_uri, self._limits, self._reached)

    def drain(self, *, within: float) -> None:
        """Relay until the outbox is empty, as a measurement needs it.

        Raises:
            TimeoutError: when it takes longer than `within` seconds, or another relay leads.
        """
        deadline = monotonic() + within
        with Leader(self._database_url, self._limits) as leader:
            while not leader.lead():
                self._expect_before(deadline)
                self.stopping.wait(self._limits.poll)
            shift = self._shift(leader)
            while not shift.empty:
                self._expect_before(deadline)
                shift.turn(self.stopping)
            self.stopping.set()
            shift.work(self.stopping)

    def _expect_before(self, deadline: float) -> None:
        if monotonic() > deadline:
            raise TimeoutError(f"the outbox of {self._service} was not drained in time")
