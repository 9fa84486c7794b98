"""Messages on their way from the broker to the worker, and how many of them to have in hand."""

import threading
import time
from collections import deque
from collections.abc import Callable

from shared.messaging.declare import bind_queue
from shared.messaging.link import Link, NoAnswer, Received
from shared.messaging.queues import exists
from shared.messaging.subscription import Subscription
from shared.messaging.subscription_metrics import SILENT

SUSPECT_RETURNS = 3
"""A message the broker had to take back this often may have killed us: it is handled with nothing else in hand."""


class Intake:
    """`run` belongs to the thread that reads the broker, `take` to the one that handles."""

    def __init__(self, subscription: Subscription, *, on_missing_queue: Callable[[], None]) -> None:
        self._subscription = subscription
        self._on_missing_queue = on_missing_queue
        self._arrived: deque[Received] = deque()
        self._changed = threading.Condition()
        self._wanted = threading.Event()
        self._wanted.set()
        self._stopping = False
        self._working = False
        self._link: Link | None = None
        self._consumer: str | None = None
        self._one_by_one = True
        self.is_drained = False
        """Whether the last `take` found that the broker had nothing for us."""
        self._silent_since: float | None = None
        self._silent = SILENT.labels(subscription.service, subscription.queue)

    def stop(self) -> None:
        """Take nothing more; `run` returns when the worker has nothing in hand."""
        self._stopping = True
        self._wanted.set()
        with self._changed:
            self._changed.notify_all()

    def abort(self) -> None:
        """Drop the connection; everything not acknowledged goes back to the broker."""
        if self._link is not None:
            self._link.alive = False

    def is_attached(self) -> bool:
        """Whether the broker has us down as a consumer."""
        return self._link is not None and self._link.alive and self._consumer is not None

    def silent_seconds(self) -> float:
        """For how long now the queue has taken no consumer, though it is there."""
        return time.monotonic() - self._silent_since if self._silent_since is not None else 0.0

    def hold(self) -> None:
        """Give everything back and stay away from the broker until `release`."""
        self._wanted.clear()

    def release(self) -> None:
        """Come back after `hold`."""
        self._wanted.set()

    def wait_until_wanted(self) -> None:
        self._wanted.wait()

    def take(self, most: int, *, seconds: float) -> list[Received]:
        """What has come, at most `most`; waits `seconds` for the first. From now on the worker has it in hand."""
        with self._changed:
            self._working, consumer = False, self._consumer
            if not self._arrived and not self._stopping:
                self._changed.wait(seconds)
            if self._stopping:
                return []
            hand = [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]
            self._working = bool(hand)
            self.is_drained = not hand and consumer is not None and consumer == self._consumer
        return [message for message in hand if message.link.alive]

    def worker_ended(self) -> None:
        """The worker will never take again."""
        self._working = False

    def run(self, link: Link) -> None:
        """Receive until stopped or held; at once held when there is no queue, which only a rebuild may make.

        It begins one by one: a message that kills the process would take its neighbours in hand nearer to the
        delivery limit with every death. Once one arrives that is no suspect, many are fetched at once.
        """
        self._arrived.clear()
        if not exists(link, self._subscription.queue):
            self._on_missing_queue()
            return
        bind_queue(link, self._subscription)
        self._link, self._consumer, self._one_by_one = link, None, True
        while self._wanted.is_set() and not self._stopping:
            if self._consumer is None and (self._is_idle() or not self._one_by_one):
                self._consume(link)
            link.drain()
        if self._stopping:
            self._finish(link)

    def _consume(self, link: Link) -> None:
        prefetch = 1 if self._one_by_one else 2 * self._subscription.group
        try:
            self._consumer = link.consume(self._subscription.queue, self._receive, prefetch=prefetch)
        except NoAnswer:
            self._silent_since = self._silent_since or time.monotonic()
            self._silent.set(1)
            raise
        self.expect_answer()

    def expect_answer(self) -> None:
        """Whatever silence there was is over, or begins anew."""
        self._silent_since = None
        self._silent.set(0)

    def _receive(self, message: Received) -> None:
        suspect = message.returns >= SUSPECT_RETURNS
        if suspect and not self._one_by_one:
            message.link.give_back(message.tag)
            self._switch(message.link, one_by_one=True)
            return
        if not suspect and self._one_by_one:
            self._switch(message.link, one_by_one=False)
        with self._changed:
            self._arrived.append(message)
            # The worker waits only while there is nothing, and waking it for every message costs more than the message.
            if len(self._arrived) == 1:
                self._changed.notify()

    def _switch(self, link: Link, *, one_by_one: bool) -> None:
        self._one_by_one = one_by_one
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            link.cancel(consumer)

    def _is_idle(self) -> bool:
        return not self._arrived and not self._working

    def _finish(self, link: Link) -> None:
        """Others may have what the worker will not take any more; what it has in hand it finishes."""
        if self._consumer is not None:
            link.cancel_soon(self._consumer)
        with self._changed:
            rest = list(self._arrived)
            self._arrived.clear()
        for message in rest:
            link.give_back(message.tag)
        while self._working:
            link.drain()
