"""Persons the members represent: what each declared for its latest year and the secretariat accepted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, Subquery, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.membership.model import Member, StatisticDeclaration, StatisticStep
from services.membership.operations.candidates import any_of


def persons_represented(
    session: Session,
    *,
    year: int,
    known_at: datetime,
    member_ids: Sequence[UUID] | None = None,
) -> dict[UUID, int]:
    """By member, all or those named, of the latest year up to `year` whose figures stood accepted at `known_at`.

    The others are absent.
    """
    said, decided = _declared(known_at, member_ids), _decided(known_at, member_ids)
    query = (
        select(StatisticDeclaration.member_id, said.c.persons)
        .join(said, said.c.statistic_id == StatisticDeclaration.id)
        .join(decided, decided.c.statistic_id == StatisticDeclaration.id)
        .where(StatisticDeclaration.year <= year, decided.c.step == "accepted")
        .ext(distinct_on(StatisticDeclaration.member_id))
        .order_by(StatisticDeclaration.member_id, StatisticDeclaration.year.desc())
    )
    if member_ids is not None:
        query = query.where(StatisticDeclaration.member_id == any_of(member_ids))
    return dict(session.execute(query).all())


def persons_by_organization(
    session: Session, *, year: int, known_at: datetime, organization_ids: Sequence[UUID] | None = None
) -> dict[UUID, int]:
    """The same by organization; an organization that was a member before counts by its last membership."""
    owners = select(Member.id, Member.organization_id).order_by(Member.admitted_on, Member.id)
    if organization_ids is not None:
        owners = owners.where(Member.organization_id == any_of(organization_ids))
    owned = session.execute(owners).all()
    named = [member for member, _ in owned] if organization_ids is not None else None
    known = persons_represented(session, year=year, known_at=known_at, member_ids=named) if owned else {}
    return {owner: known[member] for member, owner in owned if member in known}


def _declared(known_at: datetime, member_ids: Sequence[UUID] | None) -> Subquery:
    """The last figures of each declaration."""
    persons = StatisticStep.figures["persons"].astext.cast(BigInteger).label("persons")
    return _last(select(StatisticStep.statistic_id, persons), ("declared",), known_at, member_ids)


def _decided(known_at: datetime, member_ids: Sequence[UUID] | None) -> Subquery:
    """The last word on each declaration; links come and go without one."""
    words = ("declared", "questioned", "accepted")
    return _last(select(StatisticStep.statistic_id, StatisticStep.step), words, known_at, member_ids)


def _last(
    rows: Select[*tuple[Any, ...]], steps: Sequence[str], known_at: datetime, member_ids: Sequence[UUID] | None
) -> Subquery:
    """The last of these steps of each declaration. For some members, only theirs are sorted."""
    if member_ids is not None:
        theirs = select(StatisticDeclaration.id).where(StatisticDeclaration.member_id == any_of(member_ids))
        rows = rows.where(StatisticStep.statistic_id.in_(theirs))
    return (
        rows.where(StatisticStep.step.in_(steps), StatisticStep.at <= known_at)
        .ext(distinct_on(StatisticStep.statistic_id))
        .order_by(StatisticStep.statistic_id, StatisticStep.number.desc())
        .subquery()
    )
