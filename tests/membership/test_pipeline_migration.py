"""What the migration of the pipeline makes of prospects that were there before, and of the edition before beside it."""

from typing import Any

from alembic import command
from sqlalchemy import text

from shared.database import connect
from shared.migrations import config_of, upgrade

ORGANIZATION = """
    INSERT INTO organizations (id, version, name, country, subdivision, locality, address, postal_code, website,
        sectors, structure, language, created_at, updated_at, folded_name, folded_subdivision)
    SELECT gen_random_uuid(), 1, name, 'AR', '', '', '', '', '', '{}', '', 'es', now(), now(), name, ''
    FROM unnest(ARRAY['uno', 'dos', 'tres', 'cuatro']) AS name
"""
PROSPECT = """
    INSERT INTO prospects (id, version, organization_id, stage, source, note, lost_reason, opened_at, opened_by,
        closed_at, closed_by)
    SELECT gen_random_uuid(), 1, id, :stage, 'summit', 'met', :reason, '2026-01-01Z', 'ana', :closed_at, :closed_by
    FROM organizations WHERE name = :name
"""
MEMBER = """
    INSERT INTO members (id, version, organization_id, category, standing, admitted_on, admitted_at)
    SELECT gen_random_uuid(), 1, id, 'full', 'current', '2026-02-01', '2026-02-01Z' FROM organizations
    WHERE name = 'dos'
"""
CLOSED = {"closed_at": "2026-02-01Z", "closed_by": "eva"}
OPENED: dict[str, Any] = {"stage": "opened", "reason": "", "closed_at": None, "closed_by": None}


def test_prospects_that_were_there_keep_what_they_were(database_url: str) -> None:
    engine = connect(database_url)
    command.upgrade(config_of("membership", database_url), "0001")
    with engine.begin() as connection:
        connection.execute(text(ORGANIZATION))
        connection.execute(text(MEMBER))
        connection.execute(text(PROSPECT), {"name": "uno", **OPENED})
        connection.execute(text(PROSPECT), {"name": "dos", "stage": "admitted", "reason": "", **CLOSED})
        connection.execute(text(PROSPECT), {"name": "tres", "stage": "lost", "reason": "far", **CLOSED})
    upgrade("membership", database_url)
    with engine.begin() as connection:
        rows = connection.execute(
            text("""
            SELECT o.name, stage, stage_since::date::text, lost_code, resumes_at, member_id IS NOT NULL
            FROM prospects JOIN organizations o ON o.id = organization_id ORDER BY o.name
        """)
        ).all()
        lines = connection.execute(
            text("""
            SELECT o.name, kind, previous, e.stage, e.text, by FROM prospect_entries e
            JOIN prospects p ON p.id = prospect_id JOIN organizations o ON o.id = organization_id ORDER BY o.name, e.id
        """)
        ).all()
        connection.execute(text(PROSPECT), {"name": "cuatro", **OPENED})
        late = connection.scalar(text("SELECT stage FROM prospects ORDER BY stage_since DESC LIMIT 1"))
    engine.dispose()
    assert [tuple(row) for row in rows] == [
        ("dos", "admitted", "2026-02-01", None, None, True),
        ("tres", "lost", "2026-02-01", "other", "identified", False),
        ("uno", "identified", "2026-01-01", None, None, False),
    ]
    assert [tuple(line) for line in lines] == [
        ("dos", "opened", None, "identified", "met", "ana"),
        ("dos", "moved", "identified", "admitted", "", "eva"),
        ("tres", "opened", None, "identified", "met", "ana"),
        ("tres", "moved", "identified", "lost", "far", "eva"),
        ("uno", "opened", None, "identified", "met", "ana"),
    ]
    assert late == "identified"
