"""The growth report, from facts with a day as known at an instant, so that a past period stays as it was."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.membership.funnel import funnel
from services.membership.growing import GrowthReport, Membership, growth
from services.membership.model import Member, Merge, Organization, OrganizationChange
from services.membership.operations.funnel import conversion
from services.membership.operations.growth_dues import assessed, billed
from services.membership.operations.representation import persons_represented
from services.membership.operations.standing import ensure_known, policies
from services.membership.operations.voters import facts_of_day
from services.membership.standing import Course

_MEMBERS = "members.organization_id"
"""What a merge calls the memberships that moved with it."""


def growth_report(
    session: Session, *, since: date, until: date, known_at: datetime | None = None, now: datetime
) -> GrowthReport:
    """What the days from `since` to `until` brought, by what is known now or was known at `known_at`.

    Country and sectors are those known at that instant, whatever they were on the days; merges of organizations that
    were made or undone since don't change them.
    """
    instant, eve = ensure_known(known_at, now=now), since - timedelta(days=1)
    described = _described(session, known_at=instant)
    found = growth(
        _memberships(session, described, on=until, known_at=instant),
        since=since,
        until=until,
        persons_before=persons_represented(session, year=eve.year, known_at=instant),
        persons_after=persons_represented(session, year=until.year, known_at=instant),
    )
    places = {member_id: (facts["country"], facts["category"]) for member_id, facts in described.items()}
    opened = conversion(session, by="period", since=since, until=until, now=instant)
    return GrowthReport(
        since=since,
        until=until,
        known_at=instant,
        growth=found,
        funnel=opened.get("", funnel([], now=instant)),
        dues=assessed(session, since=since, until=until, known_at=instant),
        billing=billed(session, since=since, until=until, known_at=instant, places=places),
    )


def _described(session: Session, *, known_at: datetime) -> dict[UUID, dict[str, Any]]:
    """Category, country and sectors of every member, as they were at an instant."""
    placed = _placed_before(session, known_at=known_at)
    known = _described_at(session, {*placed.values()}, known_at=known_at)
    rows = session.execute(select(Member.id, Member.category, Member.organization_id))
    return {
        member_id: {"category": category, **known[placed.get(member_id, organization_id)]}
        for member_id, category, organization_id in rows
    }


def _memberships(
    session: Session, described: Mapping[UUID, dict[str, Any]], *, on: date, known_at: datetime
) -> Iterator[Membership]:
    """Every membership that had begun by a day, and its end where it had ended by then."""
    known = [one for one in policies(session) if one.recorded_at is None or one.recorded_at <= known_at]
    facts = facts_of_day(session, known, on=on, known_at=known_at)
    for member_id, said in described.items():
        course = Course(facts.get(member_id, ()), known)
        if course.admitted_on and course.admitted_on <= on:
            end = course.ended(on)
            yield Membership(
                member_id=member_id,
                joined_on=course.admitted_on,
                ended_on=max(end.since, course.admitted_on) if end else None,
                rule=end.rule if end else None,
                **said,
            )


def _placed_before(session: Session, *, known_at: datetime) -> dict[UUID, UUID]:
    """Of members that merges, or their undoing, took elsewhere after an instant, the organization they were of then."""
    row, ids = Merge, Merge.moved[_MEMBERS]
    query = select(row.merged_at, row.loser_id, row.undone_at, row.survivor_id, ids)
    query = query.where(row.moved.has_key(_MEMBERS), or_(row.merged_at > known_at, row.undone_at > known_at))
    ways = []
    for merged_at, loser_id, undone_at, survivor_id, moved in session.execute(query.order_by(row.merged_at, row.id)):
        ways += [(merged_at, loser_id, moved), (undone_at, survivor_id, moved)]
    found: dict[UUID, UUID] = {}
    for _, left, moved in sorted((way for way in ways if way[0] and way[0] > known_at), key=lambda way: way[0]):
        for member_id in moved:
            found.setdefault(UUID(member_id), left)
    return found


def _described_at(session: Session, others: set[UUID], *, known_at: datetime) -> dict[UUID, dict[str, Any]]:
    """Country and sectors, as they were at an instant, of members' organizations and of `others`."""
    row, theirs = OrganizationChange, Organization.id.in_(select(Member.organization_id))
    known = or_(theirs, Organization.id.in_(others)) if others else theirs
    columns = (Organization.id, Organization.country, Organization.sectors)
    found = {
        organization_id: {"country": country, "sectors": sectors}
        for organization_id, country, sectors in session.execute(select(*columns).where(known))
    }
    later = (
        select(row.organization_id, row.fields)
        .where(row.changed_at > known_at, or_(row.fields.has_key("country"), row.fields.has_key("sectors")))
        .where(row.organization_id.in_(select(Organization.id).where(known)))
        .order_by(row.changed_at.desc(), row.id.desc())
    )
    for organization_id, fields in session.execute(later):
        before = {name: fields[name][0] for name in ("country", "sectors") if fields.get(name, [None])[0] is not None}
        found[organization_id].update(before)
    return found
