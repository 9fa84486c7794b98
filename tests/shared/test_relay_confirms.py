"""Confirms come in any order and in groups, and what is not confirmed never counts."""

from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.relay.confirms import Confirms


def test_a_confirm_ahead_of_others_waits_for_them() -> None:
    """Trap: confirms may arrive out of order."""
    confirms = Confirms()
    confirms.ack(2, multiple=False)
    assert confirms.prefix == 0
    confirms.ack(1, multiple=False)
    assert confirms.prefix == 2


def test_one_confirm_may_stand_for_all_before_it() -> None:
    """Trap: confirms may arrive in groups."""
    confirms = Confirms()
    confirms.ack(7, multiple=False)
    confirms.ack(5, multiple=True)
    assert confirms.prefix == 5
    confirms.ack(6, multiple=False)
    assert confirms.prefix == 7


@given(st.permutations(range(1, 30)), st.integers(0, 29))
def test_the_prefix_is_exactly_what_has_no_gap_before_it(order: list[int], taken: int) -> None:
    confirms = Confirms()
    for tag in order[:taken]:
        confirms.ack(tag, multiple=False)
    seen = set(order[:taken])
    assert confirms.prefix == next(n for n in range(31) if n + 1 not in seen)
