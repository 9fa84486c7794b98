"""The histories of prospects, as the funnel wants them."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from services.membership.funnel import Funnel, Journey, funnels
from services.membership.model import Campaign, Organization, Prospect, ProspectEntry

CohortBy = Literal["period", "month", "country", "campaign", "owner"]


def conversion(session: Session, *, by: CohortBy, since: date, until: date, now: datetime) -> dict[str, Funnel]:
    """The funnels of the prospects opened from `since` to `until`, by cohort, by what had happened until `now`.

    A cohort is a month as 2026-05, a country, a campaign's id, or the owner they have now; "" where there is none, and
    for all of the period.
    """
    opened = [*_opened_between(since, until), Prospect.opened_at <= now]
    return funnels(_journeys(session, by, opened, now), now=now)


def campaign_names(session: Session) -> dict[str, str]:
    """What campaigns are called, by their id as a cohort says it."""
    return {str(row.id): row.name for row in session.execute(select(Campaign.id, Campaign.name))}


def _journeys(session: Session, by: CohortBy, opened: list[Any], now: datetime) -> Iterator[tuple[str, Journey]]:
    moves = _moves(session, [*opened, ProspectEntry.at <= now])
    rows = select(Prospect.id, Prospect.opened_at, _key(by)).where(*opened)
    if by == "country":
        rows = rows.join(Organization, Organization.id == Prospect.organization_id)
    for prospect_id, opened_at, cohort in session.execute(rows):
        yield str(cohort or ""), Journey(opened_at, moves.get(prospect_id, ()))


def _moves(session: Session, opened: list[Any]) -> dict[UUID, list[tuple[str, datetime]]]:
    rows = (
        select(ProspectEntry.prospect_id, ProspectEntry.stage, ProspectEntry.at)
        .join(Prospect, Prospect.id == ProspectEntry.prospect_id)
        .where(*opened, ProspectEntry.kind == "moved")
        .order_by(ProspectEntry.id)
    )
    found: dict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    for prospect_id, stage, at in session.execute(rows):
        found[prospect_id].append((stage or "", at))
    return found


def _key(by: CohortBy) -> Any:
    return {
        "period": literal(""),
        "month": func.to_char(Prospect.opened_at, "YYYY-MM"),
        "country": Organization.country,
        "campaign": Prospect.campaign_id,
        "owner": Prospect.owner,
    }[by]


def _opened_between(since: date, until: date) -> list[Any]:
    first, last = datetime.combine(since, time(), UTC), datetime.combine(until, time.max, UTC)
    return [Prospect.opened_at >= first, Prospect.opened_at <= last]
