"""The pipeline as a whole: the board, and what is due."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.orm import Session

from services.membership.fit import Fit
from services.membership.model import Prospect
from services.membership.model.prospects import OPEN, Stage
from services.membership.operations.prospects import is_overdue, prospects
from services.membership.operations.scoring import fits, subject_of

Order = Literal["next_action_on", "fit"]

_IN_ORDER: dict[Order, tuple[ColumnElement[Any], ...]] = {
    "next_action_on": (Prospect.next_action_on.asc().nulls_last(), Prospect.id.asc()),
    "fit": (Prospect.fit_score.desc(), Prospect.id.desc()),
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A stage of the board: how many stand there, and the first of them."""

    stage: Stage
    count: int
    prospects: Sequence[Prospect]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Open prospects by what is to be done. `due_today` and `overdue` go by the next action's day."""

    open: int
    overdue: int
    due_today: int
    without_next_action: int


@dataclass(frozen=True, kw_only=True)
class Board:
    """Every stage in which prospects are open, and how many of those that match are."""

    columns: Sequence[Column]
    totals: Counts


@dataclass(frozen=True, kw_only=True)
class Today:
    """What somebody has to do: theirs that are due, first the oldest, and what nobody does."""

    owner: str
    day: date
    mine: Counts
    unowned: Counts
    prospects: Sequence[Prospect]


def board(session: Session, *, order: Order, size: int, now: datetime, **filters: Any) -> Board:
    """The open prospects that match `filters`, by stage; the first `size` of each, due or fitting best first."""
    matching = prospects(**filters, today=now.date()).where(Prospect.stage.in_(OPEN))
    counts, first = _counts(session, matching, now.date()), _first(session, matching, order, size)
    columns = [
        Column(stage=stage, count=counts[stage].open if stage in counts else 0, prospects=first[stage])
        for stage in OPEN
    ]
    return Board(columns=columns, totals=_total(counts))


def today(session: Session, *, owner: str, now: datetime, size: int) -> Today:
    """What is due to `owner` today or was before, and how much is due that nobody owns. Days end at midnight UTC."""
    day = now.date()
    theirs = prospects(stage="opened", owner=owner)
    due = theirs.where(Prospect.next_action_on <= day).order_by(Prospect.next_action_on, Prospect.id)
    return Today(
        owner=owner,
        day=day,
        mine=_total(_counts(session, theirs, day)),
        unowned=_total(_counts(session, prospects(stage="opened", owned=False), day)),
        prospects=session.scalars(due.limit(size)).all(),
    )


def fits_of(session: Session, shown: Sequence[Prospect], *, now: datetime) -> dict[UUID, Fit]:
    """The fit of each of these prospects, by its id."""
    found = fits(session, [subject_of(one.organization) for one in shown], now=now)
    return {one.id: found[one.organization_id] for one in shown}


def _first(session: Session, matching: Select[Prospect], order: Order, size: int) -> dict[Stage, list[Prospect]]:
    """The first of each stage: asked stage by stage, so that an index gives them and the others are not sorted."""
    ids = _narrowed(matching, Prospect.id).order_by(*_IN_ORDER[order]).limit(size)
    first = union_all(*(ids.where(Prospect.stage == stage) for stage in OPEN))
    found: dict[Stage, list[Prospect]] = {stage: [] for stage in OPEN}
    for one in session.scalars(select(Prospect).where(Prospect.id.in_(first)).order_by(*_IN_ORDER[order])):
        found[one.stage].append(one)
    return found


def _counts(session: Session, matching: Select[Prospect], day: date) -> dict[Stage, Counts]:
    due = Prospect.next_action_on
    counted = _narrowed(
        matching,
        Prospect.stage,
        func.count(),
        func.count().filter(is_overdue(day)),
        func.count().filter(due == day),
        func.count().filter(due.is_(None)),
    )
    rows = session.execute(counted.group_by(Prospect.stage))
    return {row[0]: Counts(open=row[1], overdue=row[2], due_today=row[3], without_next_action=row[4]) for row in rows}


def _total(counts: dict[Stage, Counts]) -> Counts:
    names = [field.name for field in fields(Counts)]
    return Counts(**{name: sum(getattr(one, name) for one in counts.values()) for name in names})


def _narrowed(matching: Select[Prospect], *columns: Any) -> Select[Any]:
    return matching.with_only_columns(*columns, maintain_column_froms=True)
