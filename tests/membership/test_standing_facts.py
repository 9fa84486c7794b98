"""Facts on a real database: recorded once, announced where they change something, voided and never taken back."""

from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.facts import Kind
from services.membership.model import (
    AlreadyLeaving,
    AlreadyMember,
    AlreadyRecorded,
    AlreadyVoided,
    BeforeAdmission,
    ChangesNothing,
    EndsTooEarly,
    KnownLater,
    Member,
    NotAllowedFrom,
    NothingToWithdraw,
    NotPassedOn,
    NotVoidable,
    NotYetHappened,
    OnlyAssociates,
    OrganizationGone,
    OwnSuccessor,
    RecordedOtherwise,
    StandingBackdated,
    StandingFact,
    StandingInFuture,
    UnknownFact,
    UnknownPeriod,
)
from services.membership.operations.facts import Recorded
from shared.contracts.membership import MemberAdmitted, MemberStandingChanged, ProspectAdvanced, Standing
from shared.messaging.outbox import published
from tests.membership.making import NOW, TODAY, a_member, a_prospect, an_organization

JANUARY = date(2026, 1, 1)
LATER = NOW + timedelta(days=30)


def an_early_member(session: Session) -> Member:
    return a_member(session, admitted_on=JANUARY)


def decided(session: Session, member: Member, kind: Kind, on: date | None = None, **more: Any) -> Recorded:
    facts = {"reason": kind, "actor": "eva", "now": NOW} | more
    return operations.decide(session, member, kind=kind, effective_on=on, **facts)


def due(session: Session, member: Member, on: date, period: str = "2026", now: datetime = NOW) -> Recorded:
    return operations.record_dues_due(session, member, period=period, due_on=on, actor="eva", now=now)


def settled(session: Session, member: Member, on: date, period: str = "2026", now: datetime = NOW) -> Recorded:
    return operations.record_dues_settled(session, member, period=period, settled_on=on, actor="eva", now=now)


def told(session: Session) -> list[tuple[Standing, Standing, date, str]]:
    facts = [fact for fact in published(session) if isinstance(fact, MemberStandingChanged)]
    return [(fact.previous_standing, fact.standing, fact.effective_on, fact.rule) for fact in facts]


def days_of(session: Session, member: Member, *, every: int = 1) -> list[Standing | None]:
    days = [JANUARY + timedelta(number) for number in range(0, (TODAY - JANUARY).days + 1, every)]
    return [operations.position(session, member, on=day, now=NOW).state.standing for day in days]


def test_an_admission_is_the_first_fact(session: Session) -> None:
    member = an_early_member(session)
    fact = session.scalars(operations.facts(member=member)).one()
    assert (fact.kind, fact.effective_on, fact.reason, fact.recorded_by) == (
        "admitted",
        JANUARY,
        "Board decision 12/2026",
        "ana",
    )
    assert (member.version, member.next_change_on) == (1, None)


def test_a_suspension_is_announced_with_its_rule_and_kept_with_its_words(session: Session) -> None:
    member = an_early_member(session)
    recorded = decided(session, member, "suspended", date(2026, 5, 1), reference="minutes 4")
    assert told(session) == [("current", "suspended", date(2026, 5, 1), "suspended_by_decision")]
    assert (member.standing, recorded.fact.reference, recorded.version) == ("suspended", "minutes 4", member.version)
    line = member.history[-1]
    assert (line.previous, line.standing, line.reason, line.changed_by, line.rule) == (
        *("current", "suspended", "suspended", "eva", "suspended_by_decision"),
    )
    decided(session, member, "reinstated", date(2026, 5, 3), reason="paid")
    assert told(session)[1:] == [("suspended", "current", date(2026, 5, 3), "good_standing")]
    assert member.history[-1].reason == "paid"


def test_dues_recorded_late_are_announced_change_by_change(session: Session) -> None:
    member = an_early_member(session)
    due(session, member, date(2026, 2, 28))
    assert told(session) == [
        ("current", "grace", date(2026, 3, 1), "dues_late"),
        ("grace", "suspended", date(2026, 3, 31), "in_arrears"),
    ]
    assert member.next_change_on == date(2027, 2, 28)
    settled(session, member, date(2026, 4, 10))
    assert told(session)[2:] == [("suspended", "current", date(2026, 4, 10), "good_standing")]
    assert member.next_change_on is None


