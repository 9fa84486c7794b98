"""When not to look for garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nothing_to_collect() -> Iterator[None]:
    """For a block that imports: what it makes lives as long as the process, and is never looked through again.

    A third of the time that a service takes to start would go into searching it, and a third of the work of a long
    report; each full collection of a running service would stop every call for a tenth of a second.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
