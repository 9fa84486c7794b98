"""What ends the import of a register: compare what is new with its neighbours, mark what is gone, tell of it."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Text, any_, delete, func, insert, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from services.membership.model import Finding, ImportRun, Organization, Unmatched
from services.membership.operations.candidates import STANDING_ALONE, any_of
from services.membership.operations.matching import Proposal, match
from shared.contracts.membership import RegistryImported
from shared.messaging.outbox import publish

PLACES_AT_ONCE = 200
AT_ONCE = 2000
"""Organizations compared in a step. A place is compared whole, so a larger one is a step of its own."""

FEW = 50
"""So many may always be missing from a new edition."""

PERCENT_MISSING = 5
"""With more of a register missing than this, the file is more likely cut off than the cooperatives gone."""

_rows_of = text("""
    SELECT organizations.id, seen.key, seen.line, seen.outcome
    FROM seen JOIN organizations ON organizations.register = :register AND organizations.register_key = seen.key
    WHERE organizations.id = ANY(:ids) AND seen.digest IS NOT NULL
""")
_analyze = text("ANALYZE organizations, identifiers, unmatched")
_into_review = text("UPDATE seen SET outcome = 'in_review' WHERE key = ANY(CAST(:keys AS text[]))")
_missing = """
    FROM organizations
    WHERE register = :register AND gone_at IS NULL
    AND NOT EXISTS (SELECT FROM seen WHERE seen.key = organizations.register_key)
    AND NOT EXISTS (
        SELECT FROM organizations AS merged
        WHERE merged.merged_into = organizations.id AND merged.register IS NOT NULL AND merged.gone_at IS NULL
        AND (merged.register <> :register OR EXISTS (SELECT FROM seen WHERE seen.key = merged.register_key))
    )
"""
_count_missing = text(f"SELECT count(*) {_missing}")
_mark_missing = text(f"""
    UPDATE organizations SET gone_at = :now, updated_at = :now, version = version + 1
    WHERE id IN (SELECT id {_missing})
""")  # noqa: S608 -- our own words


class _Row(NamedTuple):
    """A row of this file, and how it ended so far."""

    key: str
    line: int
    outcome: str


def know_sizes(session: Session) -> None:
    """Let the database know what came in, before it plans how to compare; by itself it would notice minutes later."""
    session.execute(_analyze)


def compare_places(session: Session, run: ImportRun, *, after: str, now: datetime) -> tuple[int, str]:
    """Compare the new and changed organizations of the next places; returns how many, and the last place.

    Begins after "" and has ended when there were none. What an interrupted import left undone is done here as well.
    """
    pending = select(Organization.place).join(Unmatched, Unmatched.organization_id == Organization.id)
    beyond = pending.where(Organization.place > after).distinct().order_by(Organization.place)
    places = [str(place) for place in session.scalars(beyond.limit(PLACES_AT_ONCE))]
    if not places:
        return 0, after
    step = _as_many(session, places)
    there = Organization.place == any_(literal(step, ARRAY(Text)))
    theirs = select(Organization.id).join(Unmatched, Unmatched.organization_id == Organization.id).where(there)
    return _compare(session, run, session.scalars(theirs).all(), now=now), step[-1]


def _as_many(session: Session, places: list[str]) -> list[str]:
    """The first of `places`, as far as those who are there can be compared at once; one at least."""
    there = Organization.place == any_(literal(places, ARRAY(Text)))
    counted = select(Organization.place, func.count()).where(there, *STANDING_ALONE).group_by(Organization.place)
    sizes = dict(session.execute(counted).all())
    running = accumulate(sizes.get(place, 0) for place in places)
    return places[: max(1, sum(1 for so_far in running if so_far <= AT_ONCE))]


def compare_unplaced(session: Session, run: ImportRun, *, after: str, now: datetime) -> tuple[int, str]:
    """The same for organizations of which no place is known, and which have identifiers alone to compare."""
    pending = select(Unmatched.organization_id).order_by(Unmatched.organization_id).limit(AT_ONCE)
    beyond = pending.where(Unmatched.organization_id > UUID(after)) if after else pending
    ids = session.scalars(beyond).all()
    return _compare(session, run, ids, now=now), str(ids[-1]) if ids else after


def _compare(session: Session, run: ImportRun, organization_ids: Sequence[UUID], *, now: datetime) -> int:
    if organization_ids:
        _move_to_review(session, run, match(session, organization_ids, now=now))
        session.execute(delete(Unmatched).where(Unmatched.organization_id == any_of(organization_ids)))
    return len(organization_ids)


def _move_to_review(session: Session, run: ImportRun, pairs: list[Proposal]) -> None:
    """Of each new pair the row that stands later in the file is in review, however many pairs it is in."""
    if not pairs:
        return
    ids = list({one for pair in pairs for one in (pair.first_id, pair.second_id)})
    found = session.execute(_rows_of, {"register": run.register, "ids": ids})
    rows: dict[UUID, _Row] = {
        organization_id: _Row(key, line, outcome) for organization_id, key, line, outcome in found
    }
    findings = []
    for pair in pairs:
        both = [rows[one] for one in (pair.first_id, pair.second_id) if one in rows]
        if both:
            findings.append((max(both, key=lambda row: row.line), pair))
    later = {row for row, _ in findings}
    for row in later:
        if row.outcome != "in_review":
            setattr(run, row.outcome, getattr(run, row.outcome) - 1)
            run.in_review += 1
    session.execute(_into_review, {"keys": [row.key for row in later]})
    _note_reviews(session, run, findings)


def _note_reviews(session: Session, run: ImportRun, findings: list[tuple[_Row, Proposal]]) -> None:
    if findings:
        session.execute(
            insert(Finding),
            [
                {
                    "import_id": run.id,
                    "line": row.line,
                    "key": row.key,
                    "column": pair.evidence.get("scheme", ""),
                    "kind": "in_review",
                    "reason": pair.reason,
                    "params": pair.evidence,
                }
                for row, pair in findings
            ],
        )


def mark_gone(session: Session, run: ImportRun, *, even_many: bool, now: datetime) -> None:
    """Mark what the register no longer lists, unless so much is missing that the file can't be complete.

    A key that stands anywhere in the file, be it in a broken row, is not missing.
    """
    known = {"register": run.register}
    run.missing = session.scalar(_count_missing, known) or 0
    listed = run.created + run.updated + run.unchanged + run.in_review + run.missing
    if even_many or run.missing <= max(FEW, listed * PERCENT_MISSING // 100):
        session.execute(_mark_missing, known | {"now": now})
        run.gone = run.missing


def complete(session: Session, run: ImportRun, *, now: datetime) -> None:
    """Close the import and tell of it, once."""
    run.state, run.finished_at = "completed", now
    session.flush()
    fact = RegistryImported(
        import_id=run.id,
        registry=run.register,
        rows=run.rows,
        created=run.created,
        updated=run.updated,
        unchanged=run.unchanged,
        in_review=run.in_review,
        rejected=run.rejected,
        gone=run.gone,
    )
    publish(session, fact, at=now)
