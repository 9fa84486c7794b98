"""How psycopg waits for the database in a process that eventlet patched: on eventlet's hub itself.

psycopg's own wait_selector works there too, but builds a selector for every statement, a sixth of a write's time.
"""

import math
import os
from collections.abc import Generator
from time import monotonic
from typing import Any

import eventlet.hubs
from eventlet import patcher
from eventlet.green import select
from psycopg import OperationalError, errors, waiting

# eventlet's own select has none.
_select = patcher.original("select")


class _Nothing(Exception):  # noqa: N818 -- no error: nothing has come yet
    pass


def install() -> None:
    """Let every connection of this process wait like this."""
    waiting.wait = wait  # type: ignore[assignment]  # its type is generic in what the operation returns


def wait(generator: Generator[int, int, Any], fileno: int, interval: float = 0.0, timeout: float | None = None) -> Any:
    """What the database operation `generator` returns, run while its socket is ready and others run while it is not.

    Raises:
        psycopg.errors._WaitTimeout: nothing came for `timeout` seconds.
    """
    deadline = math.inf if timeout is None else monotonic() + timeout
    try:
        wanted = next(generator)
        while True:
            ready = _ready(fileno, wanted, interval)
            if not ready and monotonic() >= deadline:
                ready = _ready_after_all(fileno, wanted)
            wanted = generator.send(ready)
    except StopIteration as end:
        return end.value


def _ready(fileno: int, wanted: int, interval: float) -> int:
    """What of `wanted` (1 read, 2 write) is possible now; 0 when nothing was within `interval` seconds."""
    if wanted == waiting.WAIT_RW:
        readable, writable, _ = select.select([fileno], [fileno], [], interval)
        return bool(readable) | bool(writable) << 1
    try:
        eventlet.hubs.trampoline(
            fileno,
            read=wanted == waiting.WAIT_R,
            write=wanted == waiting.WAIT_W,
            timeout=interval,
            timeout_exc=_Nothing,
        )
    except _Nothing:
        _check_open(fileno)
        return 0
    return wanted


def _ready_after_all(fileno: int, wanted: int) -> int:
    """What of `wanted` is possible at the deadline. One who computes may have kept the hub from looking until now."""
    poll = _select.poll()
    poll.register(fileno, _events(wanted))
    for _, found in poll.poll(0):
        return bool(found & ~_select.POLLOUT) | bool(found & _select.POLLOUT) << 1
    raise errors._WaitTimeout  # noqa: SLF001 -- what psycopg expects, and has no public name


def _events(wanted: int) -> int:
    reading = _select.POLLIN if wanted & waiting.WAIT_R else 0
    writing = _select.POLLOUT if wanted & waiting.WAIT_W else 0
    return int(reading | writing)


def _check_open(fileno: int) -> None:
    """A socket that somebody closed is never ready."""
    try:
        os.fstat(fileno)
    except OSError as error:
        raise OperationalError("the connection was closed") from error
