"""Many things in hand a few at a time, so that memory doesn't grow with how many there are."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Thing = TypeVar("Thing")


def batches(things: Iterable[Thing], size: int) -> Iterator[list[Thing]]:
    """All of them in their order, `size` at a time and the last ones fewer; taken only as they are asked for."""
    left = iter(things)
    while batch := list(islice(left, size)):
        yield batch
