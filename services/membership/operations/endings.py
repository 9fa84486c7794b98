"""When memberships ended."""

from datetime import date

from sqlalchemy import ColumnElement, case, select

from services.membership.model import Member, StandingChange
from services.membership.model.members import LIVE


def ended_on() -> ColumnElement[date | None]:
    """Of the query's Member: the day it ended as last announced; NULL while it lasts, and where an end was voided."""
    last = (
        select(StandingChange.effective_on)
        .where(StandingChange.member_id == Member.id)
        .order_by(StandingChange.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    return case((Member.standing.not_in(LIVE), last))
