"""Rounds, statistics and formulas for tests."""

from copy import deepcopy
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.dues import EXAMPLE
from services.membership.model import DuesFormula, Member, StatisticDeclaration, StatisticRound
from tests.membership.making import NOW, TODAY, a_member

YEAR = 2026


def address(link_id: UUID) -> str:
    return f"https://membership.invalid/{link_id}"


def named_member(session: Session, name: str, **facts: Any) -> Member:
    """A member of its own organization, admitted before the year."""
    return a_member(
        session, **{"name": f"Federación {name}", "locality": name, "admitted_on": date(2020, 3, 1)} | facts
    )


def terms(**changes: Any) -> dict[str, Any]:
    return deepcopy(dict(EXAMPLE)) | changes


def a_round(session: Session, year: int = YEAR, **dates: date) -> StatisticRound:
    planned = {"opens_on": TODAY, "due_on": TODAY + timedelta(30), "closes_on": TODAY + timedelta(60)}
    return operations.open_round(session, year=year, **planned | dates, actor="ana", now=NOW)


def statistic_of(session: Session, member: Member, year: int = YEAR) -> StatisticDeclaration:
    query = select(StatisticDeclaration)
    return session.scalars(
        query.where(StatisticDeclaration.member_id == member.id, StatisticDeclaration.year == year)
    ).one()


def declared(session: Session, member: Member, persons: int, year: int = YEAR, **facts: Any) -> StatisticDeclaration:
    declaration = statistic_of(session, member, year)
    return operations.declare_statistic(session, declaration, persons=persons, **facts, actor="eva", now=NOW)


def accepted(session: Session, member: Member, persons: int, year: int = YEAR, **facts: Any) -> StatisticDeclaration:
    declaration = declared(session, member, persons, year, **facts)
    return operations.accept_statistic(session, declaration, actor="ana", now=NOW)


def a_draft(session: Session, *, effective_from: date = date(2026, 1, 1), **changes: Any) -> DuesFormula:
    return operations.draft_formula(
        session,
        name="Example",
        terms=terms(**{"statistics_lag": 0} | changes),
        effective_from=effective_from,
        reason="proposal",
        actor="ana",
        now=NOW,
    )


def a_formula(session: Session, *, effective_from: date = date(2026, 1, 1), **changes: Any) -> DuesFormula:
    """Approved, and in force from the year's first day."""
    draft = a_draft(session, effective_from=effective_from, **changes)
    return operations.approve_formula(session, draft, reason="Assembly 4", actor="eva", now=NOW)
