"""Persons the members represent: what each declared for its latest year and the secretariat accepted."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Subquery, select
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
    said, decided = _declared(known_at), _decided(known_at)
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


def _declared(known_at: datetime) -> Subquery:
    """The last figures of each declaration."""
    persons = StatisticStep.figures["persons"].astext.cast(BigInteger).label("persons")
    return (
        select(StatisticStep.statistic_id, persons)
        .where(StatisticStep.step == "declared", StatisticStep.at <= known_at)
        .ext(distinct_on(StatisticStep.statistic_id))
        .order_by(StatisticStep.statistic_id, StatisticStep.number.desc())
        .subquery()
    )


def _decided(known_at: datetime) -> Subquery:
    """The last word on each declaration; links come and go without one."""
    return (
        select(StatisticStep.statistic_id, StatisticStep.step)
        .where(StatisticStep.step.in_(("declared", "questioned", "accepted")), StatisticStep.at <= known_at)
        .ext(distinct_on(StatisticStep.statistic_id))
        .order_by(StatisticStep.statistic_id, StatisticStep.number.desc())
        .subquery()
    )