def test_a_settlement_recorded_late_takes_back_what_was_announced(session: Session) -> None:
    member = an_early_member(session)
    due(session, member, date(2026, 2, 28))
    settled(session, member, date(2026, 2, 20))
    assert told(session)[2:] == [("grace", "current", date(2026, 3, 1), "good_standing")]
    assert set(days_of(session, member)) == {"current"}


def test_repeating_dues_changes_nothing_and_saying_otherwise_is_refused(session: Session) -> None:
    member = an_early_member(session)
    first = due(session, member, date(2026, 2, 28))
    version, said = member.version, len(published(session))
    again = due(session, member, date(2026, 2, 28), now=LATER)
    assert (again.fact.id, again.repeated, first.repeated) == (first.fact.id, True, False)
    assert (member.version, len(published(session))) == (version, said)
    with pytest.raises(RecordedOtherwise):
        due(session, member, date(2026, 3, 1))
    settled(session, member, date(2026, 3, 5))
    assert settled(session, member, date(2026, 3, 5)).repeated
    with pytest.raises(RecordedOtherwise):
        settled(session, member, date(2026, 3, 6))


def test_a_wrong_fact_is_voided_and_recorded_right(session: Session) -> None:
    member = an_early_member(session)
    due(session, member, date(2026, 2, 28))
    paid = settled(session, member, date(2026, 3, 5))
    words: dict[str, Any] = {"reason": "the transfer came back", "actor": "eva", "now": NOW}
    operations.void_fact(session, member, fact_id=paid.fact.id, **words)
    assert told(session)[-2:] == [
        ("current", "grace", date(2026, 3, 5), "dues_late"),
        ("grace", "suspended", date(2026, 3, 31), "in_arrears"),
    ]
    session.expire_all()
    assert paid.fact.voided_by
    with pytest.raises(AlreadyVoided):
        operations.void_fact(session, member, fact_id=paid.fact.id, **words)
    again = settled(session, member, date(2026, 4, 20))
    assert (again.repeated, again.fact.generation, member.standing) == (False, 2, "current")
    assert session.scalars(select(StandingFact.kind).order_by(StandingFact.id)).all().count("dues_settled") == 2


def test_what_is_the_ground_of_everything_is_not_voided(session: Session) -> None:
    member = an_early_member(session)
    admission = session.scalars(operations.facts(member=member)).one()
    words: dict[str, Any] = {"reason": "x", "actor": "eva", "now": NOW}
    with pytest.raises(NotVoidable):
        operations.void_fact(session, member, fact_id=admission.id, **words)
    wrong = decided(session, member, "suspended").fact
    void = operations.void_fact(session, member, fact_id=wrong.id, **words).fact
    session.expire_all()
    with pytest.raises(NotVoidable):
        operations.void_fact(session, member, fact_id=void.id, **words)
    with pytest.raises(UnknownFact):
        operations.void_fact(session, member, fact_id=uuid4(), **words)


def test_the_same_answer_to_the_same_knowledge_and_a_new_one_to_new(session: Session) -> None:
    """Somebody asks who could vote in March; in June a payment of February comes to light."""
    member = an_early_member(session)
    due(session, member, date(2026, 2, 28))
    asked = operations.position(session, member, on=date(2026, 4, 1), now=NOW)
    assert (asked.state.standing, asked.vote.can_vote, asked.known_at) == ("suspended", False, NOW)
    settled(session, member, date(2026, 2, 27), now=LATER)
    then = operations.position(session, member, on=date(2026, 4, 1), known_at=asked.known_at, now=LATER)
    now = operations.position(session, member, on=date(2026, 4, 1), now=LATER)
    assert (then.state, then.vote, then.since) == (asked.state, asked.vote, asked.since)
    assert (now.state.standing, now.vote.can_vote) == ("current", True)
    with pytest.raises(KnownLater):
        operations.position(session, member, known_at=LATER + timedelta(1), now=LATER)


def test_a_resignation_runs_its_notice_and_can_be_withdrawn(session: Session) -> None:
    member = an_early_member(session)
    decided(session, member, "resigned", date(2026, 2, 1))
    assert (member.standing, member.next_change_on) == ("current", date(2027, 2, 1))
    with pytest.raises(AlreadyLeaving):
        decided(session, member, "resigned", date(2026, 3, 1))
    decided(session, member, "resignation_withdrawn", date(2026, 4, 1))
    assert member.next_change_on is None
    with pytest.raises(NothingToWithdraw):
        decided(session, member, "resignation_withdrawn", date(2026, 4, 2))
    decided(session, member, "resigned", date(2026, 5, 1), until=TODAY)
    assert told(session) == [("current", "resigned", TODAY, "resigned")]


