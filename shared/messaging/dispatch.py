"""What becomes of the messages in hand: handled together, else one by one; tried later; or buried."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from shared.clock import utc_now
from shared.contracts import Event
from shared.messaging import topology
from shared.messaging.dead_letters import Failure, bury
from shared.messaging.failures import Remedy, describe, failure, remedy
from shared.messaging.inbox import Rebuilding
from shared.messaging.letters import letter_of
from shared.messaging.link import BROKER_ERRORS, Received
from shared.messaging.retries import Retries, attempts
from shared.messaging.subscription import Subscription
from shared.messaging.subscription_metrics import GROUP_SIZE, HANDLED, HANDLING_SECONDS, LAG_SECONDS
from shared.messaging.unit import Begin, Worker, run_unit
from shared.messaging.wire import Delivery, Unreadable, decode

_log = logging.getLogger(__name__)

CLASHES = 5
"""How often a unit is done again at once because another transaction got in its way."""

UNSENT_SECONDS = 5
"""Between two attempts to hand the broker what it would not take."""

STRIKES = 5
"""An event that goes with a lost database this often in a row, while the database is well, is to blame itself."""


class Outage(Exception):  # noqa: N818 -- a state, not a fault of the event
    """The database is away; nothing in hand is lost, and nothing is held against it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """A message together with what it says."""

    message: Received
    delivery: Delivery[Event]


