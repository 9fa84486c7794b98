"""How near members are, told from what is known of them, and as it was known on any day."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.engagement import Picture
from services.membership.model import Member, NoMemberThen, NotYetSo, StandingFact, ToldSignal
from services.membership.operations.engagement import Trend
from shared.messaging.outbox import published
from tests.members import delivered
from tests.membership.making import NOW, TODAY, a_member, a_prospect, an_organization
from tests.membership.making_signals import (
    a_notice,
    a_reading,
    a_registration,
    ago,
    an_acceptance,
    an_old_member,
    cleared,
    in_trouble,
    owing,
    tell,
    unreachable,
)

WEEK = timedelta(days=7)


def seen(session: Session, member: Member, *, days: int = 0) -> Picture:
    """The member so many days ago."""
    return operations.engagement(session, member, at=TODAY - timedelta(days), now=NOW)[1]


def told(found: Picture) -> list[tuple[str, int]]:
    return [(one.kind, one.points) for one in found.reasons]


def a_round(session: Session, *, due: int) -> Any:
    """A statistic round whose declarations were due so many days ago, opened two months before."""
    day = TODAY - timedelta(due)
    dates = {"opens_on": day - timedelta(60), "due_on": day, "closes_on": day + timedelta(400)}
    return operations.open_round(session, year=day.year - 1, **dates, actor="ana", now=ago(due + 60))


def test_a_member_nothing_is_known_of_is_engaged(session: Session) -> None:
    standing, found, trends = operations.engagement(session, a_member(session), now=NOW)
    assert (standing, found.risk, found.level, found.suggested, found.at) == ("current", 0, "engaged", None, TODAY)
    assert [(one.picture, one.direction) for one in trends] == [(None, None), (None, None)]


def test_what_is_known_of_a_member_adds_up(session: Session) -> None:
    member = an_old_member(session)
    in_trouble(session, member)
    found = seen(session, member)
    assert told(found) == [("dues_late", 25), ("notices_unread", 20), ("contact_unreachable", 15)]
    assert (found.risk, found.level, found.suggested) == (60, "at_risk", "agree_on_dues")
    assert found.reasons[0].cases == ("2026",)
    assert found.reasons[0].since == TODAY - timedelta(59)


def test_late_dues_weigh_until_they_are_settled_or_found_wrong(session: Session) -> None:
    member = an_old_member(session)
    owing(session, member, days=60)
    owing(session, member, days=40, period="2025")
    assert told(seen(session, member)) == [("dues_late", 50)]
    paid = {"period": "2025", "settled_on": TODAY, "actor": "ana", "now": NOW}
    operations.record_dues_settled(session, member, **paid)
    assert told(seen(session, member)) == [("dues_late", 25)]
    assert told(seen(session, member, days=1)) == [("dues_late", 50)]
    [wrong] = session.scalars(operations.facts(member=member, kind="dues_due").where(StandingFact.period == "2026"))
    operations.void_fact(session, member, fact_id=wrong.id, reason="x", actor="ana", now=NOW)
    assert told(seen(session, member)) == []
    assert told(seen(session, member, days=1)) == [("dues_late", 50)]


def test_a_statistic_is_missing_from_the_day_after_it_was_due_until_it_is_declared(session: Session) -> None:
    member = an_old_member(session)
    opened = a_round(session, due=10)
    assert told(seen(session, member, days=10)) == []
    assert told(seen(session, member, days=9)) == [("statistic_missing", 5)]
    declared = session.scalars(operations.statistics(round_id=opened.id, member_id=member.id)).one()
    operations.declare_statistic(session, declared, persons=500, actor="x", now=ago(4))
    assert told(seen(session, member, days=5)) == [("statistic_missing", 5)]
    assert told(seen(session, member)) == []


def test_a_round_that_was_given_more_time_keeps_what_was_so_before(session: Session) -> None:
    member = an_old_member(session)
    opened = a_round(session, due=10)
    later = {"due_on": TODAY + WEEK, "reason": "asked for time", "actor": "ana", "now": ago(3)}
    operations.change_round(session, opened, **later)
    assert told(seen(session, member, days=4)) == [("statistic_missing", 5)]
    assert told(seen(session, member, days=3)) == []


def test_a_contact_is_unreachable_until_that_is_cleared(session: Session) -> None:
    member = an_old_member(session)
    refused = unreachable(member)
    tell(session, refused, unreachable(member), days=9)
    tell(session, cleared(refused), days=5)
    assert told(seen(session, member, days=9)) == [("contact_unreachable", 25)]
    assert told(seen(session, member)) == [("contact_unreachable", 15)]


def test_a_notice_is_unread_after_a_month_whichever_comes_first(session: Session) -> None:
    member = an_old_member(session)
    read, unread = a_notice(member), a_notice(member)
    tell(session, a_reading(read), days=2)
    tell(session, read, unread, a_notice(member, channel="email"), days=40)
    assert told(seen(session, member)) == [("notices_unread", 5)]
    assert told(seen(session, member, days=3)) == [("notices_unread", 10)]
    assert told(seen(session, member, days=20)) == []


def test_two_years_without_a_registration_count_from_when_they_were_heard_of(session: Session) -> None:
    near, far = an_old_member(session, name="Uno"), an_old_member(session, name="Dos")
    assert told(seen(session, far)) == []
    tell(session, a_registration(near), days=800)
    tell(session, a_registration(None), days=5)
    assert told(seen(session, far)) == [("no_registration", 15), ("no_benefit", 15)]
    assert told(seen(session, near, days=71)) == []
    tell(session, a_registration(near, "standard"), days=700)
    assert told(seen(session, near)) == [("no_benefit", 15)]
    assert told(seen(session, near, days=60)) == [("no_benefit", 15)]


def test_a_young_member_is_not_blamed_for_the_years_before_it_came(session: Session) -> None:
    tell(session, a_registration(an_old_member(session, name="Uno")), days=900)
    young = an_old_member(session, name="Dos", admitted_at=ago(100))
    assert told(seen(session, young)) == []


def test_support_that_is_given_is_a_benefit_and_none_without_an_answer_weighs(session: Session) -> None:
    asking, helped = an_old_member(session, name="Uno"), an_old_member(session, name="Dos")
    ask = {"kind": "training", "actor": "ana"}
    waits = operations.ask_support(session, asking, **ask, asked_on=TODAY - timedelta(20), now=ago(20))
    given = operations.ask_support(session, helped, **ask, asked_on=TODAY - timedelta(900), now=ago(900))
    operations.settle_support(
        session, given, outcome="given", settled_on=TODAY - timedelta(800), actor="x", now=ago(800)
    )
    assert told(seen(session, asking)) == [("no_benefit", 15), ("support_waiting", 10)]
    assert told(seen(session, helped)) == [("no_benefit", 15)]
    assert told(seen(session, helped, days=200)) == []
    operations.settle_support(session, waits, outcome="declined", actor="x", now=NOW)
    assert told(seen(session, asking)) == [("no_benefit", 15), ("support_declined", 10)]
    assert told(seen(session, asking, days=1)) == [("no_benefit", 15), ("support_waiting", 10)]


def test_an_award_accepted_is_a_benefit_and_no_registration(session: Session) -> None:
    awarded, other = an_old_member(session, name="Uno"), an_old_member(session, name="Dos")
    tell(session, an_acceptance(awarded), days=800)
    assert told(seen(session, awarded, days=71)) == []
    assert told(seen(session, awarded)) == told(seen(session, other)) == [("no_benefit", 15)]
    tell(session, a_registration(other), days=740)
    tell(session, an_acceptance(awarded), days=50)
    assert told(seen(session, awarded)) == [("no_registration", 15)]
    assert told(seen(session, awarded, days=51)) == [("no_benefit", 15)]
    assert told(seen(session, other)) == [("no_registration", 15), ("no_benefit", 15)]


def test_a_place_at_the_standard_price_makes_nobody_expect_a_benefit(session: Session) -> None:
    member = an_old_member(session)
    tell(session, a_registration(an_old_member(session, name="Otra"), "standard"), days=800)
    assert told(seen(session, member)) == [("no_registration", 15)]


def test_an_award_stays_the_members_when_a_merge_is_undone(session: Session) -> None:
    survivor, member = an_organization(session, name="Otra"), an_old_member(session, name="Vieja")
    joined = {"survivor_id": survivor.id, "loser_id": member.organization_id, "reason": "same"}
    merge = operations.merge_organizations(session, **joined, actor="ana", now=ago(900))
    tell(session, an_acceptance(an_old_member(session, name="Tercera")), days=800)
    tell(session, an_acceptance(member), days=100)
    assert told(seen(session, member)) == []
    operations.undo_merge(session, merge, reason="no", actor="ana", now=ago(50))
    assert told(seen(session, member)) == []


def test_a_trend_compares_with_a_quarter_and_a_year_before(session: Session) -> None:
    member = an_old_member(session)
    tell(session, unreachable(member), days=100)
    owing(session, member, days=10)
    _, found, trends = operations.engagement(session, member, now=NOW)
    assert found.risk == 25
    assert [_shown(one) for one in trends] == [
        (TODAY - timedelta(90), 15, "worse"),
        (TODAY - timedelta(365), 0, "worse"),
    ]


def _shown(one: Trend) -> tuple[date, int | None, str | None]:
    return one.on, one.picture.risk if one.picture else None, one.direction


def test_a_day_to_come_or_without_membership_is_refused(session: Session) -> None:
    member = an_old_member(session, admitted_at=ago(7))
    with pytest.raises(NotYetSo):
        operations.engagement(session, member, at=TODAY + timedelta(days=1), now=NOW)
    with pytest.raises(NoMemberThen):
        operations.engagement(session, member, at=TODAY - 2 * WEEK, now=NOW)
    operations.decide(session, member, kind="resigned", until=TODAY, reason="x", actor="ana", now=NOW)
    with pytest.raises(NoMemberThen):
        operations.engagement(session, member, now=NOW)
    assert seen(session, member, days=1).risk == 0


def test_a_merged_organizations_signals_are_the_survivors(session: Session) -> None:
    member = an_old_member(session)
    loser = an_organization(session, name="Otra", locality="Salta")
    notice = a_notice(member, organization_id=loser.id)
    tell(session, notice, days=40)
    assert told(seen(session, member)) == []
    joined = {"survivor_id": member.organization_id, "loser_id": loser.id, "reason": "same"}
    operations.merge_organizations(session, **joined, actor="ana", now=NOW)
    assert told(seen(session, member)) == [("notices_unread", 5)]


def test_the_same_event_twice_is_one_signal_and_a_rebuild_leaves_the_rest(session: Session) -> None:
    member = an_old_member(session)
    again = delivered(a_notice(member), time=ago(40))
    operations.keep_signals(session, [again])
    award = delivered(an_acceptance(member), time=ago(800))
    operations.keep_signals(session, [again, award, delivered(unreachable(member), time=ago(3))])
    operations.ask_support(session, member, kind="advice", actor="ana", now=ago(30))
    before = seen(session, member)
    assert len(session.scalars(select(ToldSignal)).all()) == 3
    assert ("no_benefit", 15) in told(before)
    operations.forget_signals(session)
    assert told(seen(session, member)) == [("support_waiting", 10)]
    operations.keep_signals(session, [delivered(unreachable(member), time=ago(3)), award, again])
    assert told(seen(session, member)) == told(before)


def test_a_registration_stays_the_members_when_a_merge_is_undone(session: Session) -> None:
    survivor, member = an_organization(session, name="Otra"), an_old_member(session, name="Vieja")
    joined = {"survivor_id": survivor.id, "loser_id": member.organization_id, "reason": "same"}
    merge = operations.merge_organizations(session, **joined, actor="ana", now=ago(900))
    tell(session, a_registration(an_old_member(session, name="Tercera")), days=800)
    tell(session, a_registration(member), days=100)
    assert told(seen(session, member)) == []
    operations.undo_merge(session, merge, reason="no", actor="ana", now=ago(50))
    assert told(seen(session, member)) == []


def listed(session: Session, **filters: Any) -> list[tuple[str, int]]:
    found = operations.at_risk(session, **filters, now=NOW)
    return sorted(((one.name, one.picture.risk) for one in found), key=lambda one: (-one[1], one[0]))


def test_the_list_says_of_each_what_is_said_of_it_alone(session: Session) -> None:
    tell(session, a_registration(an_old_member(session, name="Cerca")), days=800)
    a_round(session, due=200)
    late, lost = (an_old_member(session, name=name, country="UY") for name in ("Tarde", "Lejos"))
    owing(session, late, days=40, period="2025")
    in_trouble(session, lost)
    for days in (0, 30, 45, 400):
        at = TODAY - timedelta(days)
        for one in operations.at_risk(session, at=at, level=None, now=NOW):
            member = operations.member(session, member_id=one.member_id)
            alone = operations.engagement(session, member, at=at, now=NOW)
            assert (one.standing, one.picture) == alone[:2]
            assert operations.trends_of(session, [one], at=at) == {member.id: alone[2]}
    assert [name for name, _ in listed(session)] == ["Lejos", "Tarde", "Cerca"]
    assert [name for name, _ in listed(session, at=TODAY - timedelta(400))] == []


def test_the_list_is_filtered_by_owner_country_and_level(session: Session) -> None:
    mine, other = an_old_member(session, name="Mía", country="UY"), an_old_member(session, name="Otra")
    for one in (mine, other):
        in_trouble(session, one)
    operations.assign_member(session, mine, owner="eva", actor="ana", now=NOW)
    operations.assign_member(session, other, owner=None, actor="ana", now=NOW)
    assert listed(session, owner="eva") == listed(session, country="UY") == [("Mía", 60)]
    assert listed(session, owned=False) == listed(session, country="AR") == [("Otra", 60)]
    assert listed(session, level="watch") == []
    assert len(listed(session, level="at_risk")) == 2


def test_who_left_is_on_no_list(session: Session) -> None:
    member = an_old_member(session)
    in_trouble(session, member)
    operations.decide(session, member, kind="terminated", reason="x", actor="ana", now=NOW)
    assert listed(session) == []
    assert listed(session, at=TODAY - timedelta(1)) == [(member.organization.name, 60)]


def test_a_member_is_given_to_who_won_it_and_then_to_others(session: Session) -> None:
    won = a_prospect(session)
    operations.update_prospect(session, won, owner="ana", actor="ana", now=NOW)
    decision = {"category": "full", "reason": "Board", "actor": "jefa"}
    member = operations.admit_prospect(session, won, **decision, now=NOW)
    assert member.owner == "ana"
    before = len(published(session))
    for owner in ("eva", "eva", None):
        operations.assign_member(session, member, owner=owner, actor="jefa", now=NOW)
    lines = session.scalars(operations.owner_lines(member_id=member.id)).all()
    assert [(one.number, one.previous, one.owner, one.assigned_by) for one in lines] == [
        (1, "ana", "eva", "jefa"),
        (2, "eva", None, "jefa"),
    ]
    assert len(published(session)) == before
    assert session.scalars(operations.members(session, owned=False)).all() == [member]
    assert session.scalars(operations.members(session, owner="eva")).all() == []
