"""Consulting the members of a country: whom, until when, what they say, and what silence is."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import (
    AnswersOutstanding,
    ApplicationEntry,
    ConsultationClosed,
    LinkRevoked,
    LinkRevokedAlready,
    NotConsulting,
    ObjectionUnexplained,
    Opinion,
    PeriodOfConsultation,
    StateNotAllowed,
    UnknownLink,
    UnknownOpinion,
)
from services.membership.model.application_states import end_of
from shared.ids import uuid7
from tests.membership.making import NOW, TODAY, a_member, an_organization
from tests.membership.making_applications import CLOSES, consulting, ready, screening, submitted

OVER = end_of(CLOSES)


def stances(session: Session, application_id: object) -> dict[str, str | None]:
    found = session.scalars(operations.opinions(session, application_id=application_id))
    return {one.member.organization.name: one.stance for one in found}


def test_the_present_members_of_the_country_are_asked_and_nobody_else(session: Session) -> None:
    late = a_member(session, name="En gracia", admitted_on=TODAY - timedelta(days=90))
    operations.change_standing(session, late, standing="grace", reason="late", actor="ana", now=NOW)
    out = a_member(session, name="Suspendida")
    operations.change_standing(session, out, standing="suspended", reason="decided", actor="ana", now=NOW)
    gone = a_member(session, name="Ida")
    operations.change_standing(session, gone, standing="resigned", reason="left", actor="ana", now=NOW)
    a_member(session, name="Vecina", country="UY")
    application, _ = consulting(session, members=1)
    assert stances(session, application.id) == {"En gracia": None, "Cooperativa 0": None}
    assert (application.state, application.due_on) == ("consultation", CLOSES)


def test_an_answer_counts_as_last_given_and_every_one_is_kept(session: Session) -> None:
    application, [first, second] = consulting(session)
    with pytest.raises(ObjectionUnexplained):
        operations.say_opinion(session, application, member_id=first.id, stance="object", actor="ana", now=NOW)
    operations.say_opinion(session, application, member_id=first.id, stance="support", actor="ana", now=NOW)
    operations.say_opinion(
        session, application, member_id=first.id, stance="object", comment="we split", actor="ana", now=NOW
    )
    operations.say_opinion(session, application, member_id=second.id, stance="abstain", actor="ana", now=NOW)
    assert set(stances(session, application.id).values()) == {"object", "abstain"}
    lines = select(ApplicationEntry).where(ApplicationEntry.kind == "opinion").order_by(ApplicationEntry.id)
    told = [(one.details["previous_stance"], one.details["stance"], one.text) for one in session.scalars(lines)]
    assert told == [(None, "support", ""), ("support", "object", "we split"), (None, "abstain", "")]
    with pytest.raises(UnknownOpinion):
        operations.say_opinion(session, application, member_id=uuid7(), stance="support", actor="ana", now=NOW)


def test_silence_is_recorded_at_the_end_once_also_after_a_week_of_standstill(session: Session) -> None:
    application, [first, _] = consulting(session)
    operations.say_opinion(session, application, member_id=first.id, stance="support", actor="ana", now=NOW)
    assert operations.close_consultations(session, actor="system", now=OVER - timedelta(seconds=1)) == []
    week_later = OVER + timedelta(days=7)
    with pytest.raises(ConsultationClosed):
        operations.say_opinion(session, application, member_id=first.id, stance="abstain", actor="ana", now=OVER)
    assert list(operations.close_consultations(session, actor="system", now=week_later)) == [application]
    assert operations.close_consultations(session, actor="system", now=week_later) == []
    assert stances(session, application.id) == {"Cooperativa 0": "support", "Cooperativa 1": "silent"}
    assert (application.state, application.due_at) == ("ready_for_decision", None)
    assert "system" not in application.makers
    [consultation] = application.consultations
    counts = operations.opinion_counts(session, [consultation.id])[consultation.id]
    assert counts == {"support": 1, "object": 0, "abstain": 0, "silent": 1, "waiting": 0}


def test_it_ends_before_its_day_only_when_everybody_has_answered(session: Session) -> None:
    application, asked = consulting(session)
    with pytest.raises(AnswersOutstanding) as refused:
        operations.close_consultation(session, application, actor="eva", now=NOW)
    assert refused.value.params["count"] == 2
    for member in asked:
        operations.say_opinion(session, application, member_id=member.id, stance="support", actor="ana", now=NOW)
    operations.close_consultation(session, application, actor="eva", now=NOW)
    assert application.state == "ready_for_decision"
    with pytest.raises(NotConsulting):
        operations.say_opinion(session, application, member_id=asked[0].id, stance="object", actor="ana", now=NOW)
    with pytest.raises(NotConsulting):
        operations.close_consultation(session, application, actor="eva", now=NOW)


def test_a_country_without_members_is_recorded_as_such_and_it_goes_on(session: Session) -> None:
    application = ready(session)
    [consultation] = application.consultations
    assert (consultation.country, consultation.opinions) == ("AR", [])
    assert consultation.closed_at == NOW


@pytest.mark.parametrize("days", [13, 91])
def test_members_get_time_but_not_for_ever(session: Session, days: int) -> None:
    a_member(session, name="Otra")
    with pytest.raises(PeriodOfConsultation):
        operations.consult_members(
            session, screening(session), closes_on=TODAY + timedelta(days=days), address=str, actor="eva", now=NOW
        )


@pytest.mark.parametrize("day", [date.min, TODAY, date.max])
def test_also_where_nobody_is_asked_the_day_is_one_that_can_be(session: Session, day: date) -> None:
    application = screening(session)
    with pytest.raises(PeriodOfConsultation) as refused:
        operations.consult_members(session, application, closes_on=day, address=str, actor="eva", now=NOW)
    assert (refused.value.pointer, application.state) == ("/closes_on", "screening")


def test_only_what_is_screened_is_consulted_on_and_again_after_it_was_sent_back(session: Session) -> None:
    with pytest.raises(StateNotAllowed):
        operations.consult_members(session, submitted(session), closes_on=CLOSES, address=str, actor="eva", now=NOW)
    application = ready(session, organization=an_organization(session, name="Coop. Dos"))
    a_member(session, name="Nueva")
    operations.screen_application(session, application, note="again", actor="eva", now=NOW)
    operations.consult_members(session, application, closes_on=CLOSES, address=str, actor="eva", now=NOW)
    assert stances(session, application.id) == {"Nueva": None}
    assert len(application.consultations) == 2
    waiting = operations.opinions(session, application_id=application.id, stance="waiting")
    assert len(session.scalars(waiting).all()) == 1
    assert session.scalars(operations.opinions(session, application_id=application.id, stance="silent")).all() == []


def test_a_link_opens_one_answer_until_the_end_or_its_revocation(session: Session) -> None:
    application, [first, second] = consulting(session)
    link = operations.make_opinion_link(session, application, member_id=first.id, actor="eva", now=NOW)
    of, asked = operations.opinion_by_link(session, link_id=link.id, now=NOW)
    operations.say_by_link(session, of, asked, stance="object", comment="they owe us", link_id=link.id, now=NOW)
    assert stances(session, application.id) == {"Cooperativa 0": "object", "Cooperativa 1": None}
    assert asked.recorded_by == f"link/{link.id}"
    assert application.makers == ["ana", "eva"]
    with pytest.raises(ConsultationClosed):
        operations.opinion_by_link(session, link_id=link.id, now=OVER)
    which = {"member_id": first.id, "link_id": link.id, "reason": "wrong address", "actor": "eva", "now": NOW}
    operations.revoke_opinion_link(session, application, **which)
    with pytest.raises(LinkRevokedAlready):
        operations.revoke_opinion_link(session, application, **which)
    with pytest.raises(LinkRevoked):
        operations.opinion_by_link(session, link_id=link.id, now=NOW)
    with pytest.raises(UnknownLink):
        operations.opinion_by_link(session, link_id=uuid7(), now=NOW)
    with pytest.raises(UnknownLink):
        operations.revoke_opinion_link(session, application, **which | {"member_id": second.id})


def test_a_link_of_a_consultation_that_was_closed_early_opens_nothing(session: Session) -> None:
    application, [only] = consulting(session, members=1)
    link = operations.make_opinion_link(session, application, member_id=only.id, actor="eva", now=NOW)
    operations.say_opinion(session, application, member_id=only.id, stance="support", actor="ana", now=NOW)
    operations.close_consultation(session, application, actor="eva", now=NOW)
    with pytest.raises(ConsultationClosed):
        operations.opinion_by_link(session, link_id=link.id, now=NOW)
    assert session.scalars(select(Opinion.stance)).all() == ["support"]
