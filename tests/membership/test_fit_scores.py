"""The order by fit: right when a prospect is opened, again after each turn of the schedule, and nobody's change."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import Organization, Prospect
from services.membership.operations import fit_scores
from services.membership.service.prospects import ProspectRoutes
from shared.database import transaction
from shared.messaging.outbox import published
from tests.filling import fill_tables
from tests.membership.making import NOW, a_member, a_prospect, an_organization
from tests.membership.test_campaigns import added, started
from tests.membership.test_file_retention import a_turn
from tests.membership.test_lead_operations import captured, taken

LATER = NOW + timedelta(days=1)
MANY = 4000

FILL = f"""
INSERT INTO organizations (id, version, name, country, subdivision, locality, address, postal_code, website, sectors,
    structure, language, created_at, updated_at, folded_name, folded_subdivision)
SELECT gen_random_uuid(), 1, 'Cooperativa ' || n, 'AR', '', '', '', '', '', '{{housing}}',
    (ARRAY['', 'cooperative', 'cooperative-group', 'national-apex'])[n % 4 + 1], 'es', now(), now(), 'cooperativa', ''
FROM generate_series(1, {MANY}) AS n;
INSERT INTO prospects (id, version, organization_id, stage, stage_since, source, note, lost_reason, opened_at,
    opened_by)
