"""Who is written to about applications: members consulted, and the applicant; once, with what they need to answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.application_form import FORM
from services.membership.model import ApplicationEntry, MembershipApplication, OpinionLink, Organization
from services.membership.model.application_states import end_of
from shared.contracts.membership import ApplicantNotified, ContactChanged, OpinionRequested
from shared.database import transaction
from shared.messaging.outbox import published
from tests.membership.making import NOW, TODAY, a_member, an_organization
from tests.membership.making_applications import CLOSES, a_draft, decided, ready, screening

REMINDED = end_of(CLOSES - timedelta(days=FORM.policy.reminder_days + 1))
AT_ONCE = 8


def reached(session: Session, organization: Organization, role: str = "office", **changes: Any) -> UUID:
    facts = {"role": role, "email": f"{role}@cooperativa.invalid", "name": role} | changes
    return operations.add_contact(session, organization_id=organization.id, **facts, actor="ana", now=NOW).id


def asked_of_members(session: Session) -> list[OpinionRequested]:
    return [fact for fact in published(session) if isinstance(fact, OpinionRequested)]


def told(session: Session) -> list[ApplicantNotified]:
    return [fact for fact in published(session) if isinstance(fact, ApplicantNotified)]


def written(session: Session, of: MembershipApplication) -> list[dict[str, Any]]:
    lines = select(ApplicationEntry).where(ApplicationEntry.application_id == of.id, ApplicationEntry.kind == "written")
    return [one.details for one in session.scalars(lines.order_by(ApplicationEntry.id))]


def address(link_id: UUID) -> str:
    return f"https://membership.invalid/{link_id}"


BOTH = operations.Addresses(address, address)


def consulted(session: Session) -> MembershipApplication:
    """Three members: one with several contacts, one that reads Portuguese, one that nobody can reach."""
    first, second, third = (a_member(session, name=f"Cooperativa {number}") for number in range(3))
    reached(session, first.organization, "dues")
    reached(session, first.organization, "presidency")
    reached(session, second.organization, language="pt-BR")
    reached(session, third.organization, email="")
    application = screening(session, name="Mutual del Sur")
    return operations.consult_members(session, application, closes_on=CLOSES, address=address, actor="eva", now=NOW)


def test_every_member_that_can_be_reached_gets_a_link_of_its_own(session: Session) -> None:
    application = consulted(session)
    facts = sorted(asked_of_members(session), key=lambda fact: fact.name)
    assert [(fact.name, fact.language, fact.occasion) for fact in facts] == [
        ("Cooperativa 0", "es", "request"),
        ("Cooperativa 1", "pt", "request"),
    ]
    assert {(fact.applicant, fact.country, fact.category, fact.closes_on) for fact in facts} == {
        ("Mutual del Sur", "AR", "full", CLOSES)
    }
    links = {address(one.id): one.opinion_id for one in session.scalars(select(OpinionLink))}
    assert {fact.link: fact.opinion_id for fact in facts} == links
    said = session.scalars(operations.opinions(session, application_id=application.id)).all()
    assert sorted(one.written_at is not None for one in said) == [False, True, True]
    assert written(session, application) == [{"occasion": "consultation_request", "letters": 2, "without_contact": 1}]
    presidency = session.scalars(select(Organization).where(Organization.name == "Cooperativa 0")).one().contacts[1]
    assert facts[0].contact_id == presidency.id


def test_who_has_not_answered_is_reminded_once_some_days_before_the_end(session: Session) -> None:
    application = consulted(session)
    [first, *_] = sorted(asked_of_members(session), key=lambda fact: fact.name)
    operations.say_opinion(session, application, member_id=first.member_id, stance="support", actor="ana", now=NOW)
    assert operations.remind_applications(session, addresses=BOTH, now=REMINDED - timedelta(days=1)) == []
    assert list(operations.remind_applications(session, addresses=BOTH, now=REMINDED)) == [application]
    assert operations.remind_applications(session, addresses=BOTH, now=REMINDED + timedelta(days=1)) == []
    reminders = [fact for fact in asked_of_members(session) if fact.occasion == "reminder"]
    assert [fact.name for fact in reminders] == ["Cooperativa 1"]
    assert "system" not in application.makers
    assert written(session, application)[-1]["letters"] == 1


def test_after_a_standstill_nobody_is_reminded_of_what_is_over(session: Session) -> None:
    application = consulted(session)
    week_later = end_of(CLOSES + timedelta(days=7))
    assert list(operations.remind_applications(session, addresses=BOTH, now=week_later)) == [application]
    assert [fact.occasion for fact in asked_of_members(session)] == ["request", "request"]


def test_however_many_remind_at_once_each_letter_is_asked_for_once(engine: Engine) -> None:
    with transaction(engine) as session:
        consulted(session)

    def remind(_: int) -> None:
        with transaction(engine) as session:
            operations.remind_applications(session, addresses=BOTH, now=REMINDED)

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        list(crowd.map(remind, range(AT_ONCE)))
    with Session(engine) as session:
        assert sorted(fact.occasion for fact in asked_of_members(session)) == ["reminder"] * 2 + ["request"] * 2


def test_an_applicant_is_asked_reminded_and_asked_anew_and_its_contact_becomes_known(session: Session) -> None:
    application = screening(session)
    contact_id = reached(session, application.organization, language="pt")
    due = TODAY + timedelta(days=30)
    operations.ask_applicant(session, application, question="Who?", due_on=due, address=address, actor="eva", now=NOW)
    moment = NOW + timedelta(days=30 - FORM.policy.reminder_days)
    assert list(operations.remind_applications(session, addresses=BOTH, now=moment)) == [application]
    operations.answer_question(session, application, answer="We.", actor="ana", now=moment)
    operations.ask_applicant(
        session, application, question="How?", due_on=due, address=address, actor="eva", now=moment
    )
    assert operations.remind_applications(session, addresses=BOTH, now=moment + timedelta(days=9)) == []
    facts = told(session)
    assert [(fact.occasion, fact.step, fact.question) for fact in facts] == [
        ("question", 1, "Who?"),
        ("reminder", 1, "Who?"),
        ("question", 2, "How?"),
    ]
    lapses = due + timedelta(days=FORM.policy.silence_days)
    assert {(fact.contact_id, fact.language, fact.due_on, fact.ends_on) for fact in facts} == {
        (contact_id, "pt", due, lapses)
    }
    known = [fact for fact in published(session) if isinstance(fact, ContactChanged)]
    assert {fact.contact_id for fact in known} == {contact_id}


def test_contacts_of_who_applies_no_more_are_told_to_nobody_but_that_they_go(session: Session) -> None:
    application = screening(session)
    organization = application.organization
    reached(session, organization)
    kept = organization.contacts[0]
    operations.change_contact(session, kept, email="nueva@cooperativa.invalid", now=NOW)
    operations.withdraw_application(session, application, reason="Not now", actor="ana", now=NOW)
    operations.change_contact(session, kept, email="otra@cooperativa.invalid", now=NOW)
    reached(session, organization, "dues")
    operations.remove_contact(session, kept, now=NOW)
    told = [fact for fact in published(session) if isinstance(fact, ContactChanged) and fact.contact_id == kept.id]
    assert [fact.removed for fact in told] == [False, False, True]
    assert told[1].email == "nueva@cooperativa.invalid"
    assert "dues" not in {fact.role for fact in published(session) if isinstance(fact, ContactChanged)}


def test_where_nobody_can_be_reached_that_is_said_and_nothing_stops(session: Session) -> None:
    application = screening(session)
    operations.ask_applicant(session, application, question="Who?", due_on=TODAY, address=address, actor="eva", now=NOW)
    assert (told(session), written(session, application)) == ([], [{"occasion": "question", "contact_id": None}])


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
def test_the_decision_is_told_to_the_applicant_with_its_reason(session: Session, verdict: str) -> None:
    application = ready(session)
    reached(session, application.organization)
    decided(session, application, verdict, reason="as discussed", despite="known for years")
    [fact] = told(session)
    assert (fact.occasion, fact.reason, fact.decided_on) == (verdict, "as discussed", TODAY)
    assert "berta" not in application.makers


def test_only_who_is_a_member_or_applies_is_known_to_the_others(session: Session) -> None:
    draft = a_draft(session)
    reached(session, draft.organization)
    stranger = an_organization(session, name="Otra")
    reached(session, stranger)
    known = [fact.organization_id for fact in published(session) if isinstance(fact, ContactChanged)]
    assert known == [draft.organization_id]
