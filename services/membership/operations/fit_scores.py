"""The scores that open prospects are put in order by: kept beside each, and scored anew again and again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Row, Select, Uuid, func, literal, select, update
from sqlalchemy.orm import Session

from services.membership.model import Organization, Prospect
from services.membership.model.prospects import OPEN
from services.membership.operations.candidates import any_of
from services.membership.operations.scoring import Subject, fits

AT_ONCE = 500
"""So many are scored in one transaction."""

_SCORED: tuple[Any, ...] = (
    Prospect.id.label("prospect_id"),
    Prospect.fit_score,
    Organization.id,
    Organization.country,
    Organization.sectors,
    Organization.structure,
    Organization.website,
)
"""First two of the prospect, then a Subject."""


def score_anew(session: Session, ids: Sequence[UUID], *, now: datetime) -> None:
    """Score these prospects by what is known at this moment; who is closed keeps the last score."""
    _keep_changed(session, session.execute(_open_ones().where(Prospect.id == any_of(ids))).all(), now=now)


def score_next_prospects(session: Session, *, after: UUID | None, now: datetime) -> UUID | None:
    """Score the next open prospects after this one, from the first on; the last that was looked at, None after all.

    It is nobody's change: version and history stay, and nothing is told. Who is being changed at the moment is left to
    the next time.
    """
    rest = _open_ones() if after is None else _open_ones().where(Prospect.id > after)
    found = session.execute(rest.order_by(Prospect.id).limit(AT_ONCE)).all()
    _keep_changed(session, found, now=now)
    return found[-1].prospect_id if len(found) == AT_ONCE else None


def _open_ones() -> Select[Any]:
    return select(*_SCORED).join(Prospect.organization).where(Prospect.stage.in_(OPEN))


def _keep_changed(session: Session, found: Sequence[Row[Any]], *, now: datetime) -> None:
    known = [(row.prospect_id, row.fit_score, Subject(*tuple(row)[2:])) for row in found]
    scored = fits(session, [subject for _, _, subject in known], now=now)
    changed = {one: scored[subject.id].score for one, score, subject in known if score != scored[subject.id].score}
    if changed:
        _keep(session, changed)


def _keep(session: Session, changed: dict[UUID, int]) -> None:
    theirs = select(Prospect.id).where(Prospect.id == any_of(list(changed)))
    free = session.scalars(theirs.with_for_update(skip_locked=True, key_share=True)).all()
    ids, scores = literal(list(free), ARRAY(Uuid)), literal([changed[one] for one in free], ARRAY(Integer))
    given = func.unnest(ids, scores).table_valued("id", "score").render_derived()
    session.execute(
        update(Prospect)
        .where(Prospect.id == given.c.id, Prospect.fit_score != given.c.score)
        .values(fit_score=given.c.score)
        .execution_options(synchronize_session=False)
    )
