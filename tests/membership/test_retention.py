"""What is done to keep members near, what they asked for, and what happened after."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import (
    ActionClosed,
    ActionDueInPast,
    ActionNotDone,
    ActionPlannedAlready,
    DoneBeforeAdmission,
    DoneLater,
    Member,
    NoMemberAnyMore,
    RetentionAction,
    SupportAskedLater,
    SupportSettled,
    SupportSettledEarly,
    TooManyActions,
    UnknownRetentionAction,
    UnknownSupportRequest,
)
from services.membership.operations import retention_effects
from services.membership.operations.retention_effects import KindEffects
from shared.contracts.membership import RetentionActionTaken
from shared.ids import uuid7
from shared.messaging.outbox import published
from tests.membership.making import NOW, TODAY, a_member
from tests.membership.making_signals import (
    a_notice,
    a_registration,
    ago,
    an_old_member,
    cleared,
    in_trouble,
    owing,
    tell,
    unreachable,
)

WORDS: dict[str, Any] = {"actor": "ana", "now": NOW}


def planned(session: Session, member: Member, *, days: int = 0, **changes: Any) -> RetentionAction:
    """So many days ago, for a month."""
    facts = {"kind": "call", "due_on": ago(days).date() + timedelta(30), "actor": "ana", "now": ago(days)}
    return operations.plan_action(session, member, **facts | changes)


def done(session: Session, member: Member, *, days: int, **changes: Any) -> RetentionAction:
    """Planned and done so many days ago."""
    action = planned(session, member, days=days, **changes)
    return operations.finish_action(session, action, actor="ana", now=ago(days))


def steps(action: RetentionAction) -> list[str]:
    return [one.step for one in action.history]


def test_an_action_is_for_who_looks_after_the_member_unless_said_otherwise(session: Session) -> None:
    member = a_member(session)
    assert planned(session, member).owner == "ana"
    operations.assign_member(session, member, owner="eva", **WORDS)
    assert planned(session, member, kind="visit").owner == "eva"
    assert planned(session, member, kind="invite", owner="luz").owner == "luz"


def test_an_action_is_said_when_it_is_done_and_only_then(session: Session) -> None:
    member = a_member(session)
    action = planned(session, member, note="two instalments")
    operations.change_action(session, action, owner="eva", note="two instalments", **WORDS)
    operations.change_action(session, action, owner="eva", **WORDS)
    operations.drop_action(session, planned(session, member, kind="visit"), reason="x", **WORDS)
    before = len(published(session))
    operations.finish_action(session, action, note="they pay in June", **WORDS)
    assert published(session)[before:] == [
        RetentionActionTaken(
            action_id=action.id,
            member_id=member.id,
            organization_id=member.organization_id,
            kind="call",
            done_on=TODAY,
        )
    ]
    assert (action.state, action.done_on, steps(action)) == ("done", TODAY, ["planned", "changed", "done"])
    assert action.history[1].details == {"owner": "eva"}
    assert action.history[2].details == {"done_on": str(TODAY), "note": "they pay in June"}


def test_of_a_kind_one_is_planned_at_a_time(session: Session) -> None:
    member = a_member(session)
    first = planned(session, member)
    with pytest.raises(ActionPlannedAlready):
        planned(session, member)
    operations.drop_action(session, first, reason="paid before", **WORDS)
    assert planned(session, member).state == "planned"


def test_what_cannot_be_is_refused(session: Session) -> None:
    member = a_member(session)
    yesterday, tomorrow = TODAY - timedelta(1), TODAY + timedelta(1)
    with pytest.raises(ActionDueInPast):
        planned(session, member, due_on=yesterday)
    action = planned(session, member)
    with pytest.raises(ActionDueInPast):
        operations.change_action(session, action, due_on=yesterday, **WORDS)
    with pytest.raises(DoneLater):
        operations.finish_action(session, action, done_on=tomorrow, **WORDS)
    with pytest.raises(DoneBeforeAdmission):
        operations.finish_action(session, action, done_on=yesterday, **WORDS)
    with pytest.raises(ActionNotDone):
        operations.effect(session, action, days=90, now=NOW)
    operations.drop_action(session, action, reason="x", **WORDS)
    for change in (operations.finish_action, operations.change_action):
        with pytest.raises(ActionClosed):
            change(session, action, **WORDS)
    with pytest.raises(ActionClosed):
        operations.drop_action(session, action, reason="again", **WORDS)
    operations.decide(session, member, kind="terminated", reason="x", **WORDS)
    with pytest.raises(NoMemberAnyMore):
        planned(session, member)
    with pytest.raises(NoMemberAnyMore):
        operations.ask_support(session, member, kind="advice", **WORDS)
    for find in (operations.retention_action, operations.action_to_change):
        with pytest.raises(UnknownRetentionAction):
            find(session, action_id=uuid7())


def test_actions_are_found_by_whose_and_how_late_they_are(session: Session) -> None:
    late = planned(session, an_old_member(session, name="Uno"), days=40)
    fresh = planned(session, an_old_member(session, name="Dos"), owner="eva")
    past = done(session, an_old_member(session, name="Tres"), days=50)

    def found(**filters: Any) -> set[RetentionAction]:
        return set(session.scalars(operations.retention_actions(**filters, today=TODAY)))

    assert found() == {late, fresh, past}
    assert found(overdue=True) == {late}
    assert found(overdue=False) == {fresh, past}
    assert found(owner="eva") == found(member_id=fresh.member_id) == {fresh}
    assert found(state="done", kind="call") == {past}


def test_support_is_asked_and_settled_once(session: Session) -> None:
    member = a_member(session)
    asked = operations.ask_support(session, member, kind="training", asked_on=TODAY - timedelta(3), **WORDS)
    with pytest.raises(SupportAskedLater):
        operations.ask_support(session, member, kind="training", asked_on=TODAY + timedelta(1), **WORDS)
    for wrong in (TODAY - timedelta(4), TODAY + timedelta(1)):
        with pytest.raises(SupportSettledEarly):
            operations.settle_support(session, asked, outcome="given", settled_on=wrong, **WORDS)
    assert session.scalars(operations.support_requests(is_open=True, kind="training")).all() == [asked]
    operations.settle_support(session, asked, outcome="given", note="course", **WORDS)
    assert (asked.outcome, asked.settled_on, asked.settled_by, asked.settled_note) == ("given", TODAY, "ana", "course")
    with pytest.raises(SupportSettled):
        operations.settle_support(session, asked, outcome="declined", **WORDS)
    assert session.scalars(operations.support_requests(is_open=False, member_id=member.id)).all() == [asked]
    with pytest.raises(UnknownSupportRequest):
        operations.support_request(session, request_id=uuid7())
    with pytest.raises(UnknownSupportRequest):
        operations.support_request_to_change(session, request_id=uuid7())


def test_a_request_entered_by_mistake_leaves_no_trace_in_the_picture(session: Session) -> None:
    member = an_old_member(session)
    asked = operations.ask_support(session, member, kind="other", actor="ana", now=ago(100))
    assert operations.engagement(session, member, now=NOW)[1].risk == 20
    operations.settle_support(session, asked, outcome="withdrawn", **WORDS)
    assert operations.engagement(session, member, now=NOW)[1].risk == 0


def test_the_eve_of_an_action_stands_beside_what_came_after(session: Session) -> None:
    member = an_old_member(session)
    refused = unreachable(member)
    owing(session, member, days=300)
    tell(session, refused, days=250)
    action = done(session, member, days=100)
    tell(session, cleared(refused), a_registration(member), days=60)
    paid = {"period": "2026", "settled_on": ago(50).date(), "actor": "ana", "now": ago(50)}
    operations.record_dues_settled(session, member, **paid)
    found = operations.effect(session, action, days=90, now=NOW)
    assert (found.before_on, found.after_on, found.ended) == (ago(101).date(), ago(10).date(), True)
    assert found.before is not None
    assert found.after is not None
    assert (found.before.risk, found.after.risk, found.direction) == (55, 0, "better")
    assert (found.standing_before, found.standing_after) == ("suspended", "current")
    assert (found.paid, found.declared, found.registered) == (True, False, True)
    sooner = operations.effect(session, action, days=45, now=NOW)
    assert sooner.after is not None
    assert (sooner.after.risk, sooner.paid, sooner.registered) == (40, False, True)
    running = operations.effect(session, action, days=365, now=NOW)
    assert (running.after_on, running.ended) == (TODAY, False)


def test_a_statistic_that_is_declared_after_is_told(session: Session) -> None:
    member = an_old_member(session)
    dates = {"opens_on": ago(200).date(), "due_on": ago(150).date(), "closes_on": TODAY}
    opened = operations.open_round(session, year=2025, **dates, actor="ana", now=ago(200))
    action = done(session, member, days=120, kind="help_declare")
    declared = session.scalars(operations.statistics(round_id=opened.id)).one()
    operations.declare_statistic(session, declared, persons=500, actor="x", now=ago(100))
    found = operations.effect(session, action, days=90, now=NOW)
    assert (found.declared, found.direction, found.paid) == (True, "better", False)
    assert not operations.effect(session, action, days=19, now=NOW).declared


def test_who_left_after_has_got_worse(session: Session) -> None:
    member = an_old_member(session)
    action = done(session, member, days=100)
    operations.decide(session, member, kind="terminated", reason="x", actor="ana", now=ago(50))
    found = operations.effect(session, action, days=90, now=NOW)
    assert (found.after, found.standing_after, found.direction) == (None, "terminated", "worse")


def test_who_was_admitted_that_day_has_no_eve(session: Session) -> None:
    found = operations.effect(session, done(session, a_member(session), days=0), days=90, now=NOW)
    assert (found.before, found.standing_before, found.direction, found.ended) == (None, None, None, False)


def test_actions_are_summed_by_kind_and_so_are_their_ends(session: Session) -> None:
    better, same, worse, fresh = (an_old_member(session, name=name) for name in ("Uno", "Dos", "Tres", "Cuatro"))
    refused = unreachable(better)
    tell(session, refused, days=250)
    for member in (better, same, worse):
        done(session, member, days=100)
    tell(session, cleared(refused), days=60)
    in_trouble(session, worse)
    tell(session, a_notice(worse), days=99)
    done(session, fresh, days=2)
    done(session, same, days=100, kind="visit")
    period = {"since": ago(100).date(), "until": TODAY, "days": 90, "now": NOW}
    nothing = {"paid": 0, "declared": 0, "registered": 0}
    assert operations.effects_by_kind(session, **period) == [
        KindEffects(kind="call", done=4, ended=3, better=1, same=1, worse=1, **nothing),
        KindEffects(kind="visit", done=1, ended=1, better=0, same=1, worse=0, **nothing),
    ]
    period["since"] = ago(99).date()
    [calls] = operations.effects_by_kind(session, **period)
    assert (calls.done, calls.ended) == (1, 0)
    period["until"] = ago(50).date()
    assert operations.effects_by_kind(session, **period) == []


def test_more_than_one_answer_can_look_at_are_refused(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_effects, "MOST_ACTIONS", 1)
    for name in ("Uno", "Dos"):
        done(session, an_old_member(session, name=name), days=3)
    with pytest.raises(TooManyActions):
        operations.effects_by_kind(session, since=ago(3).date(), until=TODAY, days=90, now=NOW)
