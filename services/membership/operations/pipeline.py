"""The pipeline as a whole: the board, what is due, and who fits best."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from services.membership.fit import Fit
from services.membership.model import Organization, Prospect
from services.membership.model.prospects import OPEN, Stage
from services.membership.operations.candidates import any_of
from services.membership.operations.prospects import is_overdue, prospects
from services.membership.operations.scoring import Subject, fits, subject_of

_SUBJECT = (
    Organization.id,
    Organization.country,
    Organization.sectors,
    Organization.structure,
    Organization.website,
)

Order = Literal["next_action_on", "fit"]


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
    """The open prospects that match `filters`, by stage; the first `size` of each in that order."""
    matching = prospects(**filters, today=now.date()).where(Prospect.stage.in_(OPEN))
    found = _best(session, matching, size, now) if order == "fit" else _due_first(session, matching, size)
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


def by_fit(session: Session, matching: Select[Prospect], *, now: datetime) -> list[tuple[UUID, Stage, int]]:
    """Id, stage and score of the open ones among `matching`, the best first."""
    rows = _narrowed(matching, Prospect.id, Prospect.stage, *_SUBJECT)
    rows = rows.join(Organization, Organization.id == Prospect.organization_id).where(Prospect.stage.in_(OPEN))
    found = [(row[0], row[1], Subject(*row[2:])) for row in session.execute(rows)]
    scores = fits(session, [subject for _, _, subject in found], now=now)
    scored = [(prospect_id, stage, scores[subject.id].score) for prospect_id, stage, subject in found]
    return sorted(scored, key=lambda one: (one[2], one[0]), reverse=True)


def fits_of(session: Session, shown: Sequence[Prospect], *, now: datetime) -> dict[UUID, Fit]:
    """The fit of each of these prospects, by its id."""
    found = fits(session, [subject_of(one.organization) for one in shown], now=now)
    return {one.id: found[one.organization_id] for one in shown}


def load_in_order(session: Session, ids: Sequence[UUID]) -> list[Prospect]:
    """The prospects with these ids, in this order."""
    found = _load(session, ids)
    return [found[one] for one in ids]


_Heads = dict[Stage, tuple[int, list[UUID]]]
"""How many stand in a stage, and the first of them."""


def _best(session: Session, matching: Select[Prospect], size: int, now: datetime) -> _Heads:
    stages: dict[Stage, list[UUID]] = {}
    for prospect_id, stage, _ in by_fit(session, matching, now=now):
        stages.setdefault(stage, []).append(prospect_id)
    return {stage: (len(ids), ids[:size]) for stage, ids in stages.items()}


def _due_first(session: Session, matching: Select[Prospect], size: int) -> _Heads:
    in_order = (Prospect.next_action_on.asc().nulls_last(), Prospect.id)
    rank = func.row_number().over(partition_by=Prospect.stage, order_by=in_order).label("rank")
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
