"""Merges of organizations as other services know them: in any order, in chains, and undone."""

from collections.abc import Iterator
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.events.model import MergedOrganization
from shared import merged
from shared.contracts.membership import OrganizationMerged, OrganizationUnmerged
from tests.members import delivered

A, B, C, D = (uuid4() for _ in range(4))


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    MergedOrganization.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        yield session


def into(loser: UUID, survivor: UUID) -> merged.Change:
    return OrganizationMerged(organization_id=loser, survivor_id=survivor, merge_id=uuid4(), name="Unión", country="AR")


def keep(session: Session, *changes: merged.Change) -> None:
    merged.keep(session, MergedOrganization, [delivered(change) for change in changes])


def survivors(session: Session) -> list[UUID]:
    return [merged.survivor(session, MergedOrganization, one) for one in (A, B, C, D)]


def test_a_chain_leads_to_its_end_in_whatever_order_it_comes(session: Session) -> None:
    for order in permutations((into(A, B), into(B, C), into(D, B))):
        for change in order:
            keep(session, change)
        assert survivors(session) == [C, C, C, C]
        assert set(merged.known_as(session, MergedOrganization, A)) == {A, B, C, D}
        for one in (A, B, D):
            keep(session, OrganizationUnmerged(organization_id=one, survivor_id=C, merge_id=uuid4()))
        assert survivors(session) == [A, B, C, D]


def test_a_merge_undone_in_the_middle_leaves_the_rest(session: Session) -> None:
    keep(session, into(A, B), into(B, C), into(D, C))
    keep(session, OrganizationUnmerged(organization_id=B, survivor_id=C, merge_id=uuid4()))
    assert survivors(session) == [B, B, C, C]
    assert merged.known_as(session, MergedOrganization, uuid4())[1:] == []
