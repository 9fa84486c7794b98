"""Signals for tests of the engagement of a member."""

from datetime import UTC, date, datetime, time, timedelta
from typing import get_args

from hypothesis import strategies as st

from services.membership.engagement import Signal, SignalKind

START = date(2023, 1, 10)
BAD: tuple[SignalKind, ...] = (
    "dues_late",
    "statistic_missing",
    "contact_unreachable",
    "notice_delivered",
    "support_asked",
    "support_declined",
)


def day(number: int) -> date:
    return START + timedelta(number)


def noon(number: int) -> datetime:
    return datetime.combine(day(number), time(12), UTC)


def a_signal(kind: SignalKind, number: int = 0, *, key: str = "", known: int | None = None) -> Signal:
    return Signal(kind, day(number), noon(number if known is None else known), key)


def some_signals(kinds: tuple[SignalKind, ...] = get_args(SignalKind)) -> st.SearchStrategy[Signal]:
    days = st.integers(0, 1600)
    return st.builds(
        lambda kind, number, key, later: a_signal(kind, number, key=key, known=number + later),
        st.sampled_from(kinds),
        days,
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from([0, 0, 0, 1, 400]),
    )
