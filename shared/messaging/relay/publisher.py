"""One connection to the broker: declares, publishes, counts confirms."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pika
from pika.adapters.select_connection import IOLoop
from pika.exceptions import AMQPError

from shared.messaging import topology
from shared.messaging.relay.confirms import Confirms
from shared.messaging.relay.leader import Row
from shared.messaging.relay.limits import Limits
from shared.messaging.wire import CONTENT_TYPE

SLICE = 100
"""Rows written before the socket is served again, so that the broker starts while the rest is still being encoded."""


class Publisher:
    """A connection with a thread of its own; at the first sign of trouble it fails for good and another is made.

    `ready`, `blocked`, `confirmed` and `failure` may be read from any thread. `confirmed` counts the messages, in the
    order of `send`, that the broker is known to have; a nacked or returned one ends the count for ever.
    """

    def __init__(self, amqp_uri: str, service: str, limits: Limits) -> None:
        self.ready = False
        self.blocked = False
        self.failure: str | None = None
        self._service = service
        self._confirms = Confirms()
        self._changed = threading.Event()
        self._loop = IOLoop()
        self._channel: Any = None
        self._connection = pika.SelectConnection(
            parameters(amqp_uri, service, limits),
            on_open_callback=self._opened,
            on_open_error_callback=lambda _, error: self._closed(f"cannot connect: {error!r}"),
            on_close_callback=lambda _, error: self._closed(f"connection lost: {error!r}"),
            custom_ioloop=self._loop,
        )
        self._connection.add_on_connection_blocked_callback(lambda *_: self._set_blocked(to=True))
        self._connection.add_on_connection_unblocked_callback(lambda *_: self._set_blocked(to=False))
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)
        self._thread.start()

    @property
    def confirmed(self) -> int:
        return self._confirms.prefix

    def send(self, rows: Sequence[Row]) -> None:
        """Publish in this order, without waiting; the answers show in `confirmed` and `failure`."""
        for start in range(0, len(rows), SLICE):
            self._loop.add_callback_threadsafe(partial(self._publish, rows[start : start + SLICE]))

    def wait(self, seconds: float) -> None:
        """Until something changed, at most `seconds`."""
        self._changed.wait(seconds)
        self._changed.clear()

    def close(self) -> None:
        """Say goodbye, but don't wait long for an answer."""
        self._end(self._leave)

    def abort(self, reason: str) -> None:
        """Drop the connection without asking the broker, who may be frozen."""
        self._end(partial(self._fail, reason))

    def _end(self, how: Callable[[], None]) -> None:
        self._loop.add_callback_threadsafe(how)
        self._thread.join(2)

    def _run(self) -> None:
        try:
            self._loop.start()
        except (AMQPError, OSError) as error:
            self.failure = self.failure or repr(error)
        finally:
            self.failure = self.failure or "the connection's thread ended"
            self._changed.set()
            # Here, since whoever ends us may not wait so long; pika lets others still speak to a closed loop.
            self._loop.close()

    def _leave(self) -> None:
        if not self.ready:
            self._fail("closed")
        elif not self.failure:
            self.failure = "closed"
            self._connection.close()
            self._loop.call_later(1, self._drop)

    def _fail(self, reason: str) -> None:
        if not self.failure:
            self.failure = reason
            self._changed.set()
            # Later, since pika tells of a closed channel in the middle of closing its connection.
            self._loop.call_later(0, self._drop)

    def _drop(self) -> None:
        # close() waits for the broker's answer and there is no public way to do without it.
        if not self._connection.is_closed:
            self._connection._terminate_stream(AMQPError(self.failure))  # noqa: SLF001 -- see above

    def _closed(self, reason: str) -> None:
        self.failure = self.failure or reason
        self._changed.set()
        # Not at once: pika closes the socket in callbacks of its own after it has told us.
        self._loop.call_later(0.1, self._loop.stop)

    def _opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._prepare)

    def _prepare(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _, error: self._fail(f"channel closed: {error!r}"))
        channel.add_on_return_callback(self._returned)
        declare(channel, self._service)
        channel.confirm_delivery(self._answered, callback=self._prepared)

    def _prepared(self, _: Any) -> None:
        self.ready = True
        self._changed.set()

    def _publish(self, rows: Sequence[Row]) -> None:
        if self.failure:
            return
        for row in rows:
            self._channel.basic_publish(
                topology.EXCHANGE, row.topic, row.body, properties(row, self._service), mandatory=True
            )

    def _answered(self, frame: Any) -> None:
        method = frame.method
        if self.failure:
            return
        if isinstance(method, pika.spec.Basic.Nack):
            self._fail("the broker refused an event")
        else:
            self._confirms.ack(method.delivery_tag, multiple=method.multiple)
        self._changed.set()

    def _returned(self, _channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        # The confirm that follows only says that the broker has dealt with it, so nothing after this may count.
        self._fail(f"no queue is bound for {method.routing_key}")

    def _set_blocked(self, *, to: bool) -> None:
        self.blocked = to
        self._changed.set()


def parameters(amqp_uri: str, service: str, limits: Limits) -> Any:
    """The address with our bounds on every wait."""
    found = pika.URLParameters(amqp_uri)
    found.heartbeat = limits.heartbeat
    found.blocked_connection_timeout = limits.blocked
    found.socket_timeout = limits.connect
    found.stack_timeout = limits.connect
    found.connection_attempts = 1
    found.client_properties = {"connection_name": f"relay {service}"}
    return found


def declare(channel: Any, service: str) -> None:
    """The exchange, the service's two streams and their bindings; repeating it changes nothing."""
    channel.exchange_declare(topology.EXCHANGE, "topic", durable=True)
    for visibility in ("public", "internal"):
        name = topology.stream(service, visibility)
        channel.queue_declare(name, durable=True, arguments=topology.stream_arguments(visibility))
        for key in topology.stream_bindings(service, visibility):
            channel.queue_bind(name, topology.EXCHANGE, key)


def properties(row: Row, service: str) -> Any:
    """What AMQP can repeat of the envelope, for tools that don't read the body."""
    return pika.BasicProperties(
        content_type=CONTENT_TYPE,
        delivery_mode=2,
        message_id=row.event_id,
        timestamp=row.created_at,
        type=f"coop.intercoop.{row.topic}",
        app_id=service,
    )
