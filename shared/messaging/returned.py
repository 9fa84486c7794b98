"""Takes in what the broker itself gave up on: events that came back so often that they must have killed the process."""

import logging
import threading

from sqlalchemy import Engine

from shared.clock import utc_now
from shared.database import transaction
from shared.messaging.backoff import backoff
from shared.messaging.dead_letters import Failure, bury
from shared.messaging.declare import declare_dead
from shared.messaging.failures import describe
from shared.messaging.letters import letter_of
from shared.messaging.link import BROKER_ERRORS, Link, NoAnswer, Received
from shared.messaging.subscription_metrics import SILENT
from shared.messaging.topology import DELIVERY_LIMIT, dead_exchange

_log = logging.getLogger(__name__)

PREFETCH = 20


class Returned:
    """Moves the service's dead queue into its dead letters, until stopped."""

    def __init__(self, service: str, *, engine: Engine, amqp_uri: str) -> None:
        self._service = service
        self._engine = engine
        self._amqp_uri = amqp_uri
        self._stopping = threading.Event()
        self._arrived: list[Received] = []
        self._silent = SILENT.labels(service, dead_exchange(service))

    def stop(self) -> None:
        """End within a tick."""
        self._stopping.set()

    def run(self) -> None:
        """Keep the messages as dead letters, each acknowledged once its row is committed."""
        failures = 0
        while not self._stopping.is_set():
            try:
                with Link(self._amqp_uri, name=f"{self._service} dead queue") as link:
                    self._arrived.clear()
                    link.consume(declare_dead(link, self._service), self._arrived.append, prefetch=PREFETCH)
                    self._silent.set(0)
                    while not self._stopping.is_set():
                        link.drain()
                        failures = 0 if self._keep_arrived() else failures + 1
                        if failures:
                            self._stopping.wait(backoff(failures))
            except BROKER_ERRORS as error:
                failures += 1
                self._silent.set(isinstance(error, NoAnswer))
                _log.warning("broker lost: %s", type(error).__name__, extra={"service": self._service})
                self._stopping.wait(backoff(failures))

    def _keep_arrived(self) -> bool:
        try:
            while self._arrived:
                self._keep(self._arrived[0])
                message = self._arrived.pop(0)
                message.link.acknowledge([message.tag])
        except Exception as error:  # noqa: BLE001 -- the messages stay in hand until the database takes them
            _log.warning("cannot keep a dead letter now: %s", describe(error), extra={"service": self._service})
            return False
        return True

    def _keep(self, message: Received) -> None:
        queue = str(message.headers.get("x-first-death-queue", ""))
        letter = letter_of(message, None, subscription=queue.removeprefix(f"{self._service}."))
        reason = str(message.headers.get("x-first-death-reason", "returned"))
        why = Failure(
            kind="returned",
            type=reason,
            message="given up by the broker; a process that handled it may have died of it each time",
            attempts=DELIVERY_LIMIT + 1,
        )
        with transaction(self._engine) as session:
            bury(session, letter, failure=why, now=utc_now())
        _log.error("dead letter: %s by the broker", reason, extra={"subscription": queue})
