"""Gatherings are announced, places are taken, prices are kept."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from services.events import operations
from services.events.model import GatheringOver, Registration
from shared.contracts.events import GatheringAnnounced, RegistrationConfirmed
from shared.contracts.membership import OrganizationMerged, OrganizationUnmerged
from shared.messaging.outbox import published
from shared.money import Money
from tests.events.gatherings import a_gathering
from tests.members import NOW, a_new_standing, an_admission, delivered


def announced(session: Session) -> UUID:
    return operations.announce_gathering(session, **a_gathering()).id


def test_a_gathering_is_announced(session: Session) -> None:
    gathering_id = announced(session)
    gathering = operations.gathering(session, gathering_id=gathering_id)
    assert gathering.prices["member"] == Money(10000, "USD")
    assert published(session) == [
        GatheringAnnounced(
            gathering_id=gathering_id,
            name=gathering.name,
            kind="summit",
            country="PY",
            starts_on=gathering.starts_on,
            ends_on=gathering.ends_on,
        )
    ]


def test_a_member_gets_the_member_price_and_it_is_said(session: Session) -> None:
    admission, gathering_id = an_admission(), announced(session)
    operations.keep_members(session, [delivered(admission)])
    registration = operations.register(
        session, gathering_id=gathering_id, person="p-1", organization_id=admission.organization_id, now=NOW
    )
    assert published(session)[1:] == [
        RegistrationConfirmed(
            registration_id=registration.id,
            gathering_id=gathering_id,
            member_id=admission.member_id,
            tier="member",
            amount=10000,
            currency="USD",
        )
    ]


def test_the_promised_price_outlives_the_standing(session: Session) -> None:
    admission, gathering_id = an_admission(), announced(session)
    organization_id = admission.organization_id
    operations.keep_members(session, [delivered(admission)])
    before = operations.register(
        session, gathering_id=gathering_id, person="p-1", organization_id=organization_id, now=NOW
    )
    operations.keep_members(session, [delivered(a_new_standing(admission, "suspended"), version=2)])
    after = operations.register(
        session, gathering_id=gathering_id, person="p-2", organization_id=organization_id, now=NOW
    )
    kept = operations.registration(session, registration_id=before.id)
    assert (kept.tier, kept.price) == ("member", Money(10000, "USD"))
    assert (after.tier, after.price_reason, after.price) == ("standard", "suspended", Money(15000, "USD"))


def test_who_left_and_came_back_counts_as_member(session: Session) -> None:
    first = an_admission()
    second = an_admission(organization_id=first.organization_id)
    resigned = a_new_standing(first, "resigned")
    operations.keep_members(session, [delivered(second), delivered(resigned, time=NOW + timedelta(days=1))])
    registration = operations.register(
        session, gathering_id=announced(session), person="p", organization_id=first.organization_id, now=NOW
    )
    assert (registration.tier, registration.member_id) == ("member", second.member_id)


def test_a_person_registers_once(session: Session) -> None:
    gathering_id = announced(session)
    operations.register(session, gathering_id=gathering_id, person="p-1", now=NOW)
    with pytest.raises(operations.AlreadyRegistered):
        operations.register(session, gathering_id=gathering_id, person="p-1", now=NOW)
    assert session.query(Registration).count() == 1
    assert len(published(session)) == 2


def test_nobody_registers_for_what_is_over_or_unknown(session: Session) -> None:
    gathering_id = announced(session)
    with pytest.raises(GatheringOver):
        operations.register(session, gathering_id=gathering_id, person="p", now=NOW + timedelta(days=365))
    with pytest.raises(operations.UnknownGathering):
        operations.register(session, gathering_id=uuid4(), person="p", now=NOW)
    with pytest.raises(operations.UnknownGathering):
        operations.registrations(session, gathering_id=uuid4())
    with pytest.raises(operations.UnknownRegistration):
        operations.registration(session, registration_id=uuid4())


def test_gatherings_are_filtered_by_kind_and_country(session: Session) -> None:
    operations.announce_gathering(session, **a_gathering(kind="mission", country="UY"))
    announced(session)
    assert [g.country for g in session.scalars(operations.gatherings(kind="mission"))] == ["UY"]
    assert [g.kind for g in session.scalars(operations.gatherings(country="PY"))] == ["summit"]


def test_a_registration_by_a_merged_organizations_id_gets_the_survivors_price(session: Session) -> None:
    admission, gathering_id, loser_id = an_admission(), announced(session), uuid4()
    survivor_id = admission.organization_id
    operations.keep_members(session, [delivered(admission)])
    before = operations.register(session, gathering_id=gathering_id, person="p-1", organization_id=loser_id, now=NOW)
    merge = OrganizationMerged(
        organization_id=loser_id, survivor_id=survivor_id, merge_id=uuid4(), name="Unión", country="AR"
    )
    operations.keep_merges(session, [delivered(merge)])
    after = operations.register(session, gathering_id=gathering_id, person="p-2", organization_id=loser_id, now=NOW)
    assert (before.tier, after.tier, after.organization_id) == ("standard", "member", survivor_id)
    assert operations.quote(session, gathering_id=gathering_id, organization_id=loser_id).tier == "member"
    theirs = operations.registrations(session, gathering_id=gathering_id, organization_id=survivor_id)
    assert {one.person for one in session.scalars(theirs)} == {"p-1", "p-2"}
    unmerged = OrganizationUnmerged(organization_id=loser_id, survivor_id=survivor_id, merge_id=uuid4())
    operations.keep_merges(session, [delivered(unmerged)])
    theirs = operations.registrations(session, gathering_id=gathering_id, organization_id=survivor_id)
    assert [one.person for one in session.scalars(theirs)] == ["p-2"]
