"""Five thousand members with ten years of dues, declarations, notices and registrations: who drifts away (-s)."""

from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select

from services.membership import operations
from services.membership.engagement import Picture
from services.membership.model import EngagementLine
from shared.database import transaction
from tests.filling import fill_tables
from tests.membership.making import NOW, TODAY
from tests.membership.test_standing_large import MEMBERS, fill

NOTICES = 40
"""To each member, one a quarter; every third is not read."""

TOLD = f"""
INSERT INTO told_signals (event_id, about_id, kind, key, at)
SELECT gen_random_uuid(), organization_id, 'notice_delivered', gen_random_uuid(), timestamptz '2016-06-01 08:00Z'
    + n * interval '90 days' FROM members, generate_series(1, {NOTICES}) AS n;
INSERT INTO told_signals (event_id, about_id, kind, key, at)
SELECT gen_random_uuid(), about_id, 'notice_read', key, at + interval '3 days'
FROM told_signals WHERE extract(epoch FROM at)::bigint / 7776000 % 3 > 0;
INSERT INTO told_signals (event_id, about_id, kind, key, at)
SELECT gen_random_uuid(), id, 'registered_as_member', gen_random_uuid(), timestamptz '2016-06-01 08:00Z'
    + year * interval '365 days' FROM members, generate_series(1, 9) AS year
WHERE substr(id::text, 4, 1) < '8' OR year < 5;
INSERT INTO told_signals (event_id, about_id, kind, key, at)
SELECT gen_random_uuid(), organization_id, 'contact_unreachable', gen_random_uuid(), '2026-02-01 08:00Z'
FROM members WHERE substr(id::text, 2, 1) < '4';
INSERT INTO statistic_rounds (id, version, year, opens_on, due_on, closes_on, thresholds, opened_at, opened_by)
SELECT gen_random_uuid(), 1, year, make_date(year + 1, 1, 1), make_date(year + 1, 3, 1), make_date(year + 1, 6, 1),
    '{{}}', make_date(year + 1, 1, 1), 'ana' FROM generate_series(2016, 2025) AS year;
INSERT INTO statistic_round_changes (round_id, number, facts, reason, changed_at, changed_by)
SELECT id, 1, jsonb_build_object('due_on', due_on::text), '', opened_at, 'ana' FROM statistic_rounds;
INSERT INTO statistic_declarations (id, version, round_id, member_id, year, state, breakdown, warnings, changed_at,
    source, evidence, confirmation, question)
SELECT gen_random_uuid(), 1, statistic_rounds.id, members.id, year, 'requested', '[]', '[]', opened_at, '', '', '', ''
FROM members, statistic_rounds;
INSERT INTO statistic_steps (statistic_id, number, step, note, at, by)
SELECT statistic_declarations.id, number, step, '', changed_at + number * interval '20 days', 'ana'
FROM statistic_declarations, (VALUES (1, 'requested'), (2, 'declared')) AS steps (number, step)
WHERE number = 1 OR substr(member_id::text, 3, 1) < '8';
"""


@pytest.mark.long
def test_who_drifts_away_is_answered_for_everybody(engine: Engine) -> None:
    fill_tables(engine, fill(MEMBERS) + TOLD, "ANALYZE")
    queries: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: queries.append(given[2]))
    seconds, found = [], []
    for _ in range(3):
        queries.clear()
        with transaction(engine) as session:
            start = perf_counter()
            found = operations.at_risk(session, now=NOW)
            seconds.append(perf_counter() - start)
    assert len(queries) < 20
    print({"at_risk": min(seconds), "members": len(found)})  # noqa: T201 -- shown by pytest -s
    kinds = {reason.kind for one in found for reason in one.picture.reasons}
    assert kinds >= {"dues_late", "statistic_missing", "contact_unreachable", "notices_unread", "no_registration"}
    assert 0 < len(found) < MEMBERS
    _is_told_of_each_alone(engine, {one.member_id: one.picture for one in found[:20]})
    _is_announced_in_batches(engine, len(found))


def _is_told_of_each_alone(engine: Engine, pictures: dict[Any, Picture]) -> None:
    with transaction(engine) as session:
        for member_id, seen in pictures.items():
            member = operations.member(session, member_id=member_id)
            assert operations.engagement(session, member, now=NOW)[1] == seen


def _is_announced_in_batches(engine: Engine, drifting: int) -> None:
    start, looked_at = perf_counter(), 0
    while True:
        with transaction(engine) as session:
            batch = operations.announce_engagement(session, now=NOW + timedelta(days=1))
        if not batch:
            break
        looked_at += batch
    print({"announced": perf_counter() - start, "looked_at": looked_at})  # noqa: T201 -- see above
    with transaction(engine) as session:
        said = session.scalars(select(func.count()).where(EngagementLine.effective_on == TODAY)).one()
    assert (looked_at, said) == (MEMBERS, drifting)
