"""Links by which applicants fill in their own application: what each opens, until when, and nothing else."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.application_form import FORM
from services.membership.model import (
    ApplicantLink,
    ApplicantLinkEnded,
    ApplicationClosed,
    ApplicationEnded,
    LinkRevoked,
    LinkRevokedAlready,
    NobodyToInvite,
    UnknownApplicantLink,
    UnknownDocument,
)
from services.membership.model.application_states import end_of
from shared.contracts.membership import ApplicantNotified
from shared.ids import uuid7
from shared.messaging.outbox import published
from tests.membership.making import NOW, TODAY
from tests.membership.making_applications import a_draft, add_paper, complete, decided, ready, screening

ENDS = TODAY + timedelta(days=FORM.policy.link_days)


def address(link_id: UUID) -> str:
    return f"https://membership.invalid/{link_id}"


def told(session: Session) -> list[ApplicantNotified]:
    return [fact for fact in published(session) if isinstance(fact, ApplicantNotified)]


def reached(session: Session, organization_id: UUID) -> UUID:
    about = {"role": "presidency", "email": "presidencia@cooperativa.invalid", "actor": "ana", "now": NOW}
    return operations.add_contact(session, organization_id=organization_id, **about).id


def test_each_invitation_is_a_letter_with_a_link_of_its_own(session: Session) -> None:
    draft = a_draft(session)
    contact_id = reached(session, draft.organization_id)
    made = [operations.invite_applicant(session, draft, address=address, actor="ana", now=NOW) for _ in range(2)]
    facts = told(session)
    assert [(fact.occasion, fact.step, fact.contact_id, fact.ends_on) for fact in facts] == [
        ("invitation", 1, contact_id, ENDS),
        ("invitation", 2, contact_id, ENDS),
    ]
    assert [fact.link for fact in facts] == [address(link.id) for link in made]
    found = operations.application_by_link(session, link_id=made[0].id, now=NOW)
    assert found == (draft, made[0])


def test_where_nobody_can_be_written_to_there_is_no_invitation_but_a_link_to_hand_over(session: Session) -> None:
    draft = a_draft(session)
    with pytest.raises(NobodyToInvite):
        operations.invite_applicant(session, draft, address=address, actor="ana", now=NOW)
    assert (session.scalars(select(ApplicantLink)).all(), told(session)) == ([], [])
    link = operations.make_applicant_link(session, draft, actor="ana", now=NOW)
    assert (link.contact_id, link.ends_on) == (None, ENDS)
    assert session.scalars(operations.applicant_links(session, application_id=draft.id)).all() == [link]


def test_a_link_ends_on_its_day_or_when_it_is_withdrawn_or_with_the_application(session: Session) -> None:
    draft = a_draft(session)
    link = operations.make_applicant_link(session, draft, actor="ana", now=NOW)
    operations.application_by_link(session, link_id=link.id, now=end_of(ENDS) - timedelta(seconds=1))
    with pytest.raises(ApplicantLinkEnded):
        operations.application_by_link(session, link_id=link.id, now=end_of(ENDS))
    said = {"link_id": link.id, "reason": "lost", "actor": "ana", "now": NOW}
    with pytest.raises(UnknownApplicantLink):
        operations.revoke_applicant_link(session, a_draft(session, name="Otra"), **said)
    operations.revoke_applicant_link(session, draft, **said)
    with pytest.raises(LinkRevokedAlready):
        operations.revoke_applicant_link(session, draft, **said)
    with pytest.raises(LinkRevoked):
        operations.application_by_link(session, link_id=link.id, now=NOW)
    with pytest.raises(UnknownApplicantLink):
        operations.application_by_link(session, link_id=uuid7(), now=NOW)
    again = operations.make_applicant_link(session, draft, actor="ana", now=NOW)
    operations.withdraw_application(session, draft, reason="x", actor="ana", now=NOW)
    with pytest.raises(ApplicationEnded):
        operations.application_by_link(session, link_id=again.id, now=NOW)
    with pytest.raises(ApplicationClosed):
        operations.make_applicant_link(session, draft, actor="ana", now=NOW)


def test_who_fills_in_by_a_link_is_nobody_who_might_decide(session: Session) -> None:
    draft = complete(session, a_draft(session))
    makers = list(draft.makers)
    link = operations.make_applicant_link(session, draft, actor="ana", now=NOW)
    actor = f"link/{link.id}"
    operations.update_application(session, draft, answers={"remarks": "x"}, actor=actor, now=NOW)
    operations.submit_application(session, draft, actor=actor, now=NOW)
    assert (draft.state, draft.makers) == ("submitted", makers)


def test_a_question_brings_a_link_that_lasts_as_long_as_the_answer_is_awaited(session: Session) -> None:
    application = screening(session)
    reached(session, application.organization_id)
    due = TODAY + timedelta(days=10)
    operations.ask_applicant(session, application, question="Who?", due_on=due, address=address, actor="eva", now=NOW)
    [link] = session.scalars(operations.applicant_links(session, application_id=application.id))
    lapses = due + timedelta(days=FORM.policy.silence_days)
    [fact] = told(session)
    assert (fact.link, fact.ends_on, link.ends_on) == (address(link.id), lapses, lapses)


def test_an_applicant_sees_the_rules_without_what_the_secretariat_found(session: Session) -> None:
    application = ready(session)
    found = {"rule": "duly_constituted", "outcome": "failed", "reason": "we have doubts"}
    operations.find_application(session, application, **found, actor="eva", now=NOW)
    staff = {one.rule: one for one in operations.eligibility(session, application, on=TODAY)}
    own = {one.rule: one for one in operations.eligibility_as_told(session, application, on=TODAY)}
    assert (staff["duly_constituted"].outcome, own["duly_constituted"].outcome) == ("failed", "passed")
    assert "doubts" not in str(own)
    assert set(staff) == set(own)
    decided(session, application, despite="known for years")


def test_a_paper_that_was_taken_back_is_no_longer_the_applicants(session: Session) -> None:
    application = screening(session)
    operations.ask_applicant(session, application, question="?", due_on=TODAY, address=address, actor="eva", now=NOW)
    paper, _ = add_paper(session, application, "other")
    assert operations.current_document(application, document_id=paper.id) is paper
    operations.remove_document(session, application, document_id=paper.id, actor="link/1", now=NOW)
    with pytest.raises(UnknownDocument):
        operations.current_document(application, document_id=paper.id)
