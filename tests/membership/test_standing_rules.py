"""Where a member stands, by each rule, and what can be shown of any facts whatever."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.membership.announcements import unannounced
from services.membership.facts import Fact, Kind
from services.membership.policy import OPENING, Bracket, Policy, days_after, months_after
from services.membership.standing import Course, Rule
from services.membership.voting import Quota, Vote, is_current, quota, vote
from shared.contracts.membership import Category, Standing
from tests.examples import examples
from tests.membership.courses import ADMITTED, KNOWN, a_course, a_fact, a_policy, a_void, an_end, day

LATER = KNOWN + timedelta(days=900)
ENDED: tuple[Standing, ...] = ("resigned", "terminated")
LATE = a_fact("dues_due", 100, period="2024")


def rules(course: Course, number: int) -> list[Rule]:
    return [each.rule for each in course.state(day(number)).reasons]


def the_vote(course: Course, number: int, category: Category = "full", policy: Policy = OPENING) -> Vote:
    return vote(course, course.state(day(number)), category=category, policy=policy, on=day(number))


def story(course: Course) -> list[tuple[int, str]]:
    return [((change.on - ADMITTED).days, str(change.state.standing)) for change in course.changes()]


def test_unpaid_dues_lead_from_grace_to_suspension_to_a_proposal_and_to_the_end() -> None:
    course = a_course(LATE)
    assert story(course) == [(0, "current"), (101, "grace"), (131, "suspended"), (830, "terminated")]
    assert course.state(day(-1)).standing is None
    assert rules(course, 100) == ["good_standing"]
    assert rules(course, 130) == ["dues_late"]
    assert rules(course, 131) == ["in_arrears"]
    assert rules(course, 465) == ["in_arrears", "termination_proposed"]
    assert course.state(day(465)).proposed_on == months_after(day(100), 12) == day(465)
    assert rules(course, 830) == ["lapsed"]
    assert course.wakes_on(day(131)) == day(465)
    assert course.wakes_on(day(830)) is None


def test_dues_settled_in_time_change_nothing_and_settled_late_heal() -> None:
    paid = a_course(LATE, a_fact("dues_settled", 100, period="2024"))
    assert story(paid) == [(0, "current")]
    late = a_course(LATE, a_fact("dues_settled", 200, period="2024"))
    assert story(late) == [(0, "current"), (101, "grace"), (131, "suspended"), (200, "current")]
    assert late.state(day(300)).reasons[0].since == ADMITTED


def test_dues_settled_on_the_last_day_save_the_membership_and_a_day_later_do_not() -> None:
    assert story(a_course(LATE, a_fact("dues_settled", 830, period="2024")))[-1] == (830, "current")
    assert story(a_course(LATE, a_fact("dues_settled", 831, period="2024")))[-1] == (830, "terminated")


def test_the_oldest_dues_decide_and_the_next_are_told() -> None:
    course = a_course(LATE, a_fact("dues_due", 465, period="2025"), a_fact("dues_settled", 480, period="2024"))
    assert rules(course, 470) == ["in_arrears", "termination_proposed", "dues_late"]
    assert story(course)[2:5] == [(131, "suspended"), (480, "grace"), (496, "suspended")]


def test_a_policy_without_an_end_by_arrears_only_proposes_it() -> None:
    course = a_course(LATE, policies=[a_policy(effective_on=date.min, termination_after_months=None)])
    assert rules(course, 5000) == ["in_arrears", "termination_proposed"]


def test_a_debt_keeps_to_the_policy_it_fell_due_under() -> None:
    stricter = a_policy(effective_on=day(110), grace_days=5)
    course = a_course(LATE, a_fact("dues_due", 110, period="more"), policies=[OPENING, stricter])
    assert story(course)[:3] == [(0, "current"), (101, "grace"), (116, "suspended")]
    assert [each.policy for each in course.state(day(116)).reasons] == [2, 1]


def test_a_decision_suspends_until_a_reinstatement_which_prevails_on_its_day() -> None:
    suspended, back = a_fact("suspended", 10), a_fact("reinstated", 20)
    assert story(a_course(suspended, back)) == [(0, "current"), (10, "suspended"), (20, "current")]
    assert story(a_course(suspended, a_fact("reinstated", 10))) == [(0, "current")]
    twice = a_course(suspended, a_fact("suspended", 15))
    assert twice.state(day(16)).reasons[0].since == day(10)


def test_a_reinstatement_forgives_what_was_due_before_and_nothing_after() -> None:
    course = a_course(LATE, a_fact("reinstated", 200), a_fact("dues_due", 465, period="2025"))
    assert story(course) == [
        *[(0, "current"), (101, "grace"), (131, "suspended"), (200, "current")],
        *[(466, "grace"), (496, "suspended"), (1195, "terminated")],
    ]


def test_who_resigns_stays_for_the_notice_and_votes() -> None:
    course = a_course(a_fact("resigned", 10))
    assert story(course) == [(0, "current"), (376, "resigned")]
    assert rules(course, 375) == ["good_standing", "resignation_notified"]
    assert the_vote(course, 375).can_vote
    assert the_vote(course, 376) == Vote(can_vote=False, rules=("ended",))
    assert story(a_course(an_end(10, 40)))[-1] == (40, "resigned")


def test_a_notice_is_withdrawn_in_time_or_not_at_all() -> None:
    assert story(a_course(an_end(10, 40), a_fact("resignation_withdrawn", 39))) == [(0, "current")]
    assert story(a_course(an_end(10, 40), a_fact("resignation_withdrawn", 40)))[-1] == (40, "resigned")
    again = a_course(an_end(10, 40), a_fact("resignation_withdrawn", 39), an_end(50, 60))
    assert story(again)[-1] == (60, "resigned")


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("terminated", "terminated_by_decision"), ("expelled", "expelled"), ("succeeded", "succeeded")],
)
def test_decisions_end_a_membership_and_nothing_revives_it(kind: Kind, rule: Rule) -> None:
    course = a_course(a_fact(kind, 30), a_fact("reinstated", 40), LATE, a_fact("suspended", 50))
    assert story(course) == [(0, "current"), (30, "terminated")]
    assert rules(course, 5000) == [rule]


def test_a_term_ends_unless_a_later_one_takes_its_place_in_time() -> None:
    assert story(a_course(a_fact("temporary")))[-1] == ((months_after(ADMITTED, 24) - ADMITTED).days, "terminated")
    first = a_fact("temporary", until=day(50))
    longer = a_course(first, a_fact("temporary", 49, until=day(90)))
    assert rules(longer, 60) == ["good_standing", "temporary"]
    assert story(longer)[-1] == (90, "terminated")
    assert story(a_course(first, a_fact("temporary", 50, until=day(90))))[-1] == (50, "terminated")


def test_what_is_voided_never_was_and_what_was_not_known_yet_does_not_count() -> None:
    suspended = a_fact("suspended", 10)
    wrong = a_void(suspended.id, LATER)
    assert story(a_course(suspended, wrong)) == [(0, "current")]
    assert story(a_course(suspended, wrong, known_at=LATER - timedelta(1))) == [(0, "current"), (10, "suspended")]
    late = a_fact("suspended", 10, recorded_at=LATER)
    assert story(a_course(late, known_at=KNOWN)) == [(0, "current")]
    assert story(a_course(late, known_at=LATER)) == [(0, "current"), (10, "suspended")]
    harsh = a_policy(effective_on=day(0), grace_days=0, recorded_at=LATER)
    assert story(a_course(LATE, policies=[OPENING, harsh], known_at=KNOWN))[2] == (131, "suspended")


def test_votes_and_delegates_say_what_gives_or_takes_them() -> None:
    course = a_course(LATE, a_fact("suspended", 1000))
    assert the_vote(course, 50) == Vote(can_vote=True, rules=("votes",))
    assert the_vote(course, -1).rules == ("no_member",)
    assert the_vote(course, 120, "associate").rules == ("category_without_vote",)
    assert the_vote(course, 140, "associate").rules == ("category_without_vote", "suspended")
    rests = a_policy(effective_on=date.min, vote_rests_after_days=10)
    assert the_vote(a_course(LATE, policies=[rests]), 110).can_vote
    assert the_vote(a_course(LATE, policies=[rests]), 111).rules == ("vote_rests",)
    assert [is_current(course.state(day(number))) for number in (50, 120, 140)] == [True, True, False]
    policy = a_policy(effective_on=date.min, delegate_brackets=(Bracket(100, 1), Bracket(5000, 3)))
    yes = Vote(can_vote=True, rules=("votes",))
    assert quota(policy, yes, None) == Quota(None, "no_statistic")
    assert quota(policy, yes, 99) == Quota(0, "below_brackets")
    assert quota(policy, yes, 5000) == Quota(3, "bracket", Bracket(5000, 3))
    assert quota(policy, the_vote(course, 140), 5000) == Quota(0, "no_vote")


def test_the_calendar_does_not_end_early() -> None:
    assert months_after(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert months_after(date(2024, 11, 30), 3) == date(2025, 2, 28)
    assert months_after(date(9999, 6, 1), 12) == days_after(date(9999, 12, 30), 5) == date.max
    assert days_after(date(1, 1, 1), -1) == date.min
    for last in (date.max, date.max - timedelta(40)):
        course = a_course(a_fact("dues_due")._replace(period="x", effective_on=last))
        assert course.state(ADMITTED).standing == "current"


# Whatever is recorded

KINDS: tuple[Kind, ...] = (
    *("temporary", "dues_due", "dues_settled", "suspended", "reinstated", "resigned"),
    *("resignation_withdrawn", "terminated", "expelled", "succeeded"),
)
SPAN = 1600
POLICIES = (
    OPENING,
    a_policy(effective_on=day(200), grace_days=0, termination_proposed_after_months=2, resignation_notice_months=1),
    a_policy(version=3, effective_on=day(500), grace_days=90, termination_after_months=None, temporary_months=6),
)


@st.composite
def recorded(draw: st.DrawFn) -> list[Fact]:
    """An admission, anything else, and some of it voided."""
    found = [a_fact("admitted")]
    for kind, number in draw(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, SPAN)), max_size=8)):
        more: dict[str, Any] = {"recorded_at": KNOWN + timedelta(draw(st.integers(0, 9)))}
        if kind.startswith("dues"):
            more["period"] = draw(st.sampled_from(["2024", "2025", "2026"]))
        elif kind in ("resigned", "temporary") and draw(st.booleans()):
            more["until"] = day(number + draw(st.integers(0, 300)))
        found.append(a_fact(kind, number, **more))
    wrong = draw(st.lists(st.sampled_from(found[1:]), max_size=2)) if found[1:] else []
    return [*found, *(a_void(fact.id, fact.recorded_at + timedelta(draw(st.integers(0, 9)))) for fact in wrong)]


def daily(course: Course) -> list[Standing | None]:
    return [course.state(day(number)).standing for number in range(SPAN + 1100)]


@settings(max_examples=examples(30), deadline=None)
@given(recorded(), st.data())
def test_any_order_and_repetition_of_facts_gives_one_answer(facts: list[Fact], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations([*facts, *data.draw(st.lists(st.sampled_from(facts)))]))
    one, other = Course(facts, POLICIES), Course(shuffled, reversed(POLICIES))
    on = day(data.draw(st.integers(-5, SPAN + 1100)))
    assert one.changes() == other.changes()
    assert one.state(on) == other.state(on)
    assert one.wakes_on(on) == other.wakes_on(on)


@settings(max_examples=examples(30), deadline=None)
@given(recorded())
def test_time_moves_only_forward_and_an_end_is_an_end(facts: list[Fact]) -> None:
    standings = daily(Course(facts, POLICIES))
    assert None not in standings
    for before, after in pairwise(standings):
        assert before == after or before not in ENDED


@settings(max_examples=examples(30), deadline=None)
@given(recorded())
def test_who_has_ended_and_why_is_what_the_day_says(facts: list[Fact]) -> None:
    course = Course(facts, POLICIES)
    for on in map(day, range(SPAN + 1100)):
        state = course.state(on)
        assert course.ended(on) == (state.reasons[0] if state.standing in ENDED else None)


@settings(max_examples=examples(30), deadline=None)
@given(recorded())
def test_the_list_of_changes_is_the_difference_of_the_days(facts: list[Fact]) -> None:
    course = Course(facts, POLICIES)
    told: dict[date, Standing | None] = {change.on: change.state.standing for change in course.changes()}
    before: Standing | None = None
    for number, standing in enumerate(daily(course)):
        assert told.get(day(number)) == (standing if standing != before else None)
        before = standing


@settings(max_examples=examples(30), deadline=None)
@given(recorded())
def test_it_wakes_on_every_day_something_changes_and_on_no_other(facts: list[Fact]) -> None:
    course = Course(facts, POLICIES)
    seen = [(state.standing, state.proposed_on) for state in map(course.state, map(day, range(SPAN + 1100)))]
    changing = [day(number + 1) for number, (one, other) in enumerate(pairwise(seen)) if one != other]
    waking, at = [], course.wakes_on(ADMITTED)
    while at:
        waking.append(at)
        at = course.wakes_on(at)
    assert waking[: len(changing)] == changing


@settings(max_examples=examples(30), deadline=None)
@given(recorded(), st.lists(st.integers(0, SPAN), min_size=1, max_size=6))
def test_announcements_tell_the_course_whenever_and_however_often_they_are_made(
    facts: list[Fact], turns: list[int]
) -> None:
    """Facts become known between the turns, also such as change days already announced."""
    said: list[tuple[date, Standing]] = [(ADMITTED, "current")]
    ordered = sorted(turns)
    for number, turn in enumerate(ordered):
        known = KNOWN + timedelta(18 * (number + 1) / len(ordered))
        course = Course(facts, POLICIES, known_at=known)
        for was, change in unannounced(said, course, through=day(turn)):
            assert change.state.standing
            assert was != change.state.standing
            said.append((change.on, change.state.standing))
        assert list(unannounced(said, course, through=day(turn))) == []
        assert [heard(said, day(each)) for each in range(turn + 1)] == daily(course)[: turn + 1]


def heard(said: list[tuple[date, Standing]], on: date) -> Standing:
    """What somebody who followed the announcements believes: each replaces what was said of its day and those after."""
    valid = [each for index, each in enumerate(said) if not any(later <= each[0] for later, _ in said[index + 1 :])]
    return next(standing for since, standing in reversed(valid) if since <= on)


@settings(max_examples=examples(30), deadline=None)
@given(recorded(), st.integers(1, SPAN))
def test_a_week_without_a_turn_is_announced_day_by_day(facts: list[Fact], number: int) -> None:
    """One turn after any pause says exactly what a turn on each day would have said."""
    course = Course(facts, POLICIES)
    said: list[tuple[date, Standing]] = [(ADMITTED, "current")]
    for each in range(number + 1):
        said += [(c.on, c.state.standing) for _, c in unannounced(said, course, through=day(each)) if c.state.standing]
    at_once = [(c.on, c.state.standing) for _, c in unannounced(said[:1], course, through=day(number))]
    assert said[1:] == at_once
