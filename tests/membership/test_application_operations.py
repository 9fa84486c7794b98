"""Applications on a real database: the states and who may move them, the loop of questions, the decision and after."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.application_form import FORM
from services.membership.model import (
    AlreadyApplying,
    AlreadyMember,
    AnswersWrong,
    ApplicationClosed,
    ApplicationEntry,
    ApplicationUnderWay,
    DecidedInFuture,
    DecidedTooEarly,
    DueInPast,
    DueTooLate,
    Incomplete,
    MakerDecides,
    Member,
    MembershipApplication,
    NotConsulted,
    NotEditable,
    NotEligible,
    NothingAsked,
    OpenApplicationInTheWay,
    OrganizationGone,
    RejectionUnexplained,
    StateNotAllowed,
    TermMissing,
    TermNotAsked,
    TermOver,
    TermTooLong,
    TooEarlyToFind,
)
from services.membership.model.application_states import NEXT, STATES, end_of
from shared.contracts.membership import (
    ApplicationDecided,
    ApplicationSubmitted,
    MemberAdmitted,
    MemberStandingChanged,
    ProspectAdvanced,
    ProspectLost,
)
from shared.messaging.outbox import published
from tests.membership.making import NOW, TODAY, a_member, a_prospect, an_organization
from tests.membership.making_applications import (
    a_draft,
    answers_of,
    complete,
    decided,
    ready,
    screening,
    submitted,
)


def lines(session: Session, application: MembershipApplication) -> list[tuple[str, str | None, str, str]]:
    found = operations.application_history(session, application_id=application.id).order_by(ApplicationEntry.id)
    return [(one.kind, one.state, one.text, one.by) for one in session.scalars(found)]


def said(session: Session, kind: type[Any]) -> list[Any]:
    return [one for one in published(session) if isinstance(one, kind)]


def test_a_draft_keeps_what_there_is_and_is_held_against_the_form_when_it_is_submitted(session: Session) -> None:
    draft = a_draft(session, kind="second_degree")
    operations.update_application(session, draft, answers={"aims": "Credit"}, actor="eva", now=NOW)
    operations.update_application(session, draft, answers={"societies": 9, "aims": None}, actor="eva", now=NOW)
    assert draft.answers == {"societies": 9}
    with pytest.raises(Incomplete) as refused:
        operations.submit_application(session, draft, actor="ana", now=NOW)
    pointers = [one.pointer for one in refused.value.wrong]
    asked = [one.name for one in FORM.fields_of("second_degree") if one.required and one.name != "societies"]
    papers = ["bylaws", "annual_report", "legal_proof", "member_list", "affiliation_list"]
    assert pointers == [*(f"/answers/{name}" for name in asked), *(f"/documents/{kind}" for kind in papers)]
    assert draft.state == "draft"
    assert draft.makers == ["ana", "eva"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("aims", 3),
        ("aims", "x" * 10_001),
        ("persons_represented", "12"),
        ("persons_represented", True),
        ("persons_represented", -1),
        ("supports_purpose", "yes"),
        ("founded_on", "14/3/1998"),
        ("founded_on", "2026-W19-1"),
        ("founded_on", "19980314"),
        ("contact_email", "nobody"),
        ("societies", 9),
        ("nonsense", 1),
    ],
)
def test_an_answer_of_the_wrong_kind_is_refused_by_its_name_and_nothing_is_kept(
    session: Session, name: str, value: Any
) -> None:
    draft = a_draft(session)
    with pytest.raises(AnswersWrong) as refused:
        operations.update_application(session, draft, answers={"president": "N. N.", name: value}, actor="ana", now=NOW)
    assert [one.pointer for one in refused.value.wrong] == [f"/answers/{name}"]
    assert draft.answers == {}


def test_a_blank_is_no_answer_and_what_is_around_a_text_is_not_kept(session: Session) -> None:
    draft = complete(session, a_draft(session))
    blank = {"president": "  ", "aims": "\n\u00a0\t", "contact_email": " gerencia@cooperativa.invalid\n"}
    operations.update_application(session, draft, answers=blank, actor="ana", now=NOW)
    assert draft.answers.keys() == answers_of(draft.kind).keys() - {"president", "aims"}
    assert draft.answers["contact_email"] == "gerencia@cooperativa.invalid"
    draft.answers = {**draft.answers, "president": "   "}
    with pytest.raises(Incomplete) as refused:
        operations.submit_application(session, draft, actor="ana", now=NOW)
    assert {one.pointer for one in refused.value.wrong} == {"/answers/president", "/answers/aims"}


def test_submitting_is_published_and_moves_the_prospect(session: Session) -> None:
    prospect = a_prospect(session)
    draft = complete(session, a_draft(session, organization=prospect.organization))
    operations.submit_application(session, draft, actor="ana", now=NOW)
    assert (draft.prospect_id, prospect.stage, draft.state) == (prospect.id, "applied", "submitted")
    [told] = said(session, ApplicationSubmitted)
    assert (told.application_id, told.category, told.kind) == (draft.id, "full", "primary_cooperative")
    assert said(session, ProspectAdvanced)[-1].stage == "applied"


def test_one_application_is_open_at_a_time_and_who_is_gone_or_a_member_does_not_apply(session: Session) -> None:
    draft = a_draft(session)
    with pytest.raises(AlreadyApplying) as refused:
        a_draft(session, organization=draft.organization)
    assert refused.value.params["application_id"] == draft.id
    with pytest.raises(AlreadyMember):
        a_draft(session, organization=a_member(session, name="Coop. Dos").organization)
    gone = an_organization(session, name="Coop. Tres")
    gone.gone_at = NOW
    with pytest.raises(OrganizationGone):
        a_draft(session, organization=gone)


def test_the_states_lead_where_they_should_and_nowhere_else(session: Session) -> None:
    application = a_draft(session)
    for state in STATES:
        application.state = state
        for wanted in STATES:
            if wanted in NEXT[state]:
                application.ensure_leads_to(wanted)
            else:
                with pytest.raises((StateNotAllowed, ApplicationClosed)):
                    application.ensure_leads_to(wanted)


def test_every_step_is_a_line_with_who_when_and_why(session: Session) -> None:
    application = ready(session)
    operations.screen_application(session, application, note="one paper is old", actor="berta", now=NOW)
    operations.prepare_application(session, application, note="it is not", actor="eva", now=NOW)
    decided(session, application, reason="welcome")
    assert [one for one in lines(session, application) if one[0] in ("opened", "moved")] == [
        ("opened", "draft", "", "ana"),
        ("moved", "submitted", "", "ana"),
        ("moved", "screening", "", "eva"),
        ("moved", "consultation", "", "eva"),
        ("moved", "ready_for_decision", "", "eva"),
        ("moved", "screening", "one paper is old", "berta"),
        ("moved", "ready_for_decision", "it is not", "eva"),
        ("moved", "approved", "welcome", "berta"),
    ]


def test_nobody_prepares_what_was_not_consulted_on(session: Session) -> None:
    application = screening(session)
    with pytest.raises(NotConsulted):
        operations.prepare_application(session, application, actor="eva", now=NOW)
    with pytest.raises(NotEditable):
        operations.update_application(session, application, answers={"aims": "other"}, actor="ana", now=NOW)


def test_a_question_opens_the_application_until_it_is_answered(session: Session) -> None:
    application = screening(session)
    due = TODAY + timedelta(days=10)
    put = operations.ask_applicant(
        session, application, question="Who are your members?", due_on=due, address=str, actor="eva", now=NOW
    )
    assert (application.state, application.due_on) == ("more_info_requested", due)
    operations.update_application(session, application, answers={"remarks": "farmers"}, actor="ana", now=NOW)
    operations.update_application(session, application, answers={"aims": None}, actor="ana", now=NOW)
    with pytest.raises(Incomplete):
        operations.answer_question(session, application, answer="Farmers.", actor="ana", now=NOW)
    operations.update_application(session, application, answers={"aims": "to farm"}, actor="ana", now=NOW)
    operations.answer_question(session, application, answer="Farmers.", actor="ana", now=NOW)
    assert (application.state, application.due_on, application.due_at) == ("screening", None, None)
    assert (put.answer, put.answered_by) == ("Farmers.", "ana")
    with pytest.raises(NothingAsked):
        operations.answer_question(session, application, answer="again", actor="ana", now=NOW)
    kinds = [one[0] for one in lines(session, application)]
    assert kinds[-7:] == ["moved", "written", "edited", "edited", "edited", "answered", "moved"]


@pytest.mark.parametrize(("days", "refusal"), [(-1, DueInPast), (181, DueTooLate)])
def test_an_answer_is_due_on_a_day_to_come_and_not_next_year(
    session: Session, days: int, refusal: type[Exception]
) -> None:
    due = TODAY + timedelta(days=days)
    with pytest.raises(refusal):
        operations.ask_applicant(
            session, screening(session), question="?", due_on=due, address=str, actor="eva", now=NOW
        )


def test_silence_ends_it_by_the_policy_and_once_however_late_somebody_looks(session: Session) -> None:
    prospect = a_prospect(session)
    application = screening(session, organization=prospect.organization)
    due = TODAY + timedelta(days=10)
    operations.ask_applicant(session, application, question="Who?", due_on=due, address=str, actor="eva", now=NOW)
    moment = end_of(due + timedelta(days=FORM.policy.silence_days))
    just_before = moment - timedelta(seconds=1)
    assert operations.lapse_applications(session, actor="system", now=just_before) == []
    assert list(operations.lapse_applications(session, actor="system", now=moment + timedelta(days=7))) == [application]
    assert operations.lapse_applications(session, actor="system", now=moment + timedelta(days=8)) == []
    assert (application.state, prospect.stage) == ("lapsed", "proposal")
    assert application.questions[0].lapsed_at
    assert lines(session, application)[-1][2].startswith(f"Nobody answered the question by {due}")
    with pytest.raises(ApplicationClosed):
        operations.withdraw_application(session, application, reason="x", actor="ana", now=NOW)
    a_draft(session, organization=prospect.organization)


def test_one_that_is_withdrawn_leaves_its_prospect_with_the_proposal(session: Session) -> None:
    prospect = a_prospect(session)
    application = submitted(session, organization=prospect.organization)
    operations.withdraw_application(session, application, reason="their assembly", actor="ana", now=NOW)
    assert (application.state, prospect.stage) == ("withdrawn", "proposal")
    assert lines(session, application)[-1] == ("moved", "withdrawn", "their assembly", "ana")


def test_an_approval_admits_and_wins_the_prospect(session: Session) -> None:
    prospect = a_prospect(session, structure="cooperative", identifiers=[{"scheme": "AR-CUIT", "value": "30500120882"}])
    application = ready(session, organization=prospect.organization)
    before = len(published(session))
    decided(session, application, conditions="accounts by June")
    member = session.scalars(select(Member)).one()
    assert (member.category, member.admitted_on, member.standing) == ("full", TODAY, "current")
    assert (prospect.stage, prospect.member_id) == ("admitted", member.id)
    assert application.decision
    assert (application.decision.member_id, application.decision.conditions) == (member.id, "accounts by June")
    assert [one["outcome"] for one in application.decision.checks] == ["passed"] * 6
    told = published(session)[before:]
    assert [type(one) for one in told] == [MemberAdmitted, ProspectAdvanced, ApplicationDecided]
    assert (told[-1].verdict, told[-1].member_id) == ("approved", member.id)


def test_without_a_prospect_it_is_admitted_all_the_same(session: Session) -> None:
    application = decided(session, ready(session))
    assert application.decision
    assert session.get_one(Member, application.decision.member_id).organization_id == application.organization_id


def test_a_rejection_explains_itself_and_loses_the_prospect(session: Session) -> None:
    prospect = a_prospect(session)
    application = ready(session, organization=prospect.organization)
    with pytest.raises(RejectionUnexplained):
        decided(session, application, "rejected", reason=" ")
    decided(session, application, "rejected", reason="No cooperative practice")
    assert (prospect.stage, prospect.lost_reason) == ("lost", "No cooperative practice")
    assert (application.state, said(session, MemberAdmitted)) == ("rejected", [])
    assert len(said(session, ProspectLost)) == 1
    assert said(session, ApplicationDecided)[0].verdict == "rejected"


@pytest.mark.parametrize("actor", ["ana", "eva"])
def test_who_worked_on_it_does_not_decide_it(session: Session, actor: str) -> None:
    application = ready(session)
    with pytest.raises(MakerDecides):
        decided(session, application, actor=actor)
    with pytest.raises(MakerDecides):
        decided(session, application, "rejected", actor=actor)
    assert application.state == "ready_for_decision"


def test_a_person_whose_subject_begins_like_the_schedules_is_a_maker_too(session: Session) -> None:
    application, somebody = ready(session), "systems.desk@union.invalid"
    operations.find_application(
        session, application, rule="duly_constituted", outcome="passed", reason="seen", actor=somebody, now=NOW
    )
    with pytest.raises(MakerDecides):
        decided(session, application, actor=somebody)


def test_who_sends_it_back_with_a_question_may_still_decide(session: Session) -> None:
    application = ready(session)
    operations.screen_application(session, application, note="look again", actor="berta", now=NOW)
    operations.prepare_application(session, application, actor="eva", now=NOW)
    assert decided(session, application, actor="berta").state == "approved"


def test_a_decision_has_a_day_that_can_be(session: Session) -> None:
    application = ready(session)
    with pytest.raises(DecidedInFuture):
        decided(session, application, decided_on=TODAY + timedelta(days=1))
    with pytest.raises(DecidedTooEarly):
        decided(session, application, decided_on=TODAY - timedelta(days=1))
    with pytest.raises(StateNotAllowed):
        decided(session, screening(session, name="Coop. Dos"))


def test_what_is_not_met_has_to_be_explained_and_is_kept_as_it_stood(session: Session) -> None:
    application = ready(session, organization=an_organization(session, structure="mutual"))
    with pytest.raises(NotEligible) as refused:
        decided(session, application)
    assert refused.value.params["rules"] == "duly_constituted"
    decided(session, application, despite="its register is being rebuilt")
    assert application.decision
    checks = {one["rule"]: one["outcome"] for one in application.decision.checks}
    assert (checks["duly_constituted"], application.decision.despite) == ("unknown", "its register is being rebuilt")


def test_what_staff_find_counts_instead_of_the_papers_and_makes_them_makers(session: Session) -> None:
    application = ready(session, organization=an_organization(session, structure="mutual"))
    operations.find_application(
        session, application, rule="duly_constituted", outcome="passed", reason="seen", actor="carla", now=NOW
    )
    with pytest.raises(MakerDecides):
        decided(session, application, actor="carla")
    decided(session, application)
    assert application.decision
    found = next(one for one in application.decision.checks if one["rule"] == "duly_constituted")
    assert (found["outcome"], found["params"]) == ("passed", {"reason": "seen"})
    with pytest.raises(TooEarlyToFind):
        early = submitted(session, name="Coop. Dos")
        operations.find_application(session, early, rule="kind", outcome="passed", reason="x", actor="eva", now=NOW)


def test_an_associate_for_a_limited_time_ends_by_itself(session: Session) -> None:
    application = ready(session, kind="temporary")
    until = TODAY + timedelta(days=300)
    decided(session, application)
    assert application.decision
    member = session.get_one(Member, application.decision.member_id)
    assert (member.category, application.decision.until, member.next_change_on) == ("associate", until, until)
    facts = session.scalars(operations.facts(member=member)).all()
    assert [one.kind for one in facts] == ["admitted", "temporary"]
    assert said(session, ApplicationDecided)[0].until == until


def test_a_limited_time_is_one_and_not_too_long(session: Session) -> None:
    application = ready(session, kind="temporary")
    for until, refusal in ((TODAY, TermOver), (TODAY + timedelta(days=5000), TermTooLong)):
        with pytest.raises(refusal):
            decided(session, application, until=until, despite="x")
    application.answers = {**application.answers, "ready_by": None}
    with pytest.raises(TermMissing):
        decided(session, application, despite="x")
    for verdict in ("approved", "rejected"):
        with pytest.raises(TermNotAsked):
            other = ready(session, name=f"Coop. {verdict}")
            decided(session, other, verdict, until=TODAY + timedelta(days=9))


def test_an_associate_becomes_a_full_member_without_a_day_between(session: Session) -> None:
    first = decided(session, ready(session, kind="temporary"))
    assert first.decision
    associate = session.get_one(Member, first.decision.member_id)
    with pytest.raises(AlreadyMember):
        a_draft(session, kind="supporter", organization=first.organization)
    later = NOW + timedelta(days=100)
    draft = complete(session, a_draft(session, organization=first.organization))
    operations.submit_application(session, draft, actor="ana", now=later)
    operations.screen_application(session, draft, actor="eva", now=later)
    operations.consult_members(
        session, draft, closes_on=later.date() + timedelta(days=20), address=str, actor="eva", now=later
    )
    assert (draft.state, draft.consultations[0].opinions) == ("ready_for_decision", [])
    decided(session, draft, now=later)
    assert draft.decision
    full = session.get_one(Member, draft.decision.member_id)
    assert (associate.standing, full.standing, full.category) == ("terminated", "current", "full")
    assert full.admitted_on == associate.history[-1].effective_on == later.date()
    assert said(session, MemberStandingChanged)[-1].standing == "terminated"
    assert session.scalars(operations.applications(ends_by=later.date() + timedelta(days=999))).all() == []
    day_before = operations.position(session, associate, on=later.date() - timedelta(days=1), now=later)
    assert day_before.state.standing == "current"


def test_nobody_is_admitted_past_an_open_application(session: Session) -> None:
    prospect = a_prospect(session)
    a_draft(session, organization=prospect.organization)
    with pytest.raises(ApplicationUnderWay):
        operations.admit_prospect(session, prospect, category="full", reason="x", actor="ana", now=NOW)


def test_an_application_follows_a_merge_and_is_in_its_way_where_two_would_meet(session: Session) -> None:
    survivor, application = an_organization(session, name="Coop. Unida"), screening(session)
    loser = application.organization
    ids = {"survivor_id": survivor.id, "loser_id": loser.id}
    merge = operations.merge_organizations(session, **ids, reason="one", actor="ana", now=NOW)
    session.refresh(application)
    assert application.organization_id == survivor.id
    operations.undo_merge(session, merge, reason="two", actor="ana", now=NOW)
    session.refresh(application)
    assert application.organization_id == loser.id
    member = a_member(session, name="Coop. Miembro").organization
    a_draft(session, organization=survivor)
    for other in (survivor, member):
        with pytest.raises(OpenApplicationInTheWay):
            operations.merge_organizations(
                session, survivor_id=other.id, loser_id=loser.id, reason="one", actor="ana", now=NOW
            )


def test_another_kind_asks_other_questions_and_may_be_of_another_category(session: Session) -> None:
    draft = complete(session, a_draft(session))
    operations.update_application(session, draft, kind="supporter", actor="ana", now=NOW)
    assert (draft.category, draft.kind) == ("associate", "supporter")
    with pytest.raises(Incomplete) as refused:
        operations.submit_application(session, draft, actor="ana", now=NOW)
    assert [one.pointer for one in refused.value.wrong] == ["/answers/promotion", "/endorsements"]
    operations.update_application(session, draft, owner=None, actor="ana", now=NOW)
    assert draft.owner is None


def test_what_was_found_of_one_kind_says_nothing_of_another(session: Session) -> None:
    application = screening(session, kind="second_degree")
    for rule in ("made_of_cooperatives", "kind", "duly_constituted"):
        operations.find_application(
            session, application, rule=rule, outcome="passed", reason="seen", actor="eva", now=NOW
        )
    operations.ask_applicant(session, application, question="which?", due_on=TODAY, address=str, actor="eva", now=NOW)
    operations.update_application(session, application, kind="confederation", actor="ana", now=NOW)
    assert application.findings.keys() == {"duly_constituted"}
    checks = {one.rule: one.code for one in operations.eligibility(session, application, on=TODAY)}
    assert checks["duly_constituted"] == "found_by_staff"
    assert "found_by_staff" not in (checks["made_of_cooperatives"], checks["kind"])


@pytest.mark.parametrize("kind", list(FORM.kinds))
def test_every_kind_can_be_filled_in_and_handed_in(session: Session, kind: str) -> None:
    application = submitted(session, kind=kind)
    assert application.state == "submitted"
    assert answers_of(kind).keys() == application.answers.keys()


def test_the_board_counts_what_stands_where_and_shows_what_stands_longest(session: Session) -> None:
    old, new = screening(session, name="Coop. Vieja"), screening(session, name="Coop. Nueva")
    new.state_since = NOW + timedelta(days=1)
    due = TODAY + timedelta(days=2)
    waiting = screening(session, name="Coop. Lenta")
    operations.ask_applicant(session, waiting, question="?", due_on=due, address=str, actor="eva", now=NOW)
    decided(session, ready(session, name="Coop. Lista"), "rejected")
    session.flush()
    board = operations.application_board(session, size=1, today=due + timedelta(days=1))
    found = {one.state: (one.count, one.overdue, list(one.applications)) for one in board.columns if one.count}
    assert found == {"screening": (2, 0, [old]), "more_info_requested": (1, 1, [waiting])}
    mine = operations.application_board(session, size=1, today=due, owner="nobody")
    assert sum(one.count for one in mine.columns) == 0


def test_applications_are_found_by_state_owner_country_and_end(session: Session) -> None:
    first, second = screening(session), screening(session, name="Coop. Dos", country="CL", kind="temporary")

    def found(**filters: Any) -> set[Any]:
        return {one.id for one in session.scalars(operations.applications(**filters))}

    assert found(state="open") == {first.id, second.id}
    assert found(state="screening", country="CL") == found(category="associate") == {second.id}
    assert found(kind="primary_cooperative") == found(organization_id=first.organization_id) == {first.id}
    assert found(owner="ana") == found(owned=True) == {first.id, second.id}
    assert found(owned=False) == found(due_by=TODAY) == set()
    operations.consult_members(session, second, closes_on=TODAY + timedelta(days=20), address=str, actor="eva", now=NOW)
    decided(session, second)
    until = TODAY + timedelta(days=300)
    assert found(ends_by=until) == {second.id}
    assert found(ends_by=until - timedelta(days=1)) == set()
