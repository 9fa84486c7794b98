"""Five thousand members with ten years of dues: who could vote on a day, and how long the answer took (-s)."""

from datetime import date
from time import perf_counter

import pytest
from sqlalchemy import Engine, func, select

from services.membership import operations
from services.membership.model import RollEntry, StandingFact
from shared.database import transaction
from tests.filling import fill_tables
from tests.membership.making import NOW

MEMBERS = 5000
YEARS = 10
DAY = date(2026, 4, 15)


def fill(members: int) -> str:
    """SQL that enters so many members, with their dues of ten years."""
    return f"""
INSERT INTO organizations (id, version, name, country, subdivision, locality, address, postal_code, website, sectors,
    structure, language, created_at, updated_at, folded_name, folded_subdivision)
SELECT gen_random_uuid(), 1, 'Cooperativa ' || n, (ARRAY['AR', 'BR', 'UY'])[n % 3 + 1], '', '', '', '', '', '{{}}', '',
    'es', now(), now(), 'cooperativa ' || n, '' FROM generate_series(1, {members}) AS n;
INSERT INTO members (id, version, organization_id, category, standing, admitted_on, admitted_at, fact_count)
SELECT gen_random_uuid(), 1, id, 'full', 'current', '2015-01-10', now(), 1 FROM organizations;
INSERT INTO standing_facts (id, member_id, kind, key, generation, effective_on, period, reason, reference, recorded_at,
    recorded_by)
SELECT gen_random_uuid(), id, 'admitted', 'admitted', 1, admitted_on, '', '', '', '2015-01-10', 'ana' FROM members;
INSERT INTO standing_facts (id, member_id, kind, key, generation, effective_on, period, reason, reference, recorded_at,
    recorded_by)
SELECT gen_random_uuid(), members.id, kind, kind || ' ' || year, 1, make_date(year, month, 1), year::text, '', '',
    make_date(year, month, 1), 'ana'
FROM members, generate_series(2017, {2016 + YEARS}) AS year,
    (VALUES ('dues_due', 3), ('dues_settled', 4)) AS dues (kind, month)
WHERE kind = 'dues_due' OR year < 2026 OR substr(members.id::text, 1, 1) < '8';
"""


@pytest.mark.long
def test_who_could_vote_is_answered_for_everybody(engine: Engine) -> None:
    fill_tables(engine, fill(MEMBERS), "ANALYZE")
    with transaction(engine) as session:
        facts = session.scalars(select(func.count()).select_from(StandingFact)).one()
    seconds, found = [], []
    for _ in range(5):
        with transaction(engine) as session:
            start = perf_counter()
            found = operations.voters(session, on=DAY, now=NOW)
            seconds.append(perf_counter() - start)
    unpaid = MEMBERS * (2 * YEARS + 1) - facts
    counts = operations.count_voters(found, on=DAY, known_at=NOW)
    assert (counts.members, counts.voters) == (MEMBERS, MEMBERS - unpaid)
    assert counts.rules == {"votes": MEMBERS - unpaid, "suspended": unpaid}
    print({"voters": min(seconds)})  # noqa: T201 -- shown by pytest -s
    with transaction(engine) as session:
        roll = operations.draw_roll(session, held_on=DAY, purpose="Assembly", actor="eva", now=NOW)
        assert (roll.members, roll.voters) == (MEMBERS, MEMBERS - unpaid)
    _read_a_page(engine, operations.roll_entries(roll=roll, can_vote=False).order_by(RollEntry.folded_name))
    with transaction(engine) as session:
        listed = operations.members(session, termination_proposed=False)
    _read_a_page(engine, listed)


def _read_a_page(engine: Engine, statement: object) -> None:
    seconds = []
    for _ in range(5):
        with transaction(engine) as session:
            start = perf_counter()
            assert len(session.scalars(statement.limit(50)).all()) == 50  # type: ignore[attr-defined] # a Select
            seconds.append(perf_counter() - start)
    print({"page": min(seconds)})  # noqa: T201 -- shown by pytest -s
