"""The pipeline as a whole: the board, and what is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from services.membership.fit import Fit
from services.membership.model import Prospect
from services.membership.model.prospects import OPEN, Stage
from services.membership.operations.candidates import any_of
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
    found = _heads(session, matching, order, size)
    shown = _load(session, [one for _, ids in found.values() for one in ids])
    columns = [
        Column(stage=stage, count=count, prospects=[shown[one] for one in ids])
        for stage, (count, ids) in ((stage, found.get(stage, (0, []))) for stage in OPEN)
    ]
    return Board(columns=columns, totals=_count(session, matching, now.date()))


def today(session: Session, *, owner: str, now: datetime, size: int) -> Today:
    """What is due to `owner` today or was before, and how much is due that nobody owns. Days end at midnight UTC."""
    day = now.date()
    theirs = prospects(stage="opened", owner=owner)
    due = theirs.where(Prospect.next_action_on <= day).order_by(Prospect.next_action_on, Prospect.id)
    return Today(
        owner=owner,
        day=day,
        mine=_count(session, theirs, day),
        unowned=_count(session, prospects(stage="opened", owned=False), day),
        prospects=session.scalars(due.limit(size)).all(),
    )


def fits_of(session: Session, shown: Sequence[Prospect], *, now: datetime) -> dict[UUID, Fit]:
    """The fit of each of these prospects, by its id."""
    found = fits(session, [subject_of(one.organization) for one in shown], now=now)
    return {one.id: found[one.organization_id] for one in shown}


_Heads = dict[Stage, tuple[int, list[UUID]]]
"""How many stand in a stage, and the first of them."""


def _heads(session: Session, matching: Select[Prospect], order: Order, size: int) -> _Heads:
    rank = func.row_number().over(partition_by=Prospect.stage, order_by=_IN_ORDER[order]).label("rank")
    many = func.count().over(partition_by=Prospect.stage).label("many")
    rows = _narrowed(matching, Prospect.id, Prospect.stage, rank, many).subquery()
    found: _Heads = {}
    for row in session.execute(select(rows).where(rows.c.rank <= size).order_by(rows.c.rank)):
        found.setdefault(row.stage, (row.many, []))[1].append(row.id)
    return found


def _count(session: Session, matching: Select[Prospect], day: date) -> Counts:
    due = Prospect.next_action_on
    row = session.execute(
        _narrowed(
            matching,
            func.count(),
            func.count().filter(is_overdue(day)),
            func.count().filter(due == day),
            func.count().filter(due.is_(None)),
        )
    ).one()
    return Counts(open=row[0], overdue=row[1], due_today=row[2], without_next_action=row[3])


def _narrowed(matching: Select[Prospect], *columns: Any) -> Select[Any]:
    return matching.with_only_columns(*columns, maintain_column_froms=True)


def _load(session: Session, ids: Sequence[UUID]) -> dict[UUID, Prospect]:
    found = session.scalars(select(Prospect).where(Prospect.id == any_of(ids))).all()
    return {one.id: one for one in found}
