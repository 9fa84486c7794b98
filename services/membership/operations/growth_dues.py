"""What a period brought of dues: what was assessed, and what became of what was billed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from services.membership.dues.collecting import Billing, Moved, billing
from services.membership.growing import Assessed
from services.membership.model import DuesAssessment, Entry, Posting
from shared.money import Money


def assessed(session: Session, *, since: date, until: date, known_at: datetime) -> list[Assessed]:
    """Dues assessed in the period, by year and currency."""
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


def billed(
    session: Session, *, since: date, until: date, known_at: datetime, places: Mapping[UUID, tuple[str, str]]
) -> Billing:
    """What became of dues in the period, from the postings recorded until `known_at` that count from its days.

    `places` are country and category by member.
    """
    return billing(_moved(session, since=since, until=until, known_at=known_at), places)


def _moved(session: Session, *, since: date, until: date, known_at: datetime) -> Iterator[Moved]:
    booked = case(
        (Entry.booked_on < since, "opening"),
        (Posting.kind.in_(("invoiced", "credited", "written_off")), Posting.kind),
        else_="collected",
    ).label("movement")
    query = (
        select(Entry.member_id, Entry.currency, booked, func.sum(Entry.minor))
        .join(Posting, Posting.id == Entry.posting_id)
        .where(Entry.account == "receivable", Entry.booked_on <= until, Posting.recorded_at <= known_at)
        .group_by(Entry.member_id, Entry.currency, booked)
    )
    for member_id, currency, movement, minor in session.execute(query):
        adds = movement in {"opening", "invoiced"}
        yield Moved(member_id, currency, movement, int(minor) if adds else -int(minor))