SELECT gen_random_uuid(), 1, id, 'identified', now(), 'summit', '', '', now(), 'ana' FROM organizations;
"""


def score(session: Session, *, now: datetime = NOW) -> None:
    last: UUID | None = None
    while last := operations.score_next_prospects(session, after=last, now=now):
        pass


def in_order(session: Session) -> list[UUID]:
    [column, *_] = operations.board(session, order="fit", size=9, now=NOW).columns
    return [one.id for one in column.prospects]


def kept(session: Session, prospect: Prospect) -> int:
    return session.scalars(select(Prospect.fit_score).where(Prospect.id == prospect.id)).one()


def right(session: Session, prospect: Prospect, *, now: datetime = NOW) -> bool:
    return kept(session, prospect) == operations.fit_of(session, prospect.organization, now=now).score


def written(session: Session) -> list[Any]:
    """Says of each row which transaction and place it is from, so that one that was written again is another."""
    return list(session.execute(text("SELECT id, xmin, ctid, version FROM prospects ORDER BY id")))


def a_contact(session: Session, prospect: Prospect) -> None:
    reached = {"role": "presidency", "name": "P.", "email": "p@b.invalid"}
    operations.add_contact(session, organization_id=prospect.organization_id, **reached, now=NOW)


def test_who_is_opened_stands_in_its_place_at_once(session: Session) -> None:
    plain = a_prospect(session, name="Cooperativa Uno")
    apex = a_prospect(session, name="Confederación", locality="Azul", structure="national-apex")
    mutual = a_prospect(session, name="Mutual", locality="Tandil", structure="cooperative-group")
    assert in_order(session) == [apex.id, mutual.id, plain.id]
    assert all(right(session, one) for one in (plain, apex, mutual))


def test_who_comes_by_a_lead_or_a_campaign_has_its_score_too(session: Session) -> None:
    a_member(session, name="Cooperativa Tres", locality="Tandil")
    lead = taken(session, captured(), at=NOW - timedelta(days=3))
    opened = operations.prospect(session, prospect_id=lead.prospect_id or UUID(int=0))
    assert right(session, opened)
    before = kept(session, opened)
    taken(session, captured(), at=NOW)
    assert kept(session, opened) == before
    an_organization(session, name="Dos", locality="Azul", structure="national-apex")
    added(session, started(session))
    every = session.scalars(operations.prospects(stage="opened")).all()
    assert len(every) == 2
    assert all(right(session, one) for one in every)


def test_an_open_one_is_scored_at_once_when_it_shows_interest(session: Session) -> None:
    cold = a_prospect(session)
    before = kept(session, cold)
    taken(session, captured(organization_id=cold.organization_id), now=NOW)
    assert kept(session, cold) == before + 15


def test_who_is_taken_up_again_is_scored_anew(session: Session) -> None:
    lost = a_prospect(session)
    operations.lose_prospect(session, lost, reason="x", actor="ana", now=NOW)
    before = kept(session, lost)
    a_contact(session, lost)
    score(session)
    assert kept(session, lost) == before
    operations.reopen_prospect(session, lost, reason="again", actor="ana", now=NOW)
    assert kept(session, lost) == before + 10


def test_the_order_follows_the_facts_with_the_next_turn(session: Session) -> None:
    first = a_prospect(session, name="Cooperativa Uno")
    other = a_prospect(session, name="Cooperativa Dos", locality="Azul", structure="cooperative")
    assert in_order(session) == [other.id, first.id]
    a_contact(session, first)
    a_member(session, name="Cooperativa Tres", locality="Tandil")
    assert in_order(session) == [other.id, first.id]
    score(session)
    assert in_order(session) == [first.id, other.id]
    assert right(session, first)
    assert right(session, other)


def test_time_alone_takes_points_away(session: Session) -> None:
    lead = taken(session, captured())
    prospect = operations.prospect(session, prospect_id=lead.prospect_id or UUID(int=0))
    before, later = kept(session, prospect), NOW + timedelta(days=100)
    score(session, now=later)
    assert kept(session, prospect) == before - 6
    assert right(session, prospect, now=later)


def test_a_turn_is_nobody_s_change_and_the_next_finds_nothing_to_do(engine: Engine) -> None:
    with transaction(engine) as session:
        prospect = a_prospect(session)
        a_contact(session, prospect)
        told, lines = len(published(session)), len(session.scalars(prospect.history.select()).all())
    with transaction(engine) as session:
        score(session, now=LATER)
    with transaction(engine) as session:
        once = written(session)
        assert right(session, prospect, now=LATER)
        assert once[0].version == prospect.version == 1
        assert len(published(session)) == told
        assert len(session.scalars(prospect.history.select()).all()) == lines
    with transaction(engine) as session:
        score(session, now=LATER)
    with transaction(engine) as session:
        assert written(session) == once
        session.add(prospect)
        operations.update_prospect(session, prospect, owner="eva", actor="eva", now=LATER)
        assert (prospect.version, right(session, prospect, now=LATER)) == (2, True)


def test_who_is_being_changed_is_left_to_the_next_turn(engine: Engine) -> None:
    with transaction(engine) as session:
        busy, free = a_prospect(session, name="Uno"), a_prospect(session, name="Dos", locality="Azul")
        for one in (busy, free):
            a_contact(session, one)
    with transaction(engine) as staff:
        changed = operations.prospect_to_change(staff, prospect_id=busy.id)
        with transaction(engine) as session:
            score(session)
        operations.advance_prospect(staff, changed, stage="contacted", actor="ana", now=NOW)
    with transaction(engine) as session:
        assert [right(session, one) for one in (busy, free)] == [False, True]
        score(session)
        assert right(session, busy)


def test_two_turns_at_once_write_each_score_once_and_wait_for_nobody(engine: Engine) -> None:
    with transaction(engine) as session:
        prospects = [a_prospect(session, name=f"Coop {number}", locality=f"L{number}") for number in range(5)]
        for one in prospects:
            a_contact(session, one)
    with transaction(engine) as first:
        score(first)
        by_first = written(first)
        with transaction(engine) as second:
            score(second)
    with transaction(engine) as session:
        assert written(session) == by_first
        assert all(right(session, one) for one in prospects)


def test_every_one_is_scored_in_batches_whatever_happens_between(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_scores, "AT_ONCE", 2)
    with transaction(engine) as session:
        prospects = [a_prospect(session, name=f"Coop {number}", locality=f"L{number}") for number in range(5)]
        for one in prospects:
            a_contact(session, one)
    prospects.sort(key=lambda one: one.id)
    last, turns = None, 0
    while turns == 0 or last:
        with transaction(engine) as session:
            last = operations.score_next_prospects(session, after=last, now=NOW)
        turns += 1
        if turns == 1:
            with transaction(engine) as session:
                gone = operations.prospect_to_change(session, prospect_id=prospects[2].id)
                operations.lose_prospect(session, gone, reason="x", actor="ana", now=NOW)
    with transaction(engine) as session:
        assert turns == 3
        assert [right(session, one) for one in prospects] == [True, True, False, True, True]


def test_many_are_scored_by_several_processes(engine: Engine, tmp_path: Path) -> None:
    fill_tables(engine, FILL, "ANALYZE")
    with transaction(engine) as session:
        assert session.scalars(select(Prospect.fit_score).distinct()).all() == [0]

    turn = a_turn(engine, tmp_path)
    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(ProspectRoutes().score_prospects, [turn] * 4))
    ProspectRoutes().score_prospects(turn)
    scores = select(Organization.structure, func.min(Prospect.fit_score), func.max(Prospect.fit_score), func.count())
    by_structure = scores.join(Prospect.organization).group_by(Organization.structure)
    with transaction(engine) as session:
        found = {row[0]: tuple(row[1:]) for row in session.execute(by_structure)}
        expected = {"": 40, "cooperative": 48, "cooperative-group": 56, "national-apex": 60}
        assert found == {structure: (points, points, MANY // 4) for structure, points in expected.items()}