@pytest.mark.parametrize(
    ("kind", "on", "more", "error"),
    [
        ("suspended", date(2025, 12, 31), {}, BeforeAdmission),
        ("reinstated", date(2026, 2, 1), {}, ChangesNothing),
        ("resigned", TODAY + timedelta(1), {}, NotYetHappened),
        ("resigned", date(2026, 2, 1), {"until": date(2026, 1, 31)}, EndsTooEarly),
        ("resignation_withdrawn", date(2026, 2, 1), {}, NothingToWithdraw),
        ("temporary", date(2026, 2, 1), {}, OnlyAssociates),
    ],
)
def test_what_cannot_be_is_refused(
    session: Session, kind: Kind, on: date, more: dict[str, Any], error: type[Exception]
) -> None:
    member = an_early_member(session)
    with pytest.raises(error):
        decided(session, member, kind, on, **more)
    assert told(session) == []


def test_a_decision_is_made_once_and_not_after_the_end(session: Session) -> None:
    member = an_early_member(session)
    decided(session, member, "suspended", date(2026, 2, 1))
    with pytest.raises(AlreadyRecorded):
        decided(session, member, "suspended", date(2026, 2, 1))
    with pytest.raises(ChangesNothing):
        decided(session, member, "suspended", date(2026, 3, 1))
    decided(session, member, "expelled", date(2026, 4, 1))
    with pytest.raises(RecordedOtherwise):
        decided(session, member, "expelled", date(2026, 3, 1))
    with pytest.raises(NotAllowedFrom):
        decided(session, member, "reinstated", date(2026, 4, 1))
    assert member.history[-1].rule == "expelled"
    with pytest.raises(UnknownPeriod):
        settled(session, member, TODAY, period="1999")


def test_a_term_ends_an_associates_membership(session: Session) -> None:
    prospect = a_prospect(session)
    member = operations.admit_prospect(
        session, prospect, category="associate", reason="Board", admitted_on=JANUARY, actor="ana", now=NOW
    )
    decided(session, member, "temporary", JANUARY)
    assert member.next_change_on == date(2028, 1, 1)
    decided(session, member, "temporary", date(2026, 2, 1), until=date(2026, 5, 4))
    assert told(session) == [("current", "terminated", TODAY, "term_ended")]


def test_a_merger_passes_the_membership_on_and_ends_it(session: Session) -> None:
    member, new = an_early_member(session), an_organization(session, name="Cooperativa Unida", locality="Tandil")
    recorded = operations.succeed(
        session,
        member,
        successors=[{"organization_id": new.id, "admit": True}],
        effective_on=date(2026, 4, 1),
        reason="merger",
        actor="eva",
        now=NOW,
    )
    assert [one.id for one in recorded.fact.successors] == [new.id]
    assert told(session) == [("current", "terminated", date(2026, 4, 1), "succeeded")]
    admission = published(session)[-1]
    assert isinstance(admission, MemberAdmitted)
    assert (admission.organization_id, admission.category, admission.admitted_on) == (
        new.id,
        "full",
        date(2026, 4, 1),
    )


def test_a_merger_wins_the_successor_that_was_being_won_and_says_so(session: Session) -> None:
    member, new = an_early_member(session), an_organization(session, name="Cooperativa Unida", locality="Tandil")
    prospect = operations.open_prospect(session, organization_id=new.id, source="letter", actor="ana", now=NOW)
    successors: Any = [{"organization_id": new.id, "admit": True}]
    operations.succeed(session, member, successors=successors, reason="merger", actor="eva", now=NOW)
    admission, won = published(session)[-2:]
    assert isinstance(admission, MemberAdmitted)
    assert isinstance(won, ProspectAdvanced)
    assert (won.prospect_id, won.previous_stage, won.stage) == (prospect.id, "identified", "admitted")
    assert prospect.member_id == admission.member_id


def test_a_split_into_a_member_and_another_admits_only_who_is_to_be(session: Session) -> None:
    member = an_early_member(session)
    known = a_member(session, name="Cooperativa Vecina", locality="Azul")
    other = an_organization(session, name="Cooperativa Nueva", locality="Tandil")
    successors: Any = [{"organization_id": known.organization_id, "admit": True}, {"organization_id": other.id}]
    operations.succeed(session, member, successors=successors, reason="split", actor="eva", now=NOW)
    assert member.standing == "terminated"
    assert len(session.scalars(select(Member)).all()) == 2


