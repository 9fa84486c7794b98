"""Statistic declarations: find, declare, accept, question."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.model import (
    Member,
    Organization,
    StatisticDeclaration,
    UnknownStatistic,
)
from services.membership.model.statistics import DeclarationState
from services.membership.operations.rounds import has_contact
from services.membership.plausibility import Figures, Warned, warnings
from shared.contracts.membership import StatisticDecided, StatisticDeclared, StatisticVerdict
from shared.messaging.outbox import publish
from shared.money import Money


def statistic(session: Session, *, statistic_id: UUID) -> StatisticDeclaration:
    found = session.get(StatisticDeclaration, statistic_id)
    if not found:
        raise UnknownStatistic(statistic_id=statistic_id)
    return found


def statistic_to_change(session: Session, *, statistic_id: UUID) -> StatisticDeclaration:
    """The declaration, locked: who comes second waits, and sees what the first one did."""
    lock = {"of": StatisticDeclaration}
    found = session.get(StatisticDeclaration, statistic_id, with_for_update=lock, populate_existing=True)
    if not found:
        raise UnknownStatistic(statistic_id=statistic_id)
    return found


def statistics(
    *,
    round_id: UUID | None = None,
    year: int | None = None,
    state: DeclarationState | None = None,
    country: str | None = None,
    member_id: UUID | None = None,
    reachable: bool | None = None,
) -> Select[StatisticDeclaration]:
    query = select(StatisticDeclaration)
    if round_id is not None:
        query = query.where(StatisticDeclaration.round_id == round_id)
    if year is not None:
        query = query.where(StatisticDeclaration.year == year)
    if state is not None:
        query = query.where(StatisticDeclaration.state == state)
    if member_id is not None:
        query = query.where(StatisticDeclaration.member_id == member_id)
    if country is not None:
        query = query.where(StatisticDeclaration.member.has(Member.organization.has(Organization.country == country)))
    if reachable is not None:
        theirs = StatisticDeclaration.member.has(has_contact())
        query = query.where(theirs if reachable else ~theirs)
    return query


def year_before(session: Session, of: StatisticDeclaration) -> StatisticDeclaration | None:
    """The same member's last accepted declaration of an earlier year: what the form begins with."""
    earlier = select(StatisticDeclaration).where(
        StatisticDeclaration.member_id == of.member_id,
        StatisticDeclaration.year < of.year,
        StatisticDeclaration.state == "accepted",
    )
    return session.scalars(earlier.order_by(StatisticDeclaration.year.desc()).limit(1)).first()


def check_statistic(
    session: Session,
    checked: StatisticDeclaration,
    *,
    persons: int,
    workers: int | None = None,
    turnover: Money | None = None,
    **_: Any,
) -> list[Warned]:
    """What of these figures would have to be confirmed; nothing is changed."""
    before = year_before(session, checked)
    figures = Figures(persons=persons, workers=workers, turnover=turnover)
    return warnings(figures, before.figures if before else None, checked.round.thresholds)


def declare_statistic(
    session: Session,
    declared: StatisticDeclaration,
    *,
    persons: int,
    workers: int | None = None,
    turnover: Money | None = None,
    breakdown: list[dict[str, Any]] | None = None,
    source: str = "",
    evidence: str = "",
    confirmation: str = "",
    actor: str,
    now: datetime,
) -> StatisticDeclaration:
    """Take the figures, whoever declares them; they are not accepted yet."""
    warned = check_statistic(session, declared, persons=persons, workers=workers, turnover=turnover)
    declared.declare(
        Figures(persons=persons, workers=workers, turnover=turnover),
        breakdown=breakdown or [],
        source=source,
        evidence=evidence,
        confirmation=confirmation,
        warned=warned,
        now=now,
        actor=actor,
    )
    session.flush()
    fact = StatisticDeclared(
        statistic_id=declared.id,
        member_id=declared.member_id,
        organization_id=declared.member.organization_id,
        year=declared.year,
        persons=persons,
    )
    publish(session, fact, at=now)
    return declared


def accept_statistic(
    session: Session, accepted: StatisticDeclaration, *, note: str = "", actor: str, now: datetime
) -> StatisticDeclaration:
    """The figures hold; dues may be computed from them."""
    accepted.accept(note, now=now, actor=actor)
    session.flush()
    announce_decision(session, accepted, "accepted", at=now)
    return accepted


def announce_decision(
    session: Session, decided: StatisticDeclaration, verdict: StatisticVerdict, *, at: datetime
) -> None:
    """Let readers know whether the persons declared count."""
    assert decided.persons is not None
    fact = StatisticDecided(
        statistic_id=decided.id,
        member_id=decided.member_id,
        organization_id=decided.member.organization_id,
        year=decided.year,
        persons=decided.persons,
        verdict=verdict,
    )
    publish(session, fact, at=at)
