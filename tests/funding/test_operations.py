"""Funding's replica and its answers."""

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from services.funding import operations
from services.funding.model import NOT_ADMITTED
from shared.messaging.outbox import published
from tests.members import a_new_standing, an_admission, delivered


def test_an_admitted_member_is_known_and_eligible(session: Session) -> None:
    admission = an_admission()
    operations.keep_members(session, [delivered(admission)])
    member = operations.member(session, member_id=admission.member_id)
    assert (member.name, member.country, member.sectors) == ("Cooperativa La Unión", "AR", ["agriculture", "housing"])
    assert operations.eligibility(session, member_id=admission.member_id).eligible
    assert published(session) == []


def test_the_newest_standing_replaces_the_one_before(session: Session) -> None:
    admission, other = an_admission(), an_admission(name="Otra")
    operations.keep_members(session, [delivered(admission), delivered(other)])
    operations.keep_members(session, [delivered(a_new_standing(admission, "suspended"), version=2)])
    assert operations.eligibility(session, member_id=admission.member_id).reasons == ("suspended",)
    assert operations.eligibility(session, member_id=other.member_id).eligible


def test_an_unknown_member_is_not_eligible(session: Session) -> None:
    assert operations.eligibility(session, member_id=uuid4()) == NOT_ADMITTED
    with pytest.raises(operations.UnknownMember):
        operations.member(session, member_id=uuid4())


def test_members_are_filtered_by_standing_and_country(session: Session) -> None:
    suspended = a_new_standing(an_admission(country="PY"), "suspended")
    operations.keep_members(session, [delivered(an_admission()), delivered(suspended)])
    assert [m.country for m in session.scalars(operations.members(standing="suspended"))] == ["PY"]
    assert [m.standing for m in session.scalars(operations.members(country="AR"))] == ["current"]
    assert len(session.scalars(operations.members()).all()) == 2


def test_the_replica_can_be_forgotten(session: Session) -> None:
    operations.keep_members(session, [delivered(an_admission())])
    operations.forget_members(session)
    assert session.scalars(operations.members()).all() == []
