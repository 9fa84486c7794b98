"""The rules of the pipeline, without a database."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.membership.fit import MOST, TEXTS, Contactable, Facts, fit
from services.membership.model import (
    ActionInPast,
    ActionWithoutDay,
    MoveNotAllowed,
    NotAtRest,
    Prospect,
    ProspectClosed,
    RestInPast,
)
from services.membership.model.prospects import OPEN, WORKING, Stage
from services.membership.vocabulary import STRUCTURES

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
TOMORROW = date(2026, 5, 5)
CONTACTABLE: tuple[Contactable, ...] = ("person", "email", "phone", "website", "nobody")


def at(stage: Stage, **facts: object) -> Prospect:
    return Prospect(stage=stage, next_action="", **facts)


def advanced(prospect: Prospect, *stages: Stage) -> Stage:
    for stage in stages:
        prospect.advance(stage, now=NOW, actor="ana")
    return prospect.stage


def test_a_prospect_goes_on_may_skip_and_falls_one_back() -> None:
    assert advanced(at("identified"), "contacted", "qualified", "proposal", "applied") == "applied"
    assert advanced(at("identified"), "applied", "proposal", "qualified", "contacted") == "contacted"


@pytest.mark.parametrize(
    ("stage", "wanted"),
    [("contacted", "identified"), ("proposal", "contacted"), ("applied", "qualified"), ("qualified", "qualified")],
)
def test_other_moves_are_refused_with_the_way_out(stage: Stage, wanted: Stage) -> None:
    with pytest.raises(MoveNotAllowed, match="Possible now"):
        advanced(at(stage), wanted)


@pytest.mark.parametrize("stage", ["lost", "admitted"])
def test_what_is_closed_neither_moves_nor_rests_nor_is_planned(stage: Stage) -> None:
    closed = at(stage)
    with pytest.raises(ProspectClosed):
        advanced(closed, "applied")
    with pytest.raises(ProspectClosed):
        closed.rest(TOMORROW, "x", now=NOW, actor="ana")
    with pytest.raises(ProspectClosed):
        closed.plan("call", TOMORROW, now=NOW, actor="ana")
    with pytest.raises(ProspectClosed):
        closed.assign("eva", now=NOW, actor="ana")


def test_a_dormant_prospect_is_due_on_its_day_and_goes_on_where_it_was() -> None:
    prospect = at("proposal")
    prospect.rest(TOMORROW, "after their assembly", now=NOW, actor="ana")
    assert (prospect.stage, prospect.next_action_on, prospect.is_overdue(TOMORROW)) == ("dormant", TOMORROW, False)
    assert prospect.is_overdue(TOMORROW + timedelta(days=1))
    prospect.resume("", now=NOW, actor="system")
    assert (prospect.stage, prospect.dormant_until, prospect.next_action_on) == ("proposal", None, TOMORROW)


def test_an_application_does_not_rest_and_nobody_rests_until_yesterday() -> None:
    with pytest.raises(MoveNotAllowed):
        at("applied").rest(TOMORROW, "x", now=NOW, actor="ana")
    with pytest.raises(RestInPast):
        at("contacted").rest(NOW.date(), "x", now=NOW, actor="ana")


def test_a_lost_application_is_a_proposal_again() -> None:
    prospect = at("applied", next_action_on=TOMORROW)
    prospect.lose("statutes do not allow it", code="not_eligible", now=NOW, actor="ana")
    assert (prospect.stage, prospect.lost_code, prospect.next_action_on) == ("lost", "not_eligible", None)
    prospect.resume("new statutes", now=NOW, actor="eva")
    assert (prospect.stage, prospect.lost_code, prospect.closed_at) == ("proposal", None, None)


def test_one_lost_while_dormant_is_taken_up_where_it_rested() -> None:
    prospect = at("qualified")
    prospect.rest(TOMORROW, "x", now=NOW, actor="ana")
    prospect.lose("x", now=NOW, actor="ana")
    assert prospect.dormant_until is None
    prospect.resume("y", now=NOW, actor="ana")
    assert prospect.stage == "qualified"


@pytest.mark.parametrize("stage", [*WORKING, "admitted"])
def test_only_what_is_lost_or_dormant_is_taken_up_again(stage: Stage) -> None:
    with pytest.raises(NotAtRest):
        at(stage).resume("x", now=NOW, actor="ana")


def test_an_action_has_a_day_to_come_and_a_day_an_action() -> None:
    prospect = at("contacted")
    with pytest.raises(ActionInPast):
        prospect.plan("call", date(2026, 5, 3), now=NOW, actor="ana")
    with pytest.raises(ActionWithoutDay):
        prospect.plan("call", None, now=NOW, actor="ana")
    with pytest.raises(ActionWithoutDay):
        prospect.plan("", TOMORROW, now=NOW, actor="ana")
    prospect.plan("call", NOW.date(), now=NOW, actor="ana")
    prospect.plan("", None, now=NOW, actor="ana")
    assert (prospect.next_action, prospect.next_action_on) == ("", None)


@given(st.lists(st.sampled_from(["advance", "rest", "resume", "lose", "admit"]), max_size=12), st.data())
def test_whatever_is_tried_a_prospect_knows_whether_it_is_open(tries: list[str], data: st.DataObject) -> None:
    prospect = at("identified")
    for act in tries:
        try:
            if act == "advance":
                prospect.advance(data.draw(st.sampled_from(WORKING)), now=NOW, actor="a")
            elif act == "rest":
                prospect.rest(TOMORROW, "x", now=NOW, actor="a")
            elif act == "resume":
                prospect.resume("x", now=NOW, actor="a")
            elif act == "lose":
                prospect.lose("x", now=NOW, actor="a")
            else:
                prospect.admit(now=NOW, actor="a")
        except (MoveNotAllowed, NotAtRest, ProspectClosed):
            continue
        assert (prospect.stage == "dormant") == (prospect.dormant_until is not None)
        assert prospect.is_open == (prospect.stage in OPEN) == (prospect.closed_at is None)
        assert (prospect.stage == "lost") == (prospect.lost_code is not None)


FACTS = st.builds(
    Facts,
    members_in_country=st.integers(0, 200),
    has_sectors=st.booleans(),
    sectors_have_members=st.booleans(),
    structure=st.sampled_from(["", *STRUCTURES]),
    persons=st.none() | st.integers(0, 10**8),
    contactable=st.sampled_from(CONTACTABLE),
    days_since_lead=st.none() | st.integers(0, 5000),
)


@given(FACTS)
def test_a_fit_is_the_sum_of_its_reasons_within_their_bounds(facts: Facts) -> None:
    found = fit(facts)
    assert found.score == sum(reason.points for reason in found.reasons)
    assert 0 <= found.score <= 100
    assert [reason.fact for reason in found.reasons] == list(MOST)
    assert all(0 <= reason.points <= reason.most for reason in found.reasons)
    assert all(TEXTS[reason.code].format(**reason.params) for reason in found.reasons)


def test_the_best_fit_is_a_movement_of_many_in_a_white_spot_that_has_asked() -> None:
    best = Facts(
        members_in_country=0,
        has_sectors=True,
        sectors_have_members=False,
        structure="national-apex",
        persons=2_000_000,
        contactable="person",
        days_since_lead=3,
    )
    assert fit(best).score == sum(MOST.values()) == 100
    assert fit(best).reasons[0].code == "country_without_members"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"members_in_country": 0}, {"members_in_country": 1}),
        ({"members_in_country": 2}, {"members_in_country": 3}),
        ({"persons": 10_000}, {"persons": 9_999}),
        ({"persons": 1}, {"persons": None}),
        ({"days_since_lead": 30}, {"days_since_lead": 31}),
        ({"days_since_lead": 365}, {"days_since_lead": 366}),
        ({"contactable": "phone"}, {"contactable": "website"}),
        ({"structure": "regional-federation"}, {"structure": "worker-cooperative"}),
        ({"structure": "worker-cooperative"}, {"structure": "supporter"}),
    ],
)
def test_each_fact_counts(better: dict[str, object], worse: dict[str, object]) -> None:
    plain: dict[str, object] = {
        "members_in_country": 5,
        "has_sectors": True,
        "sectors_have_members": True,
        "structure": "cooperative",
        "persons": None,
        "contactable": "nobody",
        "days_since_lead": None,
    }
    assert fit(Facts(**plain | better)).score > fit(Facts(**plain | worse)).score  # type: ignore[arg-type] # facts of a test
