"""The board: every state in which applications are open, and what stands longest in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func
from sqlalchemy.orm import Session

from services.membership.model import MembershipApplication
from services.membership.model.application_states import OPEN, ApplicationState
from services.membership.operations.applications import applications, whole


@dataclass(frozen=True, kw_only=True)
class ApplicationColumn:
    """A state: how many stand there, how many should have been answered, and those that stand there longest."""

    state: ApplicationState
    count: int
    overdue: int
    applications: Sequence[MembershipApplication]


@dataclass(frozen=True, kw_only=True)
class ApplicationBoard:
    """All columns, in the order of the states."""

    columns: Sequence[ApplicationColumn]


def application_board(session: Session, *, size: int, today: date, **filters: Any) -> ApplicationBoard:
    """The open applications that match `filters`, by state; the first `size` of each."""
    matching = applications(state="open", **filters)
    counts = _counts(session, matching, today)
    columns = [
        ApplicationColumn(
            state=state,
            count=counts.get(state, (0, 0))[0],
            overdue=counts.get(state, (0, 0))[1],
            applications=_longest(session, matching, state, size) if state in counts else (),
        )
        for state in OPEN
    ]
    return ApplicationBoard(columns=columns)


def _counts(
    session: Session, matching: Select[MembershipApplication], today: date
) -> dict[ApplicationState, tuple[int, int]]:
    row = MembershipApplication
    overdue = func.count().filter(row.due_on < today)
    grouped = matching.with_only_columns(row.state, func.count(), overdue, maintain_column_froms=True)
    return {state: (count, late) for state, count, late in session.execute(grouped.group_by(row.state))}


def _longest(
    session: Session, matching: Select[MembershipApplication], state: ApplicationState, size: int
) -> Sequence[MembershipApplication]:
    row = MembershipApplication
    there = matching.where(row.state == state).order_by(row.state_since, row.id)
    return session.scalars(there.limit(size).options(*whole())).all()
