"""The growth report, from facts with a day as known at an instant, so that a past period stays as it was."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from services.membership.funnel import funnel
from services.membership.growing import Assessed, GrowthReport, Membership, growth
from services.membership.model import DuesAssessment, Member, Organization, OrganizationChange
from services.membership.operations.funnel import conversion
from services.membership.operations.representation import persons_represented
from services.membership.operations.standing import ensure_known, policies
from services.membership.operations.voters import facts_of_day
from services.membership.standing import Course
from shared.money import Money


def growth_report(
    session: Session, *, since: date, until: date, known_at: datetime | None = None, now: datetime
) -> GrowthReport:
    """What the days from `since` to `until` brought, by what is known now or was known at `known_at`.

    Country and sectors are those known at that instant, whatever they were on the days.
    """
    instant, eve = ensure_known(known_at, now=now), since - timedelta(days=1)
    found = growth(
        memberships(session, on=until, known_at=instant),
        since=since,
        until=until,
        persons_before=persons_represented(session, year=eve.year, known_at=instant),
        persons_after=persons_represented(session, year=until.year, known_at=instant),
    )
    opened = conversion(session, by="period", since=since, until=until, now=instant)
    return GrowthReport(
        since=since,
        until=until,
        known_at=instant,
        growth=found,
        funnel=opened.get("", funnel([], now=instant)),
        dues=_assessed(session, since=since, until=until, known_at=instant),
    )


def memberships(session: Session, *, on: date, known_at: datetime) -> Iterator[Membership]:
    """Every membership that had begun by a day, and its end where it had ended by then."""
    known = [one for one in policies(session) if one.recorded_at is None or one.recorded_at <= known_at]
    facts = facts_of_day(session, known, on=on, known_at=known_at)
    was = _described_before(session, known_at=known_at)
    columns = (Member.id, Member.category, Member.organization_id, Organization.country, Organization.sectors)
    for row in session.execute(select(*columns).join(Organization, Organization.id == Member.organization_id)):
        course = Course(facts.get(row.id, ()), known)
        if course.admitted_on and course.admitted_on <= on:
            described = {"country": row.country, "sectors": row.sectors} | was.get(row.organization_id, {})
            ended_on, rule = _end(course, on)
            yield Membership(
                member_id=row.id,
                category=row.category,
                joined_on=course.admitted_on,
                ended_on=ended_on and max(ended_on, course.admitted_on),
                rule=rule,
                **described,
            )


def _end(course: Course, on: date) -> tuple[Any, Any]:
    state = course.state(on)
    if state.standing in {"resigned", "terminated"}:
        return state.reasons[0].since, state.reasons[0].rule
    return None, None


def _described_before(session: Session, *, known_at: datetime) -> dict[UUID, dict[str, Any]]:
    """Of members' organizations whose country or sectors changed after an instant, what they were until then."""
    row = OrganizationChange
    query = (
        select(row.organization_id, row.fields)
        .where(row.changed_at > known_at, or_(row.fields.has_key("country"), row.fields.has_key("sectors")))
        .where(row.organization_id.in_(select(Member.organization_id)))
        .order_by(row.changed_at.desc(), row.id.desc())
    )
    found: dict[UUID, dict[str, Any]] = {}
    for organization_id, fields in session.execute(query):
        before = {name: fields[name][0] for name in ("country", "sectors") if fields.get(name, [None])[0] is not None}
        found.setdefault(organization_id, {}).update(before)
    return found


def _assessed(session: Session, *, since: date, until: date, known_at: datetime) -> list[Assessed]:
    row, beyond = DuesAssessment, datetime.combine(until, time.max, UTC)
    query = (
        select(row.year, row.currency, func.count(), func.sum(row.minor))
        .where(row.assessed_at.between(datetime.combine(since, time(), UTC), min(beyond, known_at)))
        .group_by(row.year, row.currency)
        .order_by(row.year, row.currency)
    )
    return [
        Assessed(year=year, assessments=count, amount=Money(int(minor), currency))
        for year, currency, count, minor in session.execute(query)
    ]
