"""Campaigns: a list that is asked live until it is frozen, prospects added once, results that add up."""

import sys
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import (
    Campaign,
    CampaignChange,
    CampaignClosed,
    CampaignEndsBeforeStart,
    CampaignNotPlanned,
    CampaignNotRunning,
    CampaignStateNotAllowed,
    NoTargets,
    Prospect,
    TooManyTargets,
    UnknownCampaign,
)
from services.membership.model.campaigns import NegativeAmount, OtherCurrency
from services.membership.operations.campaigns import count_targets, per_member
from shared.contracts.membership import ProspectOpened
from shared.errors import DomainError
from shared.messaging.outbox import published
from shared.money import Money
from tests.membership.making import NOW, a_member, a_prospect, an_organization

PLAN: dict[str, Any] = {
    "name": "Agro 2026",
    "starts_on": date(2026, 5, 1),
    "ends_on": date(2026, 12, 31),
    "budget": Money(100_000, "USD"),
    "target": {"countries": ["AR"], "sectors": ["agriculture", "dairy"]},
}


def planned(session: Session, **changes: Any) -> Campaign:
    return operations.plan_campaign(session, **PLAN | changes, actor="ana", now=NOW)


def started(session: Session, **changes: Any) -> Campaign:
    return changed(session, planned(session, **changes), "in_progress")


def changed(session: Session, campaign: Campaign, state: Any) -> Campaign:
    return operations.change_campaign_state(session, campaign, state=state, reason="because", actor="eva", now=NOW)


def added(session: Session, campaign: Campaign, limit: int = 100, **given: Any) -> Any:
    return operations.add_prospects(session, campaign, limit=limit, **given, actor="ana", now=NOW)


def listed(session: Session, number: int) -> None:
    for one in range(number):
        an_organization(session, name=f"Cooperativa {one}", locality=f"Lugar {one}")


def test_the_list_is_live_until_the_start_freezes_it(session: Session) -> None:
    campaign = planned(session)
    with pytest.raises(NoTargets), session.begin_nested():
        changed(session, campaign, "in_progress")
    listed(session, 2)
    session.refresh(campaign)
    an_organization(session, name="Otro país", country="UY")
    an_organization(session, name="Otro sector", locality="Azul", sectors=["housing"])
    assert count_targets(session, campaign) == 2
    changed(session, campaign, "in_progress")
    an_organization(session, name="Tarde", locality="Salta")
    assert count_targets(session, campaign) == 2
    assert len(session.scalars(operations.campaign_targets(session, campaign_id=campaign.id)).all()) == 2
    assert len(session.scalars(operations.matching_organizations(campaign.target)).all()) == 3
    with pytest.raises(CampaignNotPlanned):
        operations.update_campaign(session, campaign, target={}, actor="ana", now=NOW)


def test_every_part_of_the_filter_narrows_it(session: Session) -> None:
    match = an_organization(session, structure="mutual", subdivision="Córdoba")
    member = a_member(session, name="Miembro", locality="Azul", structure="mutual")
    gone = an_organization(session, name="Ida", locality="Junín", structure="mutual")
    gone.gone_at = NOW

    def found(**target: Any) -> set[Any]:
        return {one.id for one in session.scalars(operations.matching_organizations(target))}

    assert found() == found(countries=["AR", "UY"]) == found(sectors=["dairy", "agriculture"]) == {match.id}
    assert found(structures=["mutual"], subdivision="CORDOBA") == {match.id}
    assert found(members=True) == {match.id, member.organization_id}
    assert found(countries=["UY"]) == found(registry="ar-inaes") == found(structures=["supporter"]) == set()


