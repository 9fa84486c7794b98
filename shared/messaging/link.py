"""One connection to the broker for one reader: every wait has a bound, and letting go never hangs.

kombu finds the transport; its own recovery is not used, because it waits without limit for answers of a broker that
may be frozen or out of reach.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from kombu.connection import Connection
from kombu.transport.pyamqp import Transport

HEARTBEAT_SECONDS = 20
"""A silent peer is given up after two of these."""

CONNECT_SECONDS = 5
ANSWER_SECONDS = 10
CLOSE_SECONDS = 1
TICK_SECONDS = 0.25
READ_BYTES = 16_384

CHANNEL_ERRORS = Transport.channel_errors

# AttributeError: py-amqp touches a transport that is gone already.
BROKER_ERRORS = (*Transport.connection_errors, *CHANNEL_ERRORS, OSError, AttributeError)


class NoAnswer(ConnectionError):  # noqa: N818 -- says what it is
    """The queue takes no consumer: it has no leader, or the broker went away over the question."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A message in hand: not acknowledged, so the broker gives it out again if we die."""

    body: bytes
    properties: dict[str, Any]
    headers: dict[str, Any]
    routing_key: str
    tag: int
    link: "Link"

    @property
    def returns(self) -> int:
        """How often the broker had to take it back before."""
        return int(self.headers.get("x-delivery-count", 0))


