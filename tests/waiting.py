"""Waiting for an effect: look again until it is there or time is up."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SOON, SELDOM = 0.02, 0.2
"""Seconds."""


def eventually(look: Callable[[], T], *, within: float = 60, every: float | None = None) -> T:
    """The first answer of `look` that is true; fails with the last one when none is within so many seconds.

    It looks again soon at first and less and less often, for a look costs what it waits for the processor; `every` so
    many seconds where that would miss something.
    The bound only ends a wait in vain, and leaves room for a busy machine; where it is a promise, say it.
    """
    deadline = time.monotonic() + within
    pause = every or SOON
    while not (answer := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s; the last answer was {answer!r}")
        time.sleep(pause)
        pause = every or min(pause * 1.25, SELDOM)
    return answer
