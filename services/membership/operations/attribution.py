"""What led to a prospect and to a member: first touch, by what the prospect remembers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Date, String, Subquery, and_, case, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.membership.model import Campaign, Lead, Member, Prospect
from services.membership.operations.members import member

SourceKind = Literal["gathering", "campaign", "contact", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """What came first. `id` is the gathering's or the campaign's; a contact has only its words, `name`."""

    kind: SourceKind
    id: UUID | None
    name: str


UNKNOWN = Source(kind="unknown", id=None, name="")


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """The way back from a member: its prospect, the leads and campaign behind it, and which of them came first."""

    member: Member
    source: Source
    prospect: Prospect | None
    campaign: Campaign | None
    leads: Sequence[Lead]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one source brought in a period."""

    source: Source
    prospects: int
    members: int


def attribution(session: Session, *, member_id: UUID) -> Attribution:
    """How the member was won.

    Its first lead, if one was captured before the admission; else the campaign; else whatever staff wrote as source.
    """
    known = member(session, member_id=member_id)
    prospect = session.scalar(select(Prospect).where(Prospect.member_id == member_id))
    if not prospect:
        return Attribution(member=known, source=UNKNOWN, prospect=None, campaign=None, leads=())
    campaign = session.get(Campaign, prospect.campaign_id) if prospect.campaign_id else None
    theirs = select(Lead).where(Lead.prospect_id == prospect.id).order_by(Lead.captured_at, Lead.id)
    leads = session.scalars(theirs).all()
    source = _source(prospect, campaign, leads)
    return Attribution(member=known, source=source, prospect=prospect, campaign=campaign, leads=leads)


def _source(prospect: Prospect, campaign: Campaign | None, leads: Sequence[Lead]) -> Source:
    in_time = [one for one in leads if prospect.closed_at is None or one.captured_at <= prospect.closed_at]
    if in_time:
        return Source(kind="gathering", id=in_time[0].gathering_id, name=in_time[0].gathering)
    if campaign:
        return Source(kind="campaign", id=campaign.id, name=campaign.name)
    return Source(kind="contact", id=None, name=prospect.source)


def results_by_source(session: Session, *, since: date, until: date) -> list[Result]:
    """What each source brought from `since` to `until`: prospects opened, members admitted; the most members first.

    Sources as in `attribution`. A member without a prospect was admitted before there were any: unknown.
    """
    first = _first_leads()
    opened = cast(Prospect.opened_at, Date).between(since, until)
    admitted = Member.admitted_on.between(since, until)
    kind: Any = case(
        (first.c.gathering_id.is_not(None), "gathering"),
        (Campaign.id.is_not(None), "campaign"),
        (Prospect.id.is_not(None), "contact"),
        else_="unknown",
    )
    key = cast(func.coalesce(first.c.gathering_id, Campaign.id), String)
    name = func.coalesce(first.c.gathering, Campaign.name, Prospect.source, "")
    rows = (
        select(
            kind.label("kind"),
            key.label("key"),
            func.max(name).label("name"),
            func.count(Prospect.id).filter(opened).label("prospects"),
            func.count(Member.id).filter(admitted).label("members"),
        )
        .select_from(Prospect)
        .join(Member, Prospect.member_id == Member.id, full=True)
        .outerjoin(first, first.c.prospect_id == Prospect.id)
        .outerjoin(Campaign, Campaign.id == Prospect.campaign_id)
        .where(or_(opened, admitted))
        .group_by(kind, key, case((key.is_(None), name), else_=literal("")))
    )
    found = [
        Result(
            source=Source(kind=row.kind, id=UUID(row.key) if row.key else None, name=row.name),
            prospects=row.prospects,
            members=row.members,
        )
        for row in session.execute(rows)
    ]
    return sorted(found, key=lambda one: (-one.members, -one.prospects, one.source.kind, one.source.name))


def _first_leads() -> Subquery:
    """Of each prospect the first lead that was captured before it closed."""
    in_time = or_(Prospect.closed_at.is_(None), Lead.captured_at <= Prospect.closed_at)
    return (
        select(Lead.prospect_id, Lead.gathering_id, Lead.gathering)
        .join(Prospect, and_(Prospect.id == Lead.prospect_id, in_time))
        .ext(distinct_on(Lead.prospect_id))
        .order_by(Lead.prospect_id, Lead.captured_at, Lead.id)
        .subquery()
    )
