"""An award is proposed by one, offered by another, and answered by the member."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.funding import operations
from services.funding.model import (
    NEXT,
    Award,
    AwardSettled,
    AwardState,
    AwardStateNotAllowed,
    AwardUnexplained,
    Member,
    NotEligible,
    NothingAwarded,
    ProposerOffers,
)
from shared.contracts.funding import AwardAccepted, AwardDeclined, AwardMade
from shared.contracts.membership import Standing
from shared.database import transaction
from shared.errors import DomainError
from shared.messaging.outbox import published
from shared.money import Money
from tests.funding.awards import TERMS, a_member, offered, proposed
from tests.members import NOW, a_new_standing, an_admission, delivered
from tests.membership.test_lock_order import meeting

LATER = NOW + timedelta(days=3)
MEMBER = Member(id=uuid4(), organization_id=uuid4(), standing="current")


def an_award() -> Award:
    return Award.propose(member=MEMBER, **TERMS, now=NOW, actor="ana")


def facts(award: Award) -> dict[str, object]:
    return {
        "award_id": award.id,
        "member_id": award.member_id,
        "organization_id": award.organization_id,
        "title": "Capacitación en gobernanza",
        "amount": 500000,
        "currency": "USD",
    }


STEPS: dict[str, Callable[[Award], None]] = {
    "offered": lambda award: award.offer(member=MEMBER, minutes="12/2026", now=NOW, actor="eva"),
    "withdrawn": lambda award: award.withdraw(reason="no", now=NOW, actor="ana"),
    "accepted": lambda award: award.accept(now=NOW, actor="ana"),
    "declined": lambda award: award.decline(reason="no", now=NOW, actor="ana"),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=6))
def test_an_award_goes_only_where_its_state_leads(steps: list[AwardState]) -> None:
    award = an_award()
    for step in steps:
        before = award.state
        if step in NEXT[before]:
            STEPS[step](award)
            assert award.state == step
        else:
            with pytest.raises(AwardStateNotAllowed if NEXT[before] else AwardSettled):
                STEPS[step](award)
            assert award.state == before
    assert (award.decided_by == "eva") == (award.state in {"offered", "accepted", "declined"})
    assert (award.answered_at is not None) == (award.state in {"accepted", "declined"})
    assert (award.withdrawn_at is not None) == (award.state == "withdrawn")


@pytest.mark.parametrize("minor", [0, -1])
def test_nothing_is_no_award(minor: int) -> None:
    with pytest.raises(NothingAwarded) as refused:
        Award.propose(member=MEMBER, **TERMS | {"amount": Money(minor, "USD")}, now=NOW, actor="ana")
    assert refused.value.pointer == "/amount"


@pytest.mark.parametrize("reason", ["", " \n"])
@pytest.mark.parametrize("step", ["withdraw", "decline"])
def test_who_declines_or_gives_up_says_why(step: str, reason: str) -> None:
    award = an_award()
    if step == "decline":
        STEPS["offered"](award)
    before = award.state
    with pytest.raises(AwardUnexplained):
        getattr(award, step)(reason=reason, now=NOW, actor="ana")
    assert award.state == before


def test_who_proposed_it_does_not_offer_it() -> None:
    award = an_award()
    with pytest.raises(ProposerOffers):
        award.offer(member=MEMBER, minutes="12/2026", now=NOW, actor="ana")
    assert (award.state, award.decided_by) == ("proposed", None)


def test_the_database_holds_that_another_decides(session: Session) -> None:
    offered(session).decided_by = "ana"
    with pytest.raises(IntegrityError, match="ck_awards_decider"):
        session.flush()


def test_a_proposal_is_told_nobody(session: Session) -> None:
    admission = a_member(session)
    award = operations.award(session, award_id=proposed(session, member_id=admission.member_id).id)
    assert (award.member_id, award.organization_id) == (admission.member_id, admission.organization_id)
    assert (award.state, award.amount, award.proposed_by, award.proposed_at) == (
        "proposed",
        Money(500000, "USD"),
        "ana",
        NOW,
    )
    operations.withdraw_award(session, award, reason="Paid otherwise", actor="eva", now=LATER)
    assert (award.state, award.reason, award.withdrawn_by, award.withdrawn_at) == (
        "withdrawn",
        "Paid otherwise",
        "eva",
        LATER,
    )
    assert published(session) == []


def test_an_offer_is_told(session: Session) -> None:
    award = proposed(session)
    operations.offer_award(session, award, minutes="Board 12/2026", actor="eva", now=LATER)
    assert (award.state, award.minutes, award.decided_by, award.decided_at) == (
        "offered",
        "Board 12/2026",
        "eva",
        LATER,
    )
    assert published(session) == [AwardMade(**facts(award))]


def test_an_acceptance_is_told(session: Session) -> None:
    award = offered(session)
    operations.accept_award(session, award, actor="ana", now=LATER)
    assert (award.state, award.answered_by, award.answered_at) == ("accepted", "ana", LATER)
    assert published(session)[1:] == [AwardAccepted(**facts(award))]


def test_that_it_was_declined_is_told_but_not_why(session: Session) -> None:
    award = offered(session)
    operations.decline_award(session, award, reason="Our treasurer is ill", actor="ana", now=LATER)
    assert (award.state, award.reason) == ("declined", "Our treasurer is ill")
    [_, said] = published(session)
    assert said == AwardDeclined(**facts(award))
    assert "treasurer" not in str(said)


def reasons(refused: pytest.ExceptionInfo[NotEligible]) -> list[tuple[str, str]]:
    return [(one.pointer, one.message) for one in refused.value.wrong]


LOST: dict[Standing, str] = {
    "suspended": "The membership is suspended.",
    "resigned": "The organization has resigned its membership.",
    "terminated": "The membership was terminated.",
}


@pytest.mark.parametrize("standing", LOST)
def test_nobody_proposes_to_whoever_is_not_eligible(session: Session, standing: Standing) -> None:
    lost = a_new_standing(an_admission(), standing)
    operations.keep_members(session, [delivered(lost)])
    with pytest.raises(NotEligible) as refused:
        proposed(session, member_id=lost.member_id)
    assert reasons(refused) == [("/member_id", LOST[standing])]
    with pytest.raises(NotEligible) as refused:
        proposed(session, member_id=uuid4())
    assert reasons(refused) == [("/member_id", "No membership is known under this id.")]
    assert session.scalars(operations.awards()).all() == []


def test_late_dues_alone_cost_nobody_an_award(session: Session) -> None:
    admission = a_member(session)
    operations.keep_members(session, [delivered(a_new_standing(admission, "grace"), version=2)])
    assert proposed(session, member_id=admission.member_id).state == "proposed"


@pytest.mark.parametrize("standing", LOST)
def test_eligibility_is_asked_again_at_the_decision(session: Session, standing: Standing) -> None:
    admission = a_member(session)
    award = proposed(session, member_id=admission.member_id)
    operations.keep_members(session, [delivered(a_new_standing(admission, standing), version=2)])
    with pytest.raises(NotEligible) as refused:
        operations.offer_award(session, award, minutes="12/2026", actor="eva", now=NOW)
    assert reasons(refused) == [("", LOST[standing])]
    assert (award.state, published(session)) == ("proposed", [])


def test_an_award_outlives_the_rebuilding_of_the_replica(session: Session) -> None:
    award = offered(session)
    operations.forget_members(session)
    assert operations.accept_award(session, award, actor="ana", now=NOW).state == "accepted"


@pytest.mark.usefixtures("session")
def test_who_comes_while_another_decides_waits_and_sees_the_decision(engine: Engine) -> None:
    with transaction(engine) as own:
        award_id = proposed(own).id

    def decide(own: Session) -> None:
        award = operations.award_to_change(own, award_id=award_id)
        operations.offer_award(own, award, minutes="12/2026", actor="eva", now=NOW)

    state = meeting(
        engine,
        lambda own: operations.award_to_change(own, award_id=award_id),
        lambda own: operations.award_to_change(own, award_id=award_id).state,
        decide,
    )
    assert state == "offered"


def test_an_unknown_award_is_not_found(session: Session) -> None:
    finders: list[Callable[[], Award]] = [
        lambda: operations.award(session, award_id=uuid4()),
        lambda: operations.award_to_change(session, award_id=uuid4()),
    ]
    for find in finders:
        with pytest.raises(DomainError, match="There is no award"):
            find()


def test_awards_are_filtered_by_state_member_and_country(session: Session) -> None:
    one, other = offered(session), proposed(session, member_id=a_member(session, country="UY").member_id)

    def found(**filters: object) -> list[Award]:
        return list(session.scalars(operations.awards(**filters)))  # type: ignore[arg-type] # the tests name them

    assert found(state="offered") == found(member_id=one.member_id) == found(country="AR") == [one]
    assert found(state="proposed") == found(country="UY") == [other]
    assert found(country="PY") == found(state="accepted") == []
    assert len(found()) == 2