def test_a_list_too_long_to_work_through_is_refused(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[count_targets.__module__], "MAX_TARGETS", 1)
    listed(session, 2)
    with pytest.raises(TooManyTargets, match="2 organizations, more than 1"):
        started(session)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"ends_on": date(2026, 4, 30)}, CampaignEndsBeforeStart),
        ({"budget": Money(-1, "USD")}, NegativeAmount),
        ({"spent": Money(-1, "USD")}, NegativeAmount),
        ({"spent": Money(1, "EUR")}, OtherCurrency),
    ],
)
def test_plans_that_make_no_sense_are_refused(session: Session, changes: Any, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        planned(session, **changes)


def test_states_follow_each_other_and_are_kept_with_who_and_why(session: Session) -> None:
    listed(session, 1)
    campaign = started(session)
    changed(session, campaign, "completed")
    for state in ("in_progress", "cancelled", "completed"):
        with pytest.raises(CampaignStateNotAllowed):
            changed(session, campaign, state)
    lines = session.scalars(operations.campaign_history(session, campaign_id=campaign.id).order_by(CampaignChange.id))
    assert [(line.previous, line.state, line.reason, line.by) for line in lines] == [
        (None, "planned", "", "ana"),
        ("planned", "in_progress", "because", "eva"),
        ("in_progress", "completed", "because", "eva"),
    ]
    with pytest.raises(UnknownCampaign):
        operations.campaign_history(session, campaign_id=uuid4())


def test_prospects_are_added_once_and_the_skipped_are_named_with_the_reason(session: Session) -> None:
    listed(session, 2)
    lost = a_prospect(session, name="Perdida", locality="Azul")
    long_lost = a_prospect(session, name="Perdida hace mucho", locality="Bolívar")
    for one, days in ((lost, 1), (long_lost, 200)):
        operations.lose_prospect(session, one, reason="x", actor="a", now=NOW - timedelta(days=days))
    being_won = a_prospect(session, name="Candidata", locality="Tandil")
    campaign = started(session)
    batch = added(session, campaign, owner="eva", next_action="write", next_action_on=NOW.date())
    assert (batch.added, batch.skipped, batch.remaining) == (3, {"recently_lost": 1, "already_prospect": 1}, 0)
    again = added(session, campaign)
    assert (again.added, again.skipped, again.remaining, list(again.targets)) == (0, {}, 0, [])
    skipped = session.scalars(operations.campaign_targets(session, campaign_id=campaign.id, outcome="already_prospect"))
    assert [target.organization_id for target in skipped] == [being_won.organization_id]
    mine = session.scalars(operations.prospects(campaign_id=campaign.id)).all()
    assert {(one.owner, one.next_action, one.source) for one in mine} == {("eva", "write", "Agro 2026")}
    told = [fact for fact in published(session) if isinstance(fact, ProspectOpened) and fact.source == "Agro 2026"]
    assert {fact.prospect_id for fact in told} == {one.id for one in mine}


def test_who_became_a_member_or_vanished_since_the_start_is_skipped(session: Session) -> None:
    listed(session, 1)
    joined, vanished = (an_organization(session, name=name, locality=name) for name in ("Nueva", "Ida"))
    campaign = started(session)
    prospect = operations.open_prospect(session, organization_id=joined.id, source="x", actor="a", now=NOW)
    operations.admit_prospect(session, prospect, category="full", reason="Board", actor="a", now=NOW)
    vanished.gone_at = NOW
    session.flush()
    batch = added(session, campaign)
    assert (batch.added, batch.skipped) == (1, {"already_member": 1, "gone": 1})


def test_a_long_list_is_added_bit_by_bit(session: Session) -> None:
    listed(session, 5)
    campaign = started(session)
    assert [(batch.added, batch.remaining) for batch in (added(session, campaign, 2) for _ in range(4))] == [
        (2, 3),
        (2, 1),
        (1, 0),
        (0, 0),
    ]


def test_only_a_running_campaign_takes_prospects(session: Session) -> None:
    listed(session, 1)
    campaign = planned(session)
    with pytest.raises(CampaignNotRunning):
        added(session, campaign)
    changed(session, campaign, "cancelled")
    with pytest.raises(CampaignNotRunning):
        added(session, campaign)
    prospect = a_prospect(session, name="Otra", locality="Azul")
    with pytest.raises(CampaignClosed):
        operations.update_prospect(session, prospect, campaign_id=campaign.id, actor="ana", now=NOW)


def test_results_count_whoever_carries_the_campaign(session: Session) -> None:
    listed(session, 3)
    campaign = started(session)
    added(session, campaign, 2)
    first, second = session.scalars(operations.prospects(campaign_id=campaign.id)).all()
    operations.admit_prospect(session, first, category="full", reason="Board", actor="a", now=NOW)
    other: Prospect = a_prospect(session, name="De paso", locality="Azul")
    operations.update_prospect(session, other, campaign_id=campaign.id, actor="a", now=NOW)
    operations.admit_prospect(session, other, category="full", reason="Board", actor="a", now=NOW)
    operations.lose_prospect(session, second, reason="x", actor="a", now=NOW)
    results = operations.campaign_results(session, campaign)
    assert (results.targets, results.untried, results.prospects, results.members_won) == (3, 1, 3, 2)
    assert results.by_stage == {"admitted": 2, "lost": 1}
    assert (results.cost_per_member, results.cost_basis) == (Money(50_000, "USD"), "budget")
    operations.update_campaign(session, campaign, spent=Money(33_333, "USD"), actor="a", now=NOW)
    spent = operations.campaign_results(session, campaign)
    assert (spent.cost_per_member, spent.cost_basis) == (Money(16_667, "USD"), "spent")


@given(st.integers(0, 10**12), st.integers(1, 5000))
def test_the_cost_of_each_is_exact_to_half_a_minor_unit(minor: int, won: int) -> None:
    each = per_member(Money(minor, "PYG"), won)
    assert each
    assert abs(2 * (each.minor * won - minor)) <= won
    assert per_member(Money(minor, "PYG"), 0) is None
