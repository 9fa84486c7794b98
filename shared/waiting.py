"""How psycopg waits for the database in a process that eventlet patched: on eventlet's hub itself.

psycopg's own wait_selector works there too, but builds a selector for every statement, a sixth of a write's time.
"""

import os
from collections.abc import Generator
from typing import Any

import eventlet.hubs
from eventlet.green import select
from psycopg import OperationalError, waiting


class _Nothing(Exception):  # noqa: N818 -- no error: nothing has come yet
    pass


def install() -> None:
    """Let every connection of this process wait like this."""
    waiting.wait = wait  # type: ignore[assignment]  # its type is generic in what the operation returns


def wait(generator: Generator[int, int, Any], fileno: int, interval: float = 0.0, timeout: float | None = None) -> Any:
    """What the database operation `generator` returns, run while its socket is ready and others run while it is not."""
    if timeout is not None:
        return waiting.wait_selector(generator, fileno, interval, timeout)  # type: ignore[arg-type]  # psycopg's own enums
    try:
        wanted = next(generator)
        while True:
            wanted = generator.send(_ready(fileno, wanted, interval))
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


def _check_open(fileno: int) -> None:
    """A socket that somebody closed is never ready."""
    try:
        os.fstat(fileno)
    except OSError as error:
        raise OperationalError("the connection was closed") from error
