"""Reads a publisher's stream from any point on."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Self

from shared.messaging.link import Link, Received
from shared.messaging.queues import stream_exists

PREFETCH = 500
"""Streams refuse consumers without one."""

QUIET_SECONDS = 1.0
"""The last chunk comes in one go; after so much time it is through."""

Offset = str | int | datetime
"""first, last (chunk), a number, or the chunk of a time."""


class StreamReader:
    """A connection of its own that reads one stream."""

    def __init__(self, amqp_uri: str, stream: str, offset: Offset) -> None:
        self._arrived: list[Received] = []
        self.link = Link(amqp_uri, name=f"reads {stream}")
        try:
            arguments: dict[str, object] = {"x-stream-offset": offset}
            self.link.consume(stream, self._arrived.append, prefetch=PREFETCH, arguments=arguments)
        except BaseException:
            self.link.abort()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.link.close()

    def next(self, most: int, *, seconds: float, stopping: Callable[[], bool] = lambda: False) -> list[Received]:
        """What comes next, at most `most`; empty when nothing came for `seconds`."""
        self._wait(most, seconds=seconds, stopping=stopping)
        batch, self._arrived[:most] = self._arrived[:most], []
        return batch

    def _wait(self, most: int, *, seconds: float, stopping: Callable[[], bool] = lambda: False) -> None:
        deadline = time.monotonic() + seconds
        while len(self._arrived) < most and time.monotonic() < deadline and not stopping():
            before = len(self._arrived)
            self.link.drain()
            if self._arrived and len(self._arrived) == before:
                break

    def is_empty(self, *, seconds: float) -> bool:
        """Whether the stream holds nothing from the offset on, waiting twice so many seconds for the first message.

        Silence counts only when the broker answers a question meanwhile, for it may be frozen.
        """
        for _ in range(2):
            self._wait(1, seconds=seconds)
            if self._arrived:
                return False
            self.link.another_channel().close()
        return not self._arrived


def offset_of(message: Received) -> int:
    """The message's place in its stream."""
    return int(message.headers["x-stream-offset"])


def first_of(amqp_uri: str, stream: str) -> Received | None:
    """The oldest message the stream still has; None when it is empty or not there."""
    with Link(amqp_uri, name=f"looks for {stream}") as link:
        if not stream_exists(link, stream):
            return None
    with StreamReader(amqp_uri, stream, "first") as reader:
        return None if reader.is_empty(seconds=QUIET_SECONDS) else reader.next(1, seconds=0)[0]


def end_of(amqp_uri: str, stream: str) -> int:
    """The offset after the last message there is now, or a later one; the stream must not be empty.

    Raises:
        ConnectionError: when nothing came in time.
    """
    end = 0
    with StreamReader(amqp_uri, stream, "last") as reader:
        started = time.monotonic()
        while end == 0 or time.monotonic() - started < QUIET_SECONDS:
            batch = reader.next(PREFETCH, seconds=QUIET_SECONDS)
            if not batch and end == 0:
                raise ConnectionError(f"the stream {stream} gave nothing")
            end = offset_of(batch[-1]) + 1 if batch else end
            reader.link.acknowledge([message.tag for message in batch])
    return end
