"""Waiting for an effect: look again until it is there or time is up."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], *, within: float = 60, every: float = 0.02) -> T:
    """The first answer of `look` that is true; fails with the last one when none is within so many seconds.

    The bound only ends a wait in vain, and leaves room for a busy machine; where it is a promise, say it.
    """
    deadline = time.monotonic() + within
    while not (answer := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s; the last answer was {answer!r}")
        time.sleep(every)
    return answer
