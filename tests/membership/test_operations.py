"""Use cases on a real database: what they change, what they publish, what they refuse."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import (
    AlreadyMember,
    AlreadyProspect,
    NotAllowedFrom,
    OrganizationGone,
    ProspectClosed,
    ReviewItem,
    UnknownContact,
    UnknownMember,
    UnknownOrganization,
    UnknownProspect,
)
from shared.contracts.membership import (
    ContactChanged,
    MemberAdmitted,
    MemberStandingChanged,
    MemberUpdated,
    ProspectLost,
    ProspectOpened,
)
from shared.messaging.outbox import published
from tests.membership.making import NOW, TODAY, a_member, a_prospect, an_organization


def test_opening_a_prospect_is_published(session: Session) -> None:
    prospect = a_prospect(session)
    assert published(session) == [
        ProspectOpened(
            prospect_id=prospect.id,
            organization_id=prospect.organization.id,
            name="Cooperativa La Unión Ltda.",
            country="AR",
            sectors=("agriculture",),
            source="congress",
        )
    ]


def test_an_organization_is_won_by_one_prospect_at_a_time(session: Session) -> None:
    prospect = a_prospect(session)
    with pytest.raises(AlreadyProspect):
        operations.open_prospect(
            session, organization_id=prospect.organization.id, source="visit", actor="ana", now=NOW
        )


def test_a_member_is_no_prospect(session: Session) -> None:
    member = a_member(session)
    with pytest.raises(AlreadyMember):
        operations.open_prospect(session, organization_id=member.organization.id, source="visit", actor="a", now=NOW)


def test_what_its_register_dropped_is_no_prospect(session: Session) -> None:
    organization = an_organization(session)
    organization.gone_at = NOW
    with pytest.raises(OrganizationGone):
        operations.open_prospect(session, organization_id=organization.id, source="visit", actor="ana", now=NOW)


def test_a_lost_prospect_is_published_without_the_reason_and_can_be_opened_again(session: Session) -> None:
    prospect = a_prospect(session)
    operations.lose_prospect(session, prospect, reason="too far away", actor="ana", now=NOW)
    again = operations.open_prospect(
        session, organization_id=prospect.organization.id, source="visit", actor="ana", now=NOW
    )
    assert published(session)[1] == ProspectLost(
        prospect_id=prospect.id, organization_id=prospect.organization.id, country="AR", sectors=("agriculture",)
    )
    assert again.stage == "identified"
    assert prospect.lost_reason == "too far away"


def test_admission_tells_the_contacts_and_the_member(session: Session) -> None:
    prospect = a_prospect(session)
    contact = operations.add_contact(
        session, organization_id=prospect.organization.id, role="presidency", email="p@union.invalid", now=NOW
    )
    member = operations.admit_prospect(
        session, prospect, category="associate", reason="Board 3", admitted_on=TODAY, actor="ana", now=NOW
    )
    assert published(session)[1:3] == [
        ContactChanged(
            contact_id=contact.id,
            organization_id=prospect.organization.id,
            role="presidency",
            name="",
            email="p@union.invalid",
            language="es",
        ),
        MemberAdmitted(
            member_id=member.id,
            organization_id=prospect.organization.id,
            name="Cooperativa La Unión Ltda.",
            country="AR",
            sectors=("agriculture",),
            category="associate",
            standing="current",
            language="es",
            admitted_on=TODAY,
        ),
    ]
    assert (prospect.stage, prospect.member_id) == ("admitted", member.id)


def test_a_closed_prospect_is_not_admitted_again(session: Session) -> None:
    prospect = a_prospect(session)
    operations.lose_prospect(session, prospect, reason="", actor="ana", now=NOW)
    with pytest.raises(ProspectClosed):
        operations.admit_prospect(session, prospect, category="full", reason="", actor="ana", now=NOW)


def test_a_change_of_standing_is_published_and_kept(session: Session) -> None:
    member = a_member(session, admitted_on=date(2026, 1, 1))
    operations.change_standing(
        session, member, standing="suspended", reason="arrears", effective_on=date(2026, 5, 1), actor="eva", now=NOW
    )
    fact = published(session)[-1]
    assert isinstance(fact, MemberStandingChanged)
    assert (fact.previous_standing, fact.standing, fact.effective_on) == ("current", "suspended", date(2026, 5, 1))
    assert [(line.previous, line.standing, line.reason, line.changed_by) for line in member.history] == [
        (None, "current", "Board decision 12/2026", "ana"),
        ("current", "suspended", "arrears", "eva"),
    ]


def test_a_refused_change_of_standing_publishes_nothing(session: Session) -> None:
    member = a_member(session)
    operations.change_standing(session, member, standing="resigned", reason="letter", actor="eva", now=NOW)
    before = len(published(session))
    with pytest.raises(NotAllowedFrom):
        operations.change_standing(session, member, standing="current", reason="", actor="eva", now=NOW)
    assert len(published(session)) == before


def test_who_left_comes_back_as_another_member(session: Session) -> None:
    member = a_member(session)
    operations.change_standing(session, member, standing="resigned", reason="letter", actor="eva", now=NOW)
    prospect = operations.open_prospect(
        session, organization_id=member.organization.id, source="return", actor="ana", now=NOW
    )
    again = operations.admit_prospect(session, prospect, category="full", reason="Board 9", actor="ana", now=NOW)
    assert again.id != member.id
    assert member.standing == "resigned"


def test_members_public_changes_are_published_and_others_not(session: Session) -> None:
    member = a_member(session)
    operations.update_organization(session, member.organization, name="Cooperativa La Unión del Sur", now=NOW)
    assert isinstance(published(session)[-1], MemberUpdated)
    before = len(published(session))
    operations.update_organization(session, member.organization, address="San Martín 12", now=NOW)
    assert len(published(session)) == before


def test_contacts_of_non_members_are_told_to_nobody(session: Session) -> None:
    organization = an_organization(session)
    operations.add_contact(session, organization_id=organization.id, role="office", email="a@b.invalid", now=NOW)
    assert published(session) == []


def test_contacts_of_members_are_told_when_added_changed_and_removed(session: Session) -> None:
    member = a_member(session)
    at = member.organization.id
    contact = operations.add_contact(session, organization_id=at, role="office", email="a@b.invalid", now=NOW)
    operations.change_contact(session, contact, email="c@b.invalid", now=NOW)
    operations.remove_contact(session, contact, now=NOW)
    session.flush()
    told = [fact for fact in published(session) if isinstance(fact, ContactChanged)]
    assert [(fact.email, fact.removed) for fact in told] == [
        ("a@b.invalid", False),
        ("c@b.invalid", False),
        ("c@b.invalid", True),
    ]
    with pytest.raises(UnknownContact):
        operations.contact_to_change(session, organization_id=at, contact_id=contact.id)


def test_what_does_not_exist_is_refused_by_name(session: Session) -> None:
    with pytest.raises(UnknownOrganization):
        operations.organization(session, organization_id=uuid4())
    with pytest.raises(UnknownProspect):
        operations.prospect(session, prospect_id=uuid4())
    with pytest.raises(UnknownMember):
        operations.member(session, member_id=uuid4())


def test_names_are_found_by_beginnings_without_accents_or_case(session: Session) -> None:
    union = an_organization(session)
    an_organization(session, name="Cooperativa El Progreso", locality="Tandil")

    def found(name: str) -> list[str]:
        return [str(row.id) for row in session.scalars(operations.organizations(session, name=name))]

    assert found("UNION coop") == [str(union.id)]
    assert found("uni") == [str(union.id)]
    assert found("nion") == []
    assert found("...") == []
    assert found("union & | ! ' : *") == [str(union.id)]


def test_lists_narrow_by_every_filter(session: Session) -> None:
    member = a_member(session)
    an_organization(session, name="Cooperativa El Progreso", country="UY", subdivision="Salto", sectors=["housing"])

    def names(**filters: object) -> list[str]:
        return [row.name for row in session.scalars(operations.organizations(session, **filters))]  # type: ignore[arg-type] # any of them

    assert names(country="UY") == ["Cooperativa El Progreso"]
    assert names(subdivision="CORDOBA") == [member.organization.name]
    assert names(sector="housing") == ["Cooperativa El Progreso"]
    assert names(standing="current") == [member.organization.name]
    assert names(member=False) == ["Cooperativa El Progreso"]
    assert names(registry="ar-inaes") == []
    of_country = operations.members(session, sector="agriculture", country="AR")
    assert [one.id for one in session.scalars(of_country)] == [member.id]
    assert session.scalars(operations.members(session, standing="grace")).all() == []


def test_a_shared_valid_identifier_goes_to_review_and_a_bad_one_does_not(session: Session) -> None:
    good = [{"scheme": "AR-CUIT", "value": "30-50012088-2"}]
    bad = [{"scheme": "AR-CUIT", "value": "30-50012088-9"}]
    first = an_organization(session, name="Cooperativa Uno", identifiers=good)
    second = an_organization(session, name="Asociación Dos", locality="Tandil", identifiers=good)
    an_organization(session, name="Tres", locality="Azul", identifiers=bad)
    an_organization(session, name="Cuatro", locality="Junín", identifiers=bad)
    item = session.scalars(select(ReviewItem)).one()
    assert {item.first_id, item.second_id} == {first.id, second.id}
    assert item.reason == "shared_identifier"
    assert item.evidence == {"scheme": "AR-CUIT", "value": "30500120882"}


def test_a_close_name_in_the_same_place_goes_to_review_once(session: Session) -> None:
    first = an_organization(session, name="COOP. AGRICOLA SAN MARTIN LIMITADA")
    an_organization(session, name="Cooperativa Agrícola San Martín", locality="Tandil")
    second = an_organization(session, name="Cooperativa Agrícola San Martín")
    operations.update_organization(session, second, name="Cooperativa Agrícola San Martín R.L.", now=NOW)
    item = session.scalars(select(ReviewItem)).one()
    assert {item.first_id, item.second_id} == {first.id, second.id}


def test_a_decided_review_item_is_not_proposed_again(session: Session) -> None:
    an_organization(session, name="COOP. AGRICOLA SAN MARTIN LIMITADA")
    second = an_organization(session, name="Cooperativa Agrícola San Martín")
    item = session.scalars(operations.review_items(decided=False)).one()
    item.decide("different", note="two villages", now=NOW, actor="eva")
    operations.update_organization(session, second, name="Coop Agrícola San Martín", now=NOW + timedelta(days=1))
    assert session.scalars(operations.review_items(decided=False)).all() == []
