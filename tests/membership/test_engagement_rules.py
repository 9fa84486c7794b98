"""How near a member is: what each signal weighs, what it suggests, and what the function holds to."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.membership.engagement import HIGHEST, Picture, Signal, SignalKind, direction, end_of, picture
from services.membership.engagement_weights import REASON_KINDS, VERSIONS, Weights, in_force, read
from tests.membership.signals import BAD, START, a_signal, day, noon, some_signals

WEIGHTS = VERSIONS[0]
SIGNALS = st.lists(some_signals(), max_size=12)
DAYS = st.integers(0, 2000).map(day)


def seen(at: date, *signals: Signal, weights: Weights = WEIGHTS) -> Picture:
    return picture(signals, weights, at=at)


def told(found: Picture) -> list[tuple[str, int]]:
    return [(one.kind, one.points) for one in found.reasons]


def test_without_signals_a_member_is_engaged_and_nothing_is_suggested() -> None:
    found = seen(day(5))
    assert (found.risk, found.level, found.reasons, found.suggested) == (0, "engaged", (), None)


@pytest.mark.parametrize(
    ("signals", "at", "reasons"),
    [
        ([("dues_late", 0)], 0, [("dues_late", 10)]),
        ([("dues_late", 0)], 30, [("dues_late", 25)]),
        ([("statistic_missing", 0)], 30, [("statistic_missing", 12)]),
        ([("statistic_missing", 0)], 1095, []),
        ([("statistic_missing", 0), ("statistic_declared", 3)], 30, []),
        ([("contact_unreachable", 0)], 1, [("contact_unreachable", 15)]),
        ([("contact_unreachable", 0), ("contact_cleared", 3)], 2, [("contact_unreachable", 15)]),
        ([("contact_unreachable", 0), ("contact_cleared", 3)], 3, []),
        ([("contact_cleared", 3), ("contact_unreachable", 5)], 9, [("contact_unreachable", 15)]),
        ([("notice_delivered", 0)], 29, []),
        ([("notice_delivered", 0)], 30, [("notices_unread", 5)]),
        ([("notice_delivered", 0), ("notice_read", 40)], 41, []),
        ([("notice_delivered", 0)], 730, []),
        ([("registration_expected", 0)], 729, []),
        ([("registration_expected", 0)], 730, [("no_registration", 15)]),
        ([("registration_expected", 0), ("registered", 1)], 730, []),
        ([("registered", 0)], 1500, []),
        ([("benefit_expected", 0), ("benefited", 400)], 1130, [("no_benefit", 15)]),
        ([("support_asked", 0)], 14, [("support_waiting", 10)]),
        ([("support_asked", 0), ("support_settled", 9)], 60, []),
        ([("support_declined", 0)], 364, [("support_declined", 10)]),
        ([("support_declined", 0)], 365, []),
    ],
)
def test_each_signal_weighs_as_the_file_says(
    signals: list[tuple[SignalKind, int]], at: int, reasons: list[tuple[str, int]]
) -> None:
    assert told(seen(day(at), *(a_signal(kind, number) for kind, number in signals))) == reasons


def test_a_reason_tells_its_cases_and_since_when() -> None:
    notices = [a_signal("notice_delivered", number, key=str(number)) for number in (0, 1, 2, 3, 4, 40)]
    found = seen(day(60), *notices, a_signal("notice_read", 5, key="0"))
    [reason] = found.reasons
    assert (reason.kind, reason.points, reason.since, reason.cases) == (
        "notices_unread",
        20,
        day(1),
        ("1", "2", "3", "4"),
    )


def test_the_heaviest_reason_suggests_what_to_do() -> None:
    found = seen(day(40), a_signal("dues_late", 0), a_signal("contact_unreachable", 0), a_signal("support_asked"))
    assert told(found) == [("dues_late", 25), ("contact_unreachable", 15), ("support_waiting", 10)]
    assert (found.risk, found.level, found.suggested) == (50, "at_risk", "agree_on_dues")
    watched = seen(day(40), a_signal("dues_late", 0))
    assert (watched.level, watched.suggested) == ("watch", "agree_on_dues")
    engaged = seen(day(40), a_signal("contact_unreachable", 0))
    assert (engaged.level, engaged.suggested) == ("engaged", None)


def test_a_trend_says_no_more_than_the_figures_hold() -> None:
    quiet, late = seen(day(0)), seen(day(0), a_signal("dues_late", 0))
    assert direction(quiet, late, WEIGHTS) == "worse"
    assert direction(late, quiet, WEIGHTS) == "better"
    assert direction(late, replace(late, risk=late.risk + WEIGHTS.steady_within), WEIGHTS) == "same"


@given(SIGNALS, DAYS, st.randoms())
def test_order_and_repetition_change_nothing(signals: list[Signal], at: date, chance: Any) -> None:
    again = [*signals, *signals[:5]]
    chance.shuffle(again)
    assert seen(at, *again) == seen(at, *signals)


@given(SIGNALS, some_signals(BAD), DAYS)
def test_another_bad_signal_never_lowers_the_risk(signals: list[Signal], bad: Signal, at: date) -> None:
    assert seen(at, *signals, bad).risk >= seen(at, *signals).risk


@given(SIGNALS, some_signals(("registered", "benefited", "notice_read", "statistic_declared")), DAYS)
def test_another_good_signal_never_raises_the_risk(signals: list[Signal], good: Signal, at: date) -> None:
    assert seen(at, *signals, good).risk <= seen(at, *signals).risk


@given(SIGNALS, SIGNALS, DAYS)
def test_a_past_day_is_told_the_same_whatever_came_after(signals: list[Signal], later: list[Signal], at: date) -> None:
    since = [one for one in later if one.known_at >= end_of(at) or one.on > at]
    assert seen(at, *signals, *since) == seen(at, *signals)


@given(SIGNALS, DAYS)
def test_the_risk_is_the_sum_of_its_reasons_within_bounds(signals: list[Signal], at: date) -> None:
    found = seen(at, *signals)
    assert found.risk == min(HIGHEST, sum(one.points for one in found.reasons))
    assert all(0 < one.points <= WEIGHTS.reasons[one.kind].most and one.since <= at for one in found.reasons)
    assert [one.points for one in found.reasons] == sorted((one.points for one in found.reasons), reverse=True)
    assert (found.level == "engaged") == (found.risk < WEIGHTS.watch_from) == (found.suggested is None)


def test_a_day_keeps_the_weights_it_had() -> None:
    second = replace(WEIGHTS, version=2, effective_on=START, watch_from=1)
    assert in_force(START - timedelta(1), [WEIGHTS, second]) is WEIGHTS
    assert in_force(START, [second, WEIGHTS]) is second


def test_the_file_weighs_every_reason_with_more_for_longer_until_it_fades() -> None:
    for version in VERSIONS:
        assert version.reasons.keys() == set(REASON_KINDS)
        assert 0 < version.watch_from < version.at_risk_from <= HIGHEST
        for weight in version.reasons.values():
            days, points = zip(*weight.steps, strict=True)
            rising = [one for one in points[1:] if one] or [0]
            assert days[0] == 0
            assert list(days) == sorted(set(days))
            assert rising == sorted(rising)
            assert 0 < max(points) <= weight.most
    assert [one.effective_on for one in VERSIONS] == sorted({one.effective_on for one in VERSIONS})
    assert VERSIONS[0].effective_on == date.min


def test_a_file_that_forgets_a_reason_is_refused() -> None:
    with pytest.raises(KeyError):
        read("[[versions]]\nversion = 1\ntrend_days = []\n[versions.reasons]")


def test_the_calendars_last_day_ends_too() -> None:
    assert end_of(date.max) > noon(0)
