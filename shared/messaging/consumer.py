"""The life of one subscription in one process: one thread reads the broker, another handles what has come."""

import logging
import threading
import time

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from shared.database import transaction
from shared.messaging.backoff import backoff
from shared.messaging.dispatch import Dispatch, Outage
from shared.messaging.failures import describe
from shared.messaging.inbox import Rebuilding
from shared.messaging.intake import Intake
from shared.messaging.link import BROKER_ERRORS, Link, NoAnswer, Received, answers
from shared.messaging.rebuild import Rebuild
from shared.messaging.retries import Retries
from shared.messaging.subscription import Subscription
from shared.messaging.subscription_metrics import PAUSED
from shared.messaging.topology import dead_exchange
from shared.messaging.unit import Worker
from shared.messaging.upkeep import Upkeep

_log = logging.getLogger(__name__)

GROUP_SECONDS = 0.5
"""Groups shrink when handlers are slow, so that no transaction gets long and no event waits long for its commit."""

PATIENCE_SECONDS = 30
"""A longer outage of the database gives the messages back, or the broker would end the consumer for not answering."""

LATE_SECONDS = 600
"""With events older than this in hand there is a backlog, and the subscription does not count as up to date."""

SILENT_SECONDS = 30
"""A queue that has taken no consumer for so long, while another queue of the broker does, has lost its leader for good.
Elections take a few seconds."""


class Consumer:
    """Reads in one thread (`read`), handles in another (`work`); both end after `stop`."""

    def __init__(self, subscription: Subscription, *, engine: Engine, amqp_uri: str, worker: Worker) -> None:
        self.subscription = subscription
        self._engine = engine
        self._amqp_uri = amqp_uri
        self._retries = Retries(amqp_uri, subscription.service)
        self._begin = lambda: transaction(engine)
        self._dispatch = Dispatch(subscription, worker=worker, begin=self._begin, retries=self._retries)
        self._upkeep = Upkeep(subscription, dispatch=self._dispatch, begin=self._begin)
        self._intake = Intake(subscription, on_missing_queue=self._give_up_queue)
        self._stopping = threading.Event()
        self._rebuild = Rebuild(
            subscription,
            engine=engine,
            amqp_uri=amqp_uri,
            worker=worker,
            retries=self._retries,
            stopping=self._stopping,
        )
        self._hand: list[Received] = []
        self._group_size = 1.0
        self._up_to_date = False
        self._failed_rebuilds = 0
        self._paused = PAUSED.labels(subscription.service, subscription.name)

    def stop(self) -> None:
        """Take nothing more and end when the unit of work in hand is done."""
        self._stopping.set()
        self._intake.stop()

    def kill(self) -> None:
        """Let go of the broker at once; what is in hand goes back to it."""
        self.stop()
        self._intake.abort()
        self._retries.close()

    def read(self) -> None:
        """Stay connected until stopped, but not while the worker holds off."""
        failures = 0
        while not self._stopping.is_set():
            self._intake.wait_until_wanted()
            try:
                with Link(self._amqp_uri, name=self.subscription.queue) as link:
                    failures = failures if self._intake.silent_seconds() else 0
                    self._receive(link)
            except BROKER_ERRORS as error:
                failures += 1
                _log.warning("broker lost: %s", type(error).__name__, extra=self._extra)
                self._stopping.wait(backoff(failures))

    def _receive(self, link: Link) -> None:
        try:
            self._intake.run(link)
        except NoAnswer:
            seconds = self._intake.silent_seconds()
            _log.warning("the queue has answered nobody for %.0f s", seconds, extra=self._extra)
            if seconds > SILENT_SECONDS and answers(self._amqp_uri, dead_exchange(self.subscription.service)):
                self._give_up_queue()
            raise

    def work(self) -> None:
        """Handle what arrives until stopped."""
        try:
            while not self._stopping.is_set():
                self._turn()
        finally:
            self._intake.worker_ended()
            self._retries.close()

    def _turn(self) -> None:
        try:
            self._upkeep.run(up_to_date=self._intake.is_attached() and self._up_to_date)
            self._intake.release()
            self._dispatch.send_unsent()
            self._handle_next()
        except Outage as outage:
            self._pause(str(outage))
        except Rebuilding:
            self._rebuild_or_wait()

    def _handle_next(self) -> None:
        self._hand = [message for message in self._hand if self._dispatch.is_open(message)]
        self._hand = self._hand or self._intake.take(int(self._group_size), seconds=1)
        self._up_to_date = not self._hand and self._intake.is_drained
        if self._hand:
            started = time.monotonic()
            self._dispatch.handle(self._hand)
            self._up_to_date = self._dispatch.lag_seconds < LATE_SECONDS
            self._resize(len(self._hand), time.monotonic() - started)
            self._hand = []

    def _resize(self, handled: int, seconds: float) -> None:
        affordable = handled * GROUP_SECONDS / max(seconds, 1e-6)
        self._group_size = max(1.0, min(affordable, 2 * self._group_size, self.subscription.group))

    def _rebuild_or_wait(self) -> None:
        """Give everything back while some process, perhaps this one, rebuilds the subscription."""
        self._up_to_date = False
        self._intake.hold()
        self._upkeep.look_again()
        try:
            self._rebuild.run()
            self._failed_rebuilds = 0
        except BROKER_ERRORS as error:
            self._failed_rebuilds += 1
            _log.warning("rebuilding goes on later: %s", type(error).__name__, extra=self._extra)
            self._stopping.wait(backoff(self._failed_rebuilds))
        except (Outage, SQLAlchemyError) as error:
            self._pause(describe(error))

    def _pause(self, why: str) -> None:
        """Wait until the database is well again."""
        _log.warning("paused, the database is away: %s", why, extra=self._extra)
        started, failures = time.monotonic(), 0
        self._up_to_date = False
        self._paused.inc()
        self._stopping.wait(backoff(min(self._dispatch.strikes, 2)))
        while not self._stopping.is_set() and not self._database_is_well():
            failures += 1
            if time.monotonic() - started > PATIENCE_SECONDS:
                self._intake.hold()
            self._stopping.wait(backoff(failures))
        self._dispatch.strikes = 0 if failures else self._dispatch.strikes + 1
        self._paused.dec()
        _log.info("going on", extra=self._extra)

    def _database_is_well(self) -> bool:
        try:
            with self._engine.connect() as connection:
                return bool(connection.scalar(text("SHOW transaction_read_only")) == "off")
        except SQLAlchemyError:
            return False

    def _give_up_queue(self) -> None:
        """Leave it to a rebuild, which makes another and reads from the streams what this one held."""
        try:
            self._upkeep.note_lost_queue()
        except SQLAlchemyError as error:
            raise ConnectionError("the queue is only made once it is noted that it was lost") from error
        self._intake.expect_answer()
        self._intake.hold()

    @property
    def _extra(self) -> dict[str, object]:
        return {"subscription": self.subscription.queue}
