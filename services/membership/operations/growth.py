"""Growth targets, what came of them, and the forecast."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from services.membership.forecast import Forecast, Past, forecast, past_of
from services.membership.funnel import ON_THE_WAY, Journey
from services.membership.model import (
    GrowthTarget,
    Member,
    Organization,
    Prospect,
    ProspectEntry,
    UnknownTarget,
)
from services.membership.model.growth import REGION
from services.membership.operations.endings import ended_on
from shared.ids import uuid7

LOOKBACK = timedelta(days=3 * 365)
"""The forecast learns from prospects that ended within these years."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A target, what has come of it, and what is to be expected."""

    year: int
    country: str
    target: GrowthTarget | None
    left: int
    forecast: Forecast


def target(session: Session, *, year: int, country: str | None = None) -> GrowthTarget:
    found = session.scalar(_target(year, country))
    if not found:
        raise UnknownTarget(year=year, country=country or "-")
    return found


def target_or_none(session: Session, *, year: int, country: str | None = None) -> GrowthTarget | None:
    return session.scalar(_target(year, country))


def targets(*, year: int | None = None, country: str | None = None) -> Select[GrowthTarget]:
    """Every setting there was; of a year and country the last one counts."""
    query = select(GrowthTarget)
    if year is not None:
        query = query.where(GrowthTarget.year == year)
    return query if country is None else query.where(GrowthTarget.country == country)


_one_at_a_time = text("SELECT pg_advisory_xact_lock(hashtextextended('target ' || :key, 0))")


def target_to_change(session: Session, *, year: int, country: str | None = None) -> GrowthTarget | None:
    """The target there is, if any; whoever else would set it waits until this transaction ends."""
    session.execute(_one_at_a_time, {"key": f"{year} {country or REGION}"})
    return target_or_none(session, year=year, country=country)


def set_target(
    session: Session,
    *,
    year: int,
    admissions: int,
    country: str | None = None,
    reason: str = "",
    actor: str,
    now: datetime,
) -> GrowthTarget:
    """What the year is meant to bring, from now on; of two who set it at once the second is told."""
    before = target_to_change(session, year=year, country=country)
    setting = GrowthTarget(
        id=uuid7(),
        year=year,
        country=country or REGION,
        number=before.number + 1 if before else 1,
        admissions=admissions,
        reason=reason,
        set_at=now,
        set_by=actor,
    )
    session.add(setting)
    session.flush()
    return setting


def progress(session: Session, *, year: int, country: str | None = None, now: datetime) -> Progress:
    """Admissions of the year so far beside its target, members that left meanwhile, and the forecast with its basis."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    of_country = [Organization.country == country] if country else []
    admitted = _count_members(session, Member.admitted_on.between(first, min(last, now.date())), *of_country)
    gone = _count_left(session, first, last, *of_country)
    standing = (
        select(Prospect.stage, func.count())
        .join(Organization, Organization.id == Prospect.organization_id)
        .where(Prospect.stage.in_(ON_THE_WAY), *of_country)
        .group_by(Prospect.stage)
    )
    expected = forecast(
        year=year,
        today=now.date(),
        admitted=admitted,
        open_by_stage={row[0]: row[1] for row in session.execute(standing)},
        past=_past(session, now, *of_country),
    )
    found = target_or_none(session, year=year, country=country)
    return Progress(year=year, country=country or REGION, target=found, left=gone, forecast=expected)


def _target(year: int, country: str | None) -> Select[GrowthTarget]:
    settings = targets(year=year, country=country or REGION)
    return settings.order_by(GrowthTarget.number.desc()).limit(1)


def _count_members(session: Session, *conditions: Any) -> int:
    query = select(func.count()).select_from(Member).join(Organization, Organization.id == Member.organization_id)
    return session.scalar(query.where(*conditions)) or 0


def _count_left(session: Session, first: date, last: date, *conditions: Any) -> int:
    return _count_members(session, ended_on().between(first, last), *conditions)


def _past(session: Session, now: datetime, *conditions: Any) -> list[Past]:
    ended = Prospect.closed_at > now - LOOKBACK, *conditions
    moves: dict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    steps = (
        select(ProspectEntry.prospect_id, ProspectEntry.stage, ProspectEntry.at)
        .join(Prospect, Prospect.id == ProspectEntry.prospect_id)
        .join(Organization, Organization.id == Prospect.organization_id)
        .where(*ended, ProspectEntry.kind == "moved")
    )
    for prospect_id, stage, at in session.execute(steps.order_by(ProspectEntry.id)):
        moves[prospect_id].append((str(stage), at))
    rows = select(Prospect.id, Prospect.opened_at).join(Organization, Organization.id == Prospect.organization_id)
    return [
        past_of(Journey(opened_at=opened_at, moves=moves[prospect_id]))
        for prospect_id, opened_at in session.execute(rows.where(*ended))
    ]
