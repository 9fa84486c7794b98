"""Everything comes in its order, a few at a time, and nothing before it is asked for."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from shared.batches import batches


@given(things=st.lists(st.integers(), max_size=50), size=st.integers(1, 12))
def test_none_is_lost_and_only_the_last_batch_is_smaller(things: list[int], size: int) -> None:
    found = list(batches(things, size))
    assert [one for batch in found for one in batch] == things
    assert all(len(batch) == size for batch in found[:-1])
    assert all(found)


def test_what_was_not_asked_for_was_not_taken() -> None:
    taken: list[int] = []

    def things() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    assert next(batches(things(), 3)) == [0, 1, 2]
    assert taken == [0, 1, 2]