class Link:
    """An open connection with one channel. One thread drains; others may acknowledge."""

    def __init__(self, uri: str, *, name: str, heartbeat: int = HEARTBEAT_SECONDS) -> None:
        self.uri = uri
        options = {"client_properties": {"connection_name": name}}
        broker: Any = Connection(  # type: ignore[no-untyped-call] # kombu's own types are partial
            uri, heartbeat=heartbeat, connect_timeout=CONNECT_SECONDS, transport_options=options
        )
        self._amqp = broker.transport.establish_connection()
        if uri.startswith("amqp:"):
            self._read_in_bulk()
        self._wait_at_most(ANSWER_SECONDS)
        self._writing = threading.Lock()
        self._ticked = time.monotonic()
        self._settled: set[int] = set()
        self._all_settled_to = 0
        self.alive = True
        self.channel = self.another_channel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def another_channel(self) -> Any:
        """For a question whose answer may be that the broker closes the channel."""
        try:
            channel = self._amqp.channel()
        except BROKER_ERRORS:
            self.abort()
            raise
        channel.auto_decode = False
        return channel

    def _read_in_bulk(self) -> None:
        """py-amqp asks the socket thrice for each frame; asking for more at once saves a quarter of the work."""
        transport, sock = self._amqp.transport, self._amqp.transport.sock
        transport._quick_recv = lambda wanted: sock.recv(max(wanted, READ_BYTES))  # noqa: SLF001 -- no public way

    def _wait_at_most(self, seconds: float) -> None:
        self._amqp.transport.sock.settimeout(seconds)

    def consume(
        self,
        queue: str,
        receive: Callable[[Received], None],
        *,
        prefetch: int,
        arguments: dict[str, object] | None = None,
    ) -> str:
        """Have `receive` called, from within `drain`, with each message; returns the consumer's tag.

        Should the broker end the consumer, as when the queue is deleted, `drain` raises.

        Raises:
            NoAnswer: when the queue takes no consumer; the connection is then of no more use.
        """

        def deliver(message: Any) -> None:
            properties = message.properties
            receive(
                Received(
                    body=message.body if isinstance(message.body, bytes) else message.body.encode(),
                    properties=properties,
                    headers=properties.get("application_headers") or {},
                    routing_key=message.delivery_info["routing_key"],
                    tag=message.delivery_info["delivery_tag"],
                    link=self,
                )
            )

        self._wait_at_most(ANSWER_SECONDS)
        with self._writing:
            self.channel.basic_qos(0, prefetch, False)
        try:
            with self._answered_within(ANSWER_SECONDS):
                tag = self.channel.basic_consume(queue, callback=deliver, arguments=arguments)
        except CHANNEL_ERRORS:
            raise
        except BROKER_ERRORS as error:
            self.abort()
            raise NoAnswer(queue) from error
        return str(tag)

    @contextlib.contextmanager
    def _answered_within(self, seconds: float) -> Iterator[None]:
        """The socket's own bound is no bound: the broker's heartbeats keep coming while the queue is silent."""
        alarm = threading.Timer(seconds, self._hang_up)
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()

    def _hang_up(self) -> None:
        with contextlib.suppress(*BROKER_ERRORS):
            self._amqp.transport.sock.shutdown(socket.SHUT_RDWR)

    def drain(self) -> None:
        """Take in what the broker sends for at most a tick, and keep the heartbeat.

        Raises:
            BROKER_ERRORS: when the connection, channel or consumer is gone.
        """
        self._wait_at_most(TICK_SECONDS)
        with contextlib.suppress(TimeoutError):
            self._amqp.drain_events()
        if not self.alive:
            raise ConnectionError("given up by another thread")
        now = time.monotonic()
        if now - self._ticked >= 1:
            self._ticked = now
            with self._writing:
                self._amqp.heartbeat_tick()

    def acknowledge(self, tags: Sequence[int]) -> None:
        """Let the broker forget these messages. On a connection that is gone nothing happens: they come again."""
        # Never one that was answered before: the broker closes the channel over a tag it does not know.
        unanswered = [tag for tag in tags if not self.is_settled(tag)]
        self._settle(unanswered)
        together = [tag for tag in unanswered if tag <= self._all_settled_to]
        if together:
            self._answer(max(together), multiple=True)
        for tag in unanswered:
            if tag > self._all_settled_to:
                self._answer(tag)

    def _settle(self, tags: Sequence[int]) -> None:
        self._settled.update(tags)
        while self._all_settled_to + 1 in self._settled:
            self._all_settled_to += 1
            self._settled.discard(self._all_settled_to)

    def give_back(self, tag: int) -> None:
        """Let the broker give the message to whoever is next, perhaps us."""
        self._settle([tag])
        self._write(lambda: self.channel.basic_reject(tag, True))

    def is_settled(self, tag: int) -> bool:
        """Whether the message was acknowledged or given back."""
        return tag <= self._all_settled_to or tag in self._settled

    def _answer(self, tag: int, *, multiple: bool = False) -> None:
        self._write(lambda: self.channel.basic_ack(tag, multiple))

    def _write(self, send: Callable[[], None]) -> None:
        if not self.alive:
            return
        try:
            with self._writing:
                send()
        except BROKER_ERRORS:
            self.alive = False

    def cancel(self, consumer_tag: str) -> None:
        """Ask for no more messages; those on their way still arrive."""
        self._wait_at_most(ANSWER_SECONDS)
        self.channel.basic_cancel(consumer_tag)

    def cancel_soon(self, consumer_tag: str) -> None:
        """Ask for no more messages without waiting for the answer of a broker that may be frozen."""
        self._write(lambda: self.channel.basic_cancel(consumer_tag, nowait=True))

    def fail_when_blocked(self) -> None:
        """From now on a broker that is out of memory or disk fails whoever waits for a confirm, at once."""

        def blocked(reason: str) -> None:
            raise ConnectionError(reason)

        self._amqp.on_blocked = blocked

    def close(self) -> None:
        """Say goodbye if the broker still listens, then let go in any case."""
        if self.alive:
            self.alive = False
            with contextlib.suppress(*BROKER_ERRORS):
                self._wait_at_most(CLOSE_SECONDS)
                self._amqp.close()
        self.abort()

    def abort(self) -> None:
        """Let go at once."""
        self.alive = False
        with contextlib.suppress(*BROKER_ERRORS):
            self._amqp.collect()


def answers(uri: str, queue: str) -> bool:
    """Whether the queue takes a consumer; asked on a connection of its own, for a broken queue takes that with it."""
    try:
        with Link(uri, name=f"asks {queue}") as link:
            link.consume(queue, lambda _: None, prefetch=1)
    except BROKER_ERRORS:
        return False
    return True
