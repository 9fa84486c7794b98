"""Statistic rounds: open, change, and how one stands."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, exists, func, insert, select
from sqlalchemy.orm import Session

from services.membership.model import (
    Contact,
    Member,
    Organization,
    RoundExists,
    StatisticDeclaration,
    StatisticRound,
    StatisticStep,
    UnknownRound,
)
from services.membership.model.members import LIVE
from services.membership.plausibility import DEFAULT_THRESHOLDS, Thresholds
from shared.ids import uuid7

_STATES = ("requested", "declared", "questioned", "accepted")


def statistic_round(session: Session, *, round_id: UUID) -> StatisticRound:
    found = session.get(StatisticRound, round_id)
    if not found:
        raise UnknownRound(round_id=round_id)
    return found


def round_to_change(session: Session, *, round_id: UUID) -> StatisticRound:
    """The round, locked."""
    found = session.get(StatisticRound, round_id, with_for_update=True, populate_existing=True)
    if not found:
        raise UnknownRound(round_id=round_id)
    return found


def statistic_rounds() -> Select[StatisticRound]:
    return select(StatisticRound)


def open_round(
    session: Session,
    *,
    year: int,
    opens_on: date,
    due_on: date,
    closes_on: date,
    thresholds: Thresholds | None = None,
    actor: str,
    now: datetime,
) -> StatisticRound:
    """A round with a declaration to fill in for every present member; nobody is written to yet."""
    if session.scalar(select(StatisticRound.id).where(StatisticRound.year == year)):
        raise RoundExists(year=year, pointer="/year")
    opened = StatisticRound(id=uuid7(), year=year, opened_at=now, opened_by=actor)
    opened.plan(
        reason="",
        now=now,
        actor=actor,
        opens_on=opens_on,
        due_on=due_on,
        closes_on=closes_on,
        thresholds={**DEFAULT_THRESHOLDS, **(thresholds or {})},
    )
    session.add(opened)
    session.flush()
    include_members(session, opened, actor=actor, now=now)
    return opened


def change_round(
    session: Session, changed: StatisticRound, *, reason: str, actor: str, now: datetime, **facts: Any
) -> StatisticRound:
    """Move dates or thresholds; figures that were taken keep the warnings they were taken with."""
    if "thresholds" in facts:
        facts["thresholds"] = changed.thresholds | facts["thresholds"]
    changed.plan(reason=reason, now=now, actor=actor, **facts)
    session.flush()
    return changed


def include_members(session: Session, into: StatisticRound, *, actor: str, now: datetime) -> int:
    """A declaration for each present member that has none in the round; how many were added."""
    there = exists().where(StatisticDeclaration.round_id == into.id, StatisticDeclaration.member_id == Member.id)
    missing = session.scalars(select(Member.id).where(Member.standing.in_(LIVE), ~there)).all()
    rows = [
        {
            "id": uuid7(),
            "version": 1,
            "round_id": into.id,
            "member_id": member_id,
            "year": into.year,
            "state": "requested",
            "breakdown": [],
            "source": "",
            "evidence": "",
            "warnings": [],
            "confirmation": "",
            "question": "",
            "changed_at": now,
        }
        for member_id in missing
    ]
    if rows:
        session.execute(insert(StatisticDeclaration), rows)
        first = {"number": 1, "step": "requested", "note": "", "figures": None, "at": now, "by": actor}
        session.execute(insert(StatisticStep), [{"statistic_id": row["id"], **first} for row in rows])
    return len(rows)


def has_contact() -> ColumnElement[bool]:
    """The member can be written to."""
    return exists().where(Contact.organization_id == Member.organization_id, Contact.email != "")


def round_overview(session: Session, *, round_id: UUID) -> dict[str, Any]:
    """How many declarations are where, all in all and by country, and how many have nobody to write to."""
    statistic_round(session, round_id=round_id)
    states = StatisticDeclaration.state
    columns = [func.count(case((states == state, 1))).label(state) for state in _STATES]
    accepted = case((states == "accepted", StatisticDeclaration.persons), else_=0)
    query = (
        select(
            Organization.country,
            func.count().label("members"),
            *columns,
            func.count(case((~has_contact(), 1))).label("without_contact"),
            func.coalesce(func.sum(accepted), 0).label("persons_accepted"),
        )
        .select_from(StatisticDeclaration)
        .join(Member, Member.id == StatisticDeclaration.member_id)
        .join(Organization, Organization.id == Member.organization_id)
        .where(StatisticDeclaration.round_id == round_id)
        .group_by(Organization.country)
        .order_by(Organization.country)
    )
    countries = [dict(row) for row in session.execute(query).mappings()]
    numbers = ("members", *_STATES, "without_contact", "persons_accepted")
    total = {name: sum(int(row[name]) for row in countries) for name in numbers}
    return {"round_id": round_id, **total, "by_country": countries}