def test_arrears_are_not_left_behind_by_a_merger(session: Session) -> None:
    member, new = an_early_member(session), an_organization(session, name="Cooperativa Unida", locality="Tandil")
    due(session, member, date(2026, 4, 20))
    words: dict[str, Any] = {"reason": "merger", "actor": "eva", "now": NOW}
    with pytest.raises(NotPassedOn):
        operations.succeed(session, member, successors=[{"organization_id": new.id, "admit": True}], **words)
    with pytest.raises(OwnSuccessor):
        operations.succeed(session, member, successors=[{"organization_id": member.organization_id}], **words)
    new.gone_at = NOW
    with pytest.raises(OrganizationGone):
        operations.succeed(session, member, successors=[{"organization_id": new.id}], **words)


def test_an_ended_membership_is_not_revived_beside_a_newer_one(session: Session) -> None:
    member = an_early_member(session)
    end = decided(session, member, "terminated", date(2026, 2, 1)).fact
    prospect = operations.open_prospect(
        session, organization_id=member.organization_id, source="return", actor="ana", now=NOW
    )
    words: dict[str, Any] = {"reason": "wrong member", "actor": "eva", "now": NOW}
    again = operations.admit_prospect(session, prospect, category="full", reason="Board", actor="ana", now=NOW)
    with pytest.raises(AlreadyMember), session.begin_nested():
        operations.void_fact(session, member, fact_id=end.id, **words)
    session.refresh(again)
    decided(session, again, "terminated")
    session.refresh(member)
    operations.void_fact(session, member, fact_id=end.id, **words)
    assert member.standing == "current"


def test_any_order_of_recording_leads_to_one_standing(session: Session) -> None:
    def first(member: Member) -> None:
        due(session, member, date(2026, 2, 1), period="2025")

    def second(member: Member) -> None:
        decided(session, member, "suspended", date(2026, 2, 15))

    def third(member: Member) -> None:
        decided(session, member, "resigned", date(2026, 3, 1), until=date(2026, 4, 20))

    def fourth(member: Member) -> None:
        due(session, member, date(2026, 3, 10), period="2026")

    seen = []
    for number, order in enumerate(permutations((first, second, third, fourth))):
        member = a_member(session, name=f"Cooperativa {number}", locality=f"Lugar {number}", admitted_on=JANUARY)
        for record in order:
            record(member)
        seen.append((member.standing, tuple(days_of(session, member, every=7))))
    assert len(set(seen)) == 1
    assert seen[0][0] == "resigned"


@pytest.mark.parametrize("standing", ["grace", "suspended", "resigned", "terminated"])
def test_a_standing_said_in_one_word_is_recorded_as_a_fact(session: Session, standing: Standing) -> None:
    member = an_early_member(session)
    operations.change_standing(
        session, member, standing=standing, reason="x", effective_on=date(2026, 5, 1), actor="eva", now=NOW
    )
    assert [one[:3] for one in told(session)] == [("current", standing, date(2026, 5, 1))]
    assert len(session.scalars(operations.facts(member=member)).all()) == 2
    with pytest.raises(NotAllowedFrom):
        operations.change_standing(session, member, standing=standing, reason="x", actor="eva", now=NOW)


def test_one_word_heals_grace_and_suspension_on_the_same_day_and_no_end(session: Session) -> None:
    member = a_member(session)

    def become(standing: Standing, **more: Any) -> None:
        operations.change_standing(session, member, standing=standing, reason="x", actor="eva", now=NOW, **more)

    for standing in ("grace", "suspended", "current", "resigned"):
        become(standing)  # type: ignore[arg-type] # a tuple of literals
    assert [one[1] for one in told(session)] == ["grace", "suspended", "current", "resigned"]
    with pytest.raises(NotAllowedFrom):
        become("current")
    with pytest.raises(StandingInFuture):
        become("current", effective_on=TODAY + timedelta(1))
    with pytest.raises(StandingBackdated):
        become("current", effective_on=TODAY - timedelta(1))


def test_who_asked_earlier_and_comes_second_sees_what_was_recorded_first(session: Session) -> None:
    member = an_early_member(session)
    words: dict[str, Any] = {"reason": "late", "actor": "eva", "effective_on": TODAY}
    operations.change_standing(session, member, standing="grace", now=NOW + timedelta(seconds=1), **words)
    with pytest.raises(NotAllowedFrom):
        operations.change_standing(session, member, standing="grace", now=NOW, **words)