class Dispatch:
    """Decides for one subscription. Messages it is done with are acknowledged; the rest are still in hand."""

    def __init__(self, subscription: Subscription, *, worker: Worker, begin: Begin, retries: Retries) -> None:
        self.subscription = subscription
        self.strikes = 0
        self.lag_seconds = float("inf")
        """How old the oldest event was that was handled last."""
        self._worker = worker
        self._begin = begin
        self._retries = retries
        self._unsent: list[Received] = []
        self._send_again_at = 0.0
        self._labels = (subscription.service, subscription.name)
        self._wanted = frozenset(event.type_name() for event in subscription.events)

    def handle(self, messages: Sequence[Received]) -> None:
        """Handle the messages.

        Raises:
            Outage: when the database is away.
            Rebuilding: when nothing may be handled now.
        """
        incoming = [each for message in messages if (each := self._read(message))]
        if not incoming:
            return
        if len(incoming) == 1 or self.strikes > 1 or not self._together(incoming):
            for one in incoming:
                self._alone(one)

    def handle_delivery(self, delivery: Delivery[Event], *, also: Callable[[Session], None]) -> None:
        """Handle an event that came another way than the queue; `also` joins its transaction."""
        self._unit([delivery], also=also)

    def send_unsent(self) -> None:
        """Try again to delay what the broker would not take before."""
        if time.monotonic() < self._send_again_at:
            return
        unsent, self._unsent = self._unsent, []
        for position, message in enumerate(unsent):
            if message.link.alive and not self._delay(message):
                self._unsent += unsent[position + 1 :]
                return

    def has_unsent(self) -> bool:
        """Whether something waits for the broker to take it."""
        return bool(self._unsent)

    def is_open(self, message: Received) -> bool:
        """Whether the message is still in hand and undecided."""
        return message.link.alive and not message.link.is_settled(message.tag) and message not in self._unsent

    def _read(self, message: Received) -> Incoming | None:
        try:
            delivery = decode(message.body)
        except Unreadable as error:
            self._bury(message, None, failure(error, attempts=attempts(message) + 1))
            return None
        if delivery.event.type_name() not in self._wanted:
            # A binding left over from when the subscription wanted it.
            self._done([message], "unwanted")
            return None
        return Incoming(message=message, delivery=delivery)

    def _together(self, incoming: list[Incoming]) -> bool:
        try:
            handled = self._unit([one.delivery for one in incoming])
        except (Outage, Rebuilding):
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it is, one by one will tell whose it is
            _log.info("group of %s goes one by one: %s", len(incoming), describe(error), extra=self._extra())
            return False
        self._done([one.message for one in incoming], "handled", handled)
        return True

    def _alone(self, one: Incoming) -> None:
        try:
            handled = self._unit([one.delivery])
        except (Outage, Rebuilding):
            raise
        except Exception as error:  # noqa: BLE001 -- what to do about it depends on what it is
            self._failed(one, error)
        else:
            self._done([one.message], "handled", handled)

    def _unit(self, deliveries: list[Delivery[Event]], also: Callable[[Session], None] | None = None) -> int:
        started = time.perf_counter()
        handled = self._run(deliveries, also)
        self.strikes = 0
        HANDLING_SECONDS.labels(*self._labels).observe(time.perf_counter() - started)
        GROUP_SIZE.labels(*self._labels).observe(len(deliveries))
        oldest = min(delivery.time for delivery in deliveries)
        self.lag_seconds = max(0.0, (utc_now() - oldest).total_seconds())
        LAG_SECONDS.labels(*self._labels).observe(self.lag_seconds)
        return handled

    def _run(self, deliveries: list[Delivery[Event]], also: Callable[[Session], None] | None) -> int:
        for clash in range(CLASHES + 1):
            try:
                return run_unit(
                    deliveries, subscription=self.subscription, worker=self._worker, begin=self._begin, also=also
                )
            except Rebuilding:
                raise
            except Exception as error:
                kind = remedy(error)
                if kind is Remedy.WAIT and not (len(deliveries) == 1 and self.strikes >= STRIKES):
                    raise Outage(describe(error)) from error
                if kind is not Remedy.AGAIN or clash == CLASHES:
                    raise
                time.sleep(0.01 * 2**clash)
        raise AssertionError("unreachable")

    def _failed(self, one: Incoming, error: Exception) -> None:
        tried = attempts(one.message) + 1
        if remedy(error) is Remedy.BURY or tried > len(topology.RETRY_SECONDS):
            self._bury(one.message, one.delivery, failure(error, attempts=tried))
        else:
            _log.warning("attempt %s failed: %s", tried, describe(error), extra=self._extra(one.delivery))
            self._delay(one.message)

    def _delay(self, message: Received) -> bool:
        """Send it to the delay queue; while the broker takes nothing, it stays in hand and others go on."""
        if time.monotonic() < self._send_again_at:
            self._unsent.append(message)
            return False
        try:
            self._retries.send(message, queue=self.subscription.queue, now=utc_now())
        except BROKER_ERRORS as error:
            _log.warning("cannot delay an event now: %s", type(error).__name__, extra=self._extra())
            self._unsent.append(message)
            self._send_again_at = time.monotonic() + UNSENT_SECONDS
            return False
        self._done([message], "retried")
        return True

    def _bury(self, message: Received, delivery: Delivery[Event] | None, why: Failure) -> None:
        letter = letter_of(message, delivery, subscription=self.subscription.name)
        self._keep(lambda session, now: bury(session, letter, failure=why, now=now))
        _log.error("dead letter: %s %s", why.type, why.message, extra=self._extra(delivery))
        self._done([message], "buried")

    def _keep(self, write: Callable[[Session, datetime], None]) -> None:
        try:
            with self._begin() as session:
                write(session, utc_now())
        except Exception as error:
            if remedy(error) is Remedy.WAIT:
                raise Outage(describe(error)) from error
            raise

    def _done(self, messages: list[Received], result: str, handled: int | None = None) -> None:
        handled = len(messages) if handled is None else handled
        messages[0].link.acknowledge([message.tag for message in messages])
        HANDLED.labels(*self._labels, result).inc(handled)
        if len(messages) > handled:
            HANDLED.labels(*self._labels, "skipped").inc(len(messages) - handled)

    def _extra(self, delivery: Delivery[Event] | None = None) -> dict[str, object]:
        extra: dict[str, object] = {"subscription": self.subscription.queue}
        if delivery is not None:
            extra |= {"event_id": str(delivery.id), "correlation_id": delivery.trace.correlation_id}
        return extra
