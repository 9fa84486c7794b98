"""A field its merges are taken out of one by one is each time what the others alone would have made of it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.membership.merging import Side, join
from services.membership.parting import Step, carried, replayed

VALUES = st.lists(st.sampled_from("abcde"), unique=True, max_size=4)
MERGES = st.lists(st.tuples(st.sampled_from(("survivor", "loser", "both")), VALUES), max_size=6)
ORDER = st.randoms(use_true_random=False)


def played(base: Any, merges: list[tuple[Side, Any]]) -> tuple[Any, list[Step]]:
    steps = []
    for side, theirs in merges:
        after = {"survivor": base, "loser": theirs, "both": join([*base], [*theirs])}[side]
        steps.append(Step(side, theirs, base, after))
        base = after
    return base, steps


def taken_out(steps: list[Step], index: int, now: Any) -> tuple[Any, list[Step]]:
    gone = steps[index]
    replay = replayed(gone.after, gone.before, steps[index + 1 :], now)
    assert not replay.kept
    return replay.value, [*steps[:index], *replay.steps]


@given(base=VALUES, merges=MERGES, order=ORDER)
def test_lists_come_apart_in_any_order(base: list[str], merges: list[tuple[Side, list[str]]], order: Any) -> None:
    now, steps = played(base, merges)
    while steps:
        index = order.randrange(len(steps))
        now, steps = taken_out(steps, index, now)
        merges = [*merges[:index], *merges[index + 1 :]]
        assert set(now) == set(played(base, merges)[0])
    assert now == base


@given(base=st.sampled_from("abc"), merges=MERGES, order=ORDER)
def test_single_values_come_apart_in_any_order(base: str, merges: list[tuple[Side, list[str]]], order: Any) -> None:
    singles: list[tuple[Side, Any]] = [(side, "".join(theirs[:1])) for side, theirs in merges if side != "both"]
    now, steps = played(base, singles)
    while steps:
        index = order.randrange(len(steps))
        now, steps = taken_out(steps, index, now)
        singles = [*singles[:index], *singles[index + 1 :]]
        assert now == played(base, singles)[0]
    assert now == base


def test_a_value_changed_by_hand_between_two_merges_stays_and_is_said() -> None:
    replay = replayed("b", "a", [Step("loser", "b", before="e", after="b")], "b")
    assert (replay.value, replay.kept) == ("b", True)
    assert [(one.before, one.after) for one in replay.steps] == [("e", "b")]


def test_a_list_changed_by_hand_keeps_the_change() -> None:
    assert carried(["b", "x"], ["a", "b", "c"], ["a", "d"]) == ["x", "d"]
