"""Changes of level, each said once of the day it came with, when that day is over, however late the schedule is."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from services.membership.engagement import Picture
from services.membership.model import EngagementLine, EngagementWatch, Member
from services.membership.model.members import LIVE
from services.membership.operations.engagement import Gathered, gather
from services.membership.policy import days_after
from shared.contracts.membership import EngagementChanged
from shared.messaging.outbox import publish_all

AT_ONCE = 500
"""So many members are looked at in one transaction."""

_LOCK = 5_120_028
"""An advisory lock; the number means nothing else."""


def announce_engagement(session: Session, *, now: datetime) -> int:
    """Say what the days until yesterday have changed of the next members; how many were looked at, 0 when all were.

    A level is said of a day that is over, so it is the same whenever the schedule came to it. Another process that
    comes meanwhile finds nothing to do.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return 0
    yesterday = now.date() - timedelta(days=1)
    due = session.execute(_due(yesterday)).all()
    if not due:
        return 0
    watches = [watch or EngagementWatch(member_id=member.id, level="engaged") for member, watch in due]
    first = min(watch.through or yesterday for watch in watches)
    found = gather(session, [member.id for member, _ in due], since=first, until=yesterday)
    facts: list[EngagementChanged] = []
    for (member, _), watch in zip(due, watches, strict=True):
        for seen in _changes(found, member, watch, yesterday):
            session.add(_line(member, watch, seen, now))
            facts.append(_fact(member, watch, seen))
            watch.level = seen.level
        watch.through = yesterday
        session.add(watch)
    session.flush()
    publish_all(session, facts, at=now)
    return len(due)


def engagement_lines(*, member_id: UUID) -> Select[EngagementLine]:
    """What was announced of a member."""
    return select(EngagementLine).where(EngagementLine.member_id == member_id)


def _due(yesterday: date) -> Select[Member, EngagementWatch | None]:
    """Who was a member yesterday and is one, and was not looked at since."""
    query = (
        select(Member, EngagementWatch)
        .outerjoin(EngagementWatch, EngagementWatch.member_id == Member.id)
        .where(Member.standing.in_(LIVE), Member.admitted_on <= yesterday)
        .where(or_(EngagementWatch.through.is_(None), EngagementWatch.through < yesterday))
    )
    return query.order_by(Member.id).limit(AT_ONCE)


def _changes(found: Gathered, member: Member, watch: EngagementWatch, yesterday: date) -> Iterator[Picture]:
    """The days since the last that was looked at that brought another level; of who never was, yesterday alone."""
    day = days_after(watch.through, 1) if watch.through else yesterday
    while day <= yesterday:
        seen = found.on(member.id, day)[1]
        if seen and seen.level != watch.level:
            yield seen
        day = days_after(day, 1)


def _line(member: Member, watch: EngagementWatch, seen: Picture, now: datetime) -> EngagementLine:
    line = EngagementLine(member_id=member.id, effective_on=seen.at, previous=watch.level, level=seen.level)
    line.risk, line.announced_at = seen.risk, now
    return line


def _fact(member: Member, watch: EngagementWatch, seen: Picture) -> EngagementChanged:
    return EngagementChanged(
        member_id=member.id,
        organization_id=member.organization_id,
        previous_level=watch.level,
        level=seen.level,
        effective_on=seen.at,
        risk=seen.risk,
        reasons=tuple(one.kind for one in seen.reasons),
        suggested=seen.suggested or "",
    )
