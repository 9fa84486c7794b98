"""What a lead from a gathering leads to, in whatever order and however often leads arrive."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import Lead, LeadOfNobody, Organization, Prospect, ProspectEntry, ReviewItem, UnknownLead
from shared.contracts.events import LeadCaptured
from shared.contracts.membership import ProspectAdvanced, ProspectOpened
from shared.messaging.outbox import published
from shared.messaging.unit import effect_of
from shared.messaging.wire import Delivery
from shared.tracing import put_trace
from tests.examples import examples
from tests.members import delivered
from tests.membership.making import NOW, TODAY, a_member, a_prospect, an_organization

FORUM = uuid4()
LATER = NOW + timedelta(days=10)


def captured(**changes: Any) -> LeadCaptured:
    facts: dict[str, Any] = {
        "lead_id": uuid4(),
        "gathering_id": FORUM,
        "gathering": "Foro de cooperativas",
        "gathering_kind": "forum",
        "organization_id": None,
        "name": "Cooperativa La Unión",
        "country": "AR",
        "interest": "membership",
    }
    return LeadCaptured(**facts | changes)


def taken(session: Session, event: LeadCaptured, *, at: datetime = NOW, now: datetime = NOW) -> Lead:
    delivery: Delivery[LeadCaptured] = delivered(event, time=at)
    put_trace(session, effect_of(delivery))
    return operations.take_lead(session, delivery, now=now)


def count(session: Session, kind: type[Any]) -> int:
    return session.scalar(select(func.count()).select_from(kind)) or 0


def test_a_lead_opens_a_prospect_that_remembers_it(session: Session) -> None:
    union = an_organization(session)
    event = captured(organization_id=union.id, name="")
    lead = taken(session, event)
    prospect = session.scalars(select(Prospect)).one()
    assert (lead.outcome, lead.found_by, lead.prospect_id) == ("opened", "id", prospect.id)
    assert (prospect.stage, prospect.owner, prospect.source) == ("identified", None, "Foro de cooperativas")
    assert (prospect.correlation_id, prospect.causation_id) == (lead.correlation_id, lead.event_id)
    assert lead.correlation_id == "one-request"
    assert isinstance(published(session)[-1], ProspectOpened)
    entry = session.scalars(select(ProspectEntry).where(ProspectEntry.kind == "lead")).one()
    assert (entry.details["lead_id"], entry.by) == (str(event.lead_id), "events")


def test_the_same_lead_again_changes_nothing(session: Session) -> None:
    event = captured(organization_id=an_organization(session).id)
    taken(session, event)
    before = len(published(session)), count(session, ProspectEntry)
    taken(session, event)
    assert (len(published(session)), count(session, ProspectEntry), count(session, Lead)) == (*before, 1)


def test_a_lead_of_an_organization_being_won_is_added_and_wakes_it_up(session: Session) -> None:
    prospect = a_prospect(session)
    operations.rest_prospect(session, prospect, until=TODAY + timedelta(days=90), reason="x", actor="ana", now=NOW)
    lead = taken(session, captured(organization_id=prospect.organization_id))
    assert (lead.outcome, prospect.stage, prospect.next_action_on) == ("added", "identified", TODAY)
    last = published(session)[-1]
    assert isinstance(last, ProspectAdvanced)
    assert (last.previous_stage, last.stage) == ("dormant", "identified")


@pytest.mark.parametrize("name", ["COOP. LA UNION LTDA.", "La Unión, Cooperativa Limitada", "  cooperativa  la unión "])
def test_a_name_is_recognized_however_it_is_written(session: Session, name: str) -> None:
    union = an_organization(session, name="Cooperativa La Unión Ltda.")
    an_organization(session, name="Cooperativa La Unión del Sur Ltda.", locality="Azul")
    an_organization(session, name="Cooperativa La Unión Ltda.", country="UY", subdivision="Salto", locality="Salto")
    lead = taken(session, captured(name=name))
    assert (lead.organization_id, lead.found_by) == (union.id, "name")


@pytest.mark.parametrize("name", ["Cooperativa La Unión del Norte", "Cooperativa Unio", "Union y Progreso"])
def test_a_name_that_is_only_close_is_another_organization(session: Session, name: str) -> None:
    union = an_organization(session)
    lead = taken(session, captured(name=name))
    assert (lead.organization_id != union.id, lead.found_by) == (True, "new")
    assert lead.organization.name == name
    assert (lead.organization.country, lead.organization.language) == ("AR", "es")


def test_a_name_that_several_bear_makes_one_new_organization_and_goes_to_review(session: Session) -> None:
    known = {an_organization(session, locality=place).id for place in ("Azul", "Tandil")}
    first = taken(session, captured())
    second = taken(session, captured(gathering_id=uuid4(), name="LA UNION COOP. LTDA."))
    assert (first.found_by, second.found_by, first.organization_id) == ("ambiguous", "name", second.organization_id)
    assert first.organization_id not in known
    assert (count(session, Prospect), count(session, Organization)) == (1, 3)
    pairs = session.scalars(select(ReviewItem)).all()
    assert {one for pair in pairs for one in (pair.first_id, pair.second_id)} == {*known, first.organization_id}


def test_a_lead_after_a_loss_begins_anew_and_one_before_it_only_arrived_late(session: Session) -> None:
    lost = a_prospect(session)
    operations.lose_prospect(session, lost, reason="no time", code="bad_time", actor="ana", now=NOW)
    late = taken(session, captured(organization_id=lost.organization_id), at=NOW - timedelta(days=1), now=LATER)
    assert (late.outcome, late.prospect_id, lost.stage) == ("late", lost.id, "lost")
    after = taken(session, captured(organization_id=lost.organization_id), at=LATER, now=LATER)
    assert (after.outcome, after.prospect_id != lost.id, lost.stage) == ("opened", True, "lost")


def test_a_member_and_a_vanished_organization_become_no_prospects(session: Session) -> None:
    member = a_member(session)
    gone = an_organization(session, name="Otra", locality="Azul")
    gone.gone_at = NOW
    leads = [taken(session, captured(organization_id=one), at=LATER) for one in (member.organization_id, gone.id)]
    assert [(lead.outcome, lead.prospect_id) for lead in leads] == [("member", None), ("gone", None)]
    assert count(session, Prospect) == 1


def test_a_lead_of_nobody_is_refused(session: Session) -> None:
    with pytest.raises(LeadOfNobody):
        taken(session, captured(organization_id=uuid4(), name=" "))
    with pytest.raises(UnknownLead):
        operations.lead(session, lead_id=uuid4())


def test_an_unknown_id_with_a_name_is_found_by_the_name(session: Session) -> None:
    union = an_organization(session)
    assert taken(session, captured(organization_id=uuid4())).organization_id == union.id


@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_leads_in_any_order_and_number_make_one_prospect(session: Session, data: st.DataObject) -> None:
    with session.begin_nested() as attempt:
        union = an_organization(session)
        names = ["Cooperativa La Unión", "LA UNION LTDA", "Coop. La Union"]
        given_leads = [captured(name=name, interest=interest) for name in names for interest in ("membership", "trade")]
        given_leads += [captured(organization_id=union.id, name=""), captured(organization_id=uuid4())]
        order = data.draw(st.lists(st.sampled_from(given_leads), min_size=1, max_size=16))
        for number, event in enumerate(order):
            taken(session, event, at=NOW - timedelta(minutes=number))
        assert count(session, Prospect) == count(session, Organization) == 1
        assert {lead.prospect_id for lead in session.scalars(select(Lead))} == set(session.scalars(select(Prospect.id)))
        assert count(session, Lead) == len({event.lead_id for event in order})
        attempt.rollback()
    session.expunge_all()


def test_a_member_is_traced_to_what_came_first(session: Session) -> None:
    union = an_organization(session)
    prospect = operations.open_prospect(session, organization_id=union.id, source="visit", actor="ana", now=NOW)
    second = taken(session, captured(organization_id=union.id, gathering="Cumbre", gathering_id=uuid4()), at=LATER)
    first = taken(session, captured(organization_id=union.id), at=NOW)
    won_at = LATER + timedelta(days=5)
    member = operations.admit_prospect(session, prospect, category="full", reason="Board", actor="ana", now=won_at)
    late = taken(session, captured(organization_id=union.id, interest="trade"), at=won_at + timedelta(days=1))
    assert late.outcome == "member"
    found = operations.attribution(session, member_id=member.id)
    assert (found.source.kind, found.source.id, found.source.name) == ("gathering", FORUM, "Foro de cooperativas")
    assert [lead.id for lead in found.leads] == [first.id, second.id]
    assert found.prospect is prospect


def test_what_each_source_brought_is_summed_for_a_period(session: Session) -> None:
    for place in ("Azul", "Tandil"):
        taken(session, captured(organization_id=an_organization(session, name=f"C {place}", locality=place).id))
    first, _ = session.scalars(select(Prospect).order_by(Prospect.opened_at, Prospect.id))
    operations.admit_prospect(session, first, category="full", reason="Board", actor="ana", now=LATER)
    a_member(session, name="Otra", locality="Salta")
    early = a_member(session, name="De antes", locality="Lobos", admitted_on=TODAY - timedelta(days=400))
    unknown = session.scalars(select(Prospect).where(Prospect.member_id == early.id)).one()
    unknown.member_id = None
    session.flush()

    def sums(since: Any, until: Any) -> list[tuple[str, str, int, int]]:
        found = operations.results_by_source(session, since=since, until=until)
        return [(one.source.kind, one.source.name, one.prospects, one.members) for one in found]

    assert sums(TODAY, TODAY) == [("contact", "congress", 2, 1), ("gathering", "Foro de cooperativas", 2, 0)]
    assert sums(LATER.date(), LATER.date()) == [("gathering", "Foro de cooperativas", 0, 1)]
    assert sums(early.admitted_on, early.admitted_on) == [("unknown", "", 0, 1)]
