"""`@subscribe`: a method of the service class is handed the events it names, each effect once."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from nameko.containers import WorkerContext
from nameko.extensions import Entrypoint, SharedExtension, register_entrypoint

from shared.contracts import Event
from shared.messaging.consumer import Consumer
from shared.messaging.returned import Returned
from shared.messaging.subscription import Projection, Subscription

Method = TypeVar("Method", bound=Callable[..., None])

STOP_SECONDS = 20
"""How long what is in hand may take to finish when the service stops; then it is rolled back and given back."""


def subscribe(
    *events: type[Event], latest: bool = False, many: bool = False, projection: Projection | None = None
) -> Callable[[Method], Method]:
    """Have the method called with (session, delivery) for each event of these types, inside a transaction.

    The effect and the note that the event was handled commit together, so each effect happens once, in however many
    duplicates and whatever order the events come; order holds in the normal case only. The session carries the
    event's trace, so events published in it name this one as their cause. An event a rule refuses (DomainError) is
    a dead letter at once, any other error is tried again later, and a database that is away is waited for.

    `latest`: for handlers of state. Of a subject only the newest is handed over, and never one older than before.
    `many`: the method is called with (session, list of deliveries), and the session carries the first one's trace.
    `projection`: empties what the method builds. With it a new subscription starts with all events there ever were
    and can be rebuilt; without it, it has effects, so it starts from now.
    """

    def decorate(method: Method) -> Method:
        register_entrypoint(method, Subscribed(*events, latest=latest, many=many, projection=projection))
        return method

    return decorate


class DeadQueue(SharedExtension):  # type: ignore[misc] # nameko has no types
    """The service's one reader of what the broker gave up on."""

    def setup(self) -> None:
        config = self.container.config
        self._returned = Returned(
            self.container.service_name, engine=config["engine"], amqp_uri=config["settings"].amqp_uri
        )

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self._returned.run, identifier="dead queue")

    def stop(self) -> None:
        self._returned.stop()

    def kill(self) -> None:
        self._thread.kill()


def subscriptions_in(service: type[Any]) -> list[Subscription]:
    """What a service's class subscribes to, for those who have no container of it."""
    entrypoints = {name: getattr(getattr(service, name), "nameko_entrypoints", ()) for name in dir(service)}
    return [
        Subscription(service=service.name, name=name, **entrypoint._options)  # noqa: SLF001 -- the class is below
        for name, found in entrypoints.items()
        for entrypoint in found
        if isinstance(entrypoint, Subscribed)
    ]


class Subscribed(Entrypoint):  # type: ignore[misc] # nameko has no types
    """The entrypoint behind `@subscribe`: a Consumer in two managed threads of the container."""

    dead_queue = DeadQueue()

    def __init__(self, *events: type[Event], latest: bool, many: bool, projection: Projection | None) -> None:
        super().__init__()
        self._options: dict[str, Any] = {"events": events, "latest": latest, "many": many, "projection": projection}
        self._ended = [threading.Event(), threading.Event()]
        self._threads: list[Any] = []

    @property
    def subscription(self) -> Subscription:
        return Subscription(service=self.container.service_name, name=self.method_name, **self._options)

    def setup(self) -> None:
        config = self.container.config
        self._consumer = Consumer(
            self.subscription, engine=config["engine"], amqp_uri=config["settings"].amqp_uri, worker=self._worker
        )

    def start(self) -> None:
        for run, ended in zip((self._consumer.read, self._consumer.work), self._ended, strict=True):
            thread = self.container.spawn_managed_thread(run, identifier=f"{self.subscription.queue} {run.__name__}")
            thread.link(lambda _, ended=ended: ended.set())
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish what is in hand, but not for longer than the deadline: nameko itself would wait for ever."""
        deadline = time.monotonic() + STOP_SECONDS
        self._consumer.stop()
        for ended in self._ended:
            if not ended.wait(max(0.0, deadline - time.monotonic())):
                logging.getLogger(__name__).warning("gave up waiting for a handler", extra={"entrypoint": str(self)})
                self.kill()
                return

    def kill(self) -> None:
        self._consumer.kill()
        for thread in self._threads:
            thread.kill()

    @contextmanager
    def _worker(self) -> Iterator[Callable[..., Any]]:
        """A service instance for one unit of work, through nameko's worker lifecycle.

        Not `spawn_worker`: its pool is shared with HTTP, waits without limit at shutdown, calls the method exactly
        once, and logs errors with whatever personal data is in them.
        """
        container = self.container
        context = WorkerContext(container, container.service_cls(), self)
        container._inject_dependencies(context)  # noqa: SLF001 -- see above
        container._worker_setup(context)  # noqa: SLF001 -- see above
        failure = None
        try:
            yield getattr(context.service, self.method_name)
        except BaseException:
            failure = sys.exc_info()
            raise
        finally:
            container._worker_result(context, None, failure)  # noqa: SLF001 -- see above
            container._worker_teardown(context)  # noqa: SLF001 -- see above
