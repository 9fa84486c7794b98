"""Conversion and time per stage are right for prospects that are still open, and for those that were reopened."""

import statistics
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.funnel import ON_THE_WAY, Funnel, Journey, Passage, funnel, median
from services.membership.model import Prospect
from tests.membership.making import a_prospect

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=100)


def journey(*moves: tuple[str, int]) -> Journey:
    """Opened on day 0; each move on its day."""
    return Journey(opened_at=START, moves=[(stage, START + timedelta(days=day)) for stage, day in moves])


def passage(found: Funnel, stage: str) -> Passage:
    return next(one for one in found.passages if one.stage == stage)


def test_who_is_still_there_has_not_failed() -> None:
    found = funnel([journey(("contacted", 10)), journey(("lost", 20)), journey()], now=NOW)
    first = passage(found, "identified")
    assert (first.reached, first.went_on, first.fell_out, first.undecided) == (3, 1, 1, 1)
    assert first.conversion == 0.5
    second = passage(found, "contacted")
    assert (second.reached, second.undecided, second.conversion, second.median_days) == (1, 1, None, None)
    assert (found.opened, found.open, found.lost, found.admitted) == (3, 2, 1, 0)


def test_a_skipped_stage_was_reached_and_left_but_took_no_time() -> None:
    found = funnel([journey(("proposal", 10), ("admitted", 40))], now=NOW)
    assert [(one.reached, one.went_on) for one in found.passages] == [(1, 1)] * len(ON_THE_WAY)
    assert [one.visits for one in found.passages] == [1, 0, 0, 1, 0]
    assert (passage(found, "proposal").median_days, found.admitted) == (30.0, 1)


def test_one_that_was_reopened_counts_once_and_its_lost_days_count_for_no_stage() -> None:
    moves = [("contacted", 10), ("lost", 20), ("contacted", 60), ("qualified", 65), ("dormant", 70), ("qualified", 90)]
    found = funnel([journey(*moves)], now=NOW)
    second = passage(found, "contacted")
    assert (second.reached, second.went_on, second.fell_out) == (1, 1, 0)
    assert (second.visits, second.ended, second.median_days) == (2, 2, 5.0)
    third = passage(found, "qualified")
    assert (third.undecided, third.visits, third.ended) == (1, 2, 1)
    assert (found.open, found.lost) == (1, 0)


def test_a_stage_that_still_lasts_pushes_the_median_up() -> None:
    ended = [(10.0, True), (20.0, True), (30.0, True)]
    assert median(ended) == 20.0
    assert median([*ended, (100.0, False), (100.0, False)]) == 30.0
    assert median([*ended, (5.0, False), (5.0, False)]) == 20.0
    assert median([(10.0, True), (100.0, False), (100.0, False)]) is None
    assert median([]) is None


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40))
def test_without_anything_open_the_median_is_the_plain_one(days: list[int]) -> None:
    assert median([(float(day), True) for day in days]) == statistics.median_low(days)


MOVES = st.lists(st.sampled_from([*ON_THE_WAY, "dormant", "lost", "admitted"]), max_size=8)


@given(st.lists(MOVES, max_size=12))
def test_every_prospect_is_somewhere_in_every_funnel(histories: list[list[str]]) -> None:
    journeys = [journey(*((stage, day) for day, stage in enumerate(moves, start=1))) for moves in histories]
    found = funnel(journeys, now=NOW)
    assert found.open + found.lost + found.admitted == found.opened == len(histories)
    reached = [one.reached for one in found.passages]
    assert reached == sorted(reached, reverse=True)
    assert reached[0] == found.opened
    for one, following in pairwise(found.passages):
        assert one.went_on == following.reached
        assert one.undecided >= 0
    assert all(one.ended <= one.visits for one in found.passages)


def test_cohorts_are_made_from_the_history(session: Session) -> None:
    def opened(name: str, at: datetime, owner: str | None, **facts: Any) -> Prospect:
        prospect = a_prospect(session, name=name, locality=name, **facts)
        prospect.opened_at, prospect.owner = at, owner
        return prospect

    first = opened("Uno", START, "ana")
    second = opened("Dos", START + timedelta(days=40), "ana", country="UY", subdivision="")
    opened("Tres", START + timedelta(days=400), None)
    operations.advance_prospect(session, first, stage="qualified", actor="a", now=START + timedelta(days=7))
    operations.lose_prospect(session, second, reason="x", actor="a", now=START + timedelta(days=50))
    period = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}

    def cohorts(by: Any) -> dict[str, tuple[int, int]]:
        found = operations.conversion(session, by=by, **period, now=NOW)
        return {key: (one.opened, one.lost) for key, one in found.items()}

    assert cohorts("month") == {"2026-01": (1, 0), "2026-02": (1, 1)}
    assert cohorts("country") == {"AR": (1, 0), "UY": (1, 1)}
    assert cohorts("owner") == {"ana": (2, 1)}
    assert cohorts("campaign") == {"": (2, 1)}
    ever = operations.conversion(session, by="period", since=date.min, until=date.max, now=NOW)
    assert [one.opened for one in ever.values()] == [2]
    months = operations.conversion(session, by="month", **period, now=NOW)
    assert passage(months["2026-01"], "identified").median_days == 7.0
    assert passage(months["2026-02"], "identified").median_days == pytest.approx(10.0)
