"""How near members are on a day: of one with its trend, and of all with who is drifting away first."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.engagement import Direction, Picture, Signal, direction, end_of, picture
from services.membership.engagement_weights import Weights, in_force
from services.membership.facts import Fact
from services.membership.model import Member, NoMemberThen, NotYetSo, Organization, StandingFact
from services.membership.model.members import LIVE
from services.membership.operations.candidates import any_of
from services.membership.operations.engagement_signals import (
    Declaration,
    Span,
    declarations,
    expectations,
    late_days,
    rounds,
    statistics,
    support,
    told,
)
from services.membership.operations.standing import facts_by_member, plain_facts, policies
from services.membership.operations.voters import facts_of_day
from services.membership.policy import Policy, days_after
from services.membership.standing import Course, State
from shared.contracts.membership import EngagementLevel, Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """Beside an earlier day; neither picture nor direction where it was no member then."""

    on: date
    picture: Picture | None
    direction: Direction | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Engagement:
    """A member of a day, and how near it was then. Name, country and owner are today's."""

    member_id: UUID
    name: str
    folded_name: str
    country: str
    owner: str | None
    standing: Standing
    picture: Picture


class Gathered:
    """What is known of members through a span of days, to be asked about each of them and any of its days."""

    def __init__(self, session: Session, span: Span) -> None:
        self._policies = policies(session)
        self._facts = _facts(session, span, self._policies)
        self._signals: dict[UUID, list[Signal]] = defaultdict(list)
        for member_id, signal in (*told(session, span), *support(session, span)):
            self._signals[member_id].append(signal)
        self._rounds = rounds(session, span)
        self._declarations = declarations(session, span, [one.id for one in self._rounds])
        self._expected = list(expectations(session))
        self._late: dict[date, dict[UUID, date]] = {}

    def course(self, member_id: UUID, on: date) -> Course:
        """Its standing as it was known at the end of that day."""
        return Course(self._facts.get(member_id, ()), self._policies, known_at=_last_instant(on))

    def on(self, member_id: UUID, day: date, weights: Weights | None = None) -> tuple[State, Picture | None]:
        """Where the member stood, and how near it was; no picture on a day on which it was none.

        With that day's own weights, unless others are given.
        """
        course = self.course(member_id, day)
        state = course.state(day)
        if state.standing not in LIVE or course.admitted_on is None:
            return state, None
        return state, picture(self._signals_on(member_id, course, day), weights or in_force(day), at=day)

    def signals(self, member_id: UUID) -> Sequence[Signal]:
        """What was told of it or asked by it, whenever."""
        return self._signals.get(member_id, ())

    def declared(self, member_id: UUID) -> Sequence[Declaration]:
        return self._declarations.get(member_id, ())

    def _signals_on(self, member_id: UUID, course: Course, day: date) -> Iterator[Signal]:
        assert course.admitted_on
        yield from self._signals.get(member_id, ())
        yield from statistics(self._declarations.get(member_id, ()), self._late_days(day))
        for one in self._expected:
            yield one._replace(on=max(one.on, course.admitted_on))
        for debt in course.debts(day):
            yield Signal("dues_late", debt.late_on, debt.due.recorded_at, debt.due.period)

    def _late_days(self, day: date) -> dict[UUID, date]:
        if day not in self._late:
            self._late[day] = late_days(self._rounds, day)
        return self._late[day]


def ensure_come(at: date | None, *, now: datetime) -> date:
    """The day asked about: today, unless another is named.

    Raises:
        NotYetSo: when it has not come.
    """
    if at and at > now.date():
        raise NotYetSo(pointer="/at", at=at)
    return at or now.date()


def gather(session: Session, member_ids: Sequence[UUID], *, since: date, until: date) -> Gathered:
    """What is known of some members from one day to another."""
    return Gathered(session, Span(since, until, member_ids))


def engagement(
    session: Session, member: Member, *, at: date | None = None, now: datetime
) -> tuple[Standing, Picture, list[Trend]]:
    """How near the member is on a day (today if None), as it was known by its end, and beside earlier days.

    Raises:
        NotYetSo: when the day has not come.
        NoMemberThen: when it was no member on it.
    """
    day = ensure_come(at, now=now)
    found = gather(session, [member.id], since=_earliest(day), until=day)
    state, seen = found.on(member.id, day)
    if seen is None or state.standing is None:
        raise NoMemberThen(pointer="/at", at=day, admitted_on=member.admitted_on)
    return state.standing, seen, trends(found, member.id, seen)


def trends_of(session: Session, listed: Sequence[Engagement], *, at: date) -> dict[UUID, list[Trend]]:
    """Beside earlier days, for those of a page."""
    found = gather(session, [one.member_id for one in listed], since=_earliest(at), until=at)
    return {one.member_id: trends(found, one.member_id, one.picture) for one in listed}


def trends(found: Gathered, member_id: UUID, seen: Picture) -> list[Trend]:
    """The same weights on both sides, so that only what is known makes the difference."""
    weights, earlier = in_force(seen.at), []
    for days in weights.trend_days:
        day = days_after(seen.at, -days)
        then = found.on(member_id, day, weights)[1]
        earlier.append(Trend(on=day, picture=then, direction=direction(then, seen, weights) if then else None))
    return earlier


def at_risk(
    session: Session,
    *,
    at: date | None = None,
    country: str | None = None,
    owner: str | None = None,
    owned: bool | None = None,
    level: EngagementLevel | None = None,
    now: datetime,
) -> list[Engagement]:
    """Members of a day (today if None) of a level, or all that are not engaged; every member is looked at."""
    day = ensure_come(at, now=now)
    found = Gathered(session, Span(day, day, None))
    listed = session.execute(_members(country=country, owner=owner, owned=owned, on=day)).all()
    return [one for one in _pictured(found, listed, day) if _is_wanted(one.picture, level)]


def _pictured(found: Gathered, listed: Sequence[Any], day: date) -> Iterator[Engagement]:
    weights = in_force(day)
    for member_id, name, folded_name, country, owner in listed:
        state, seen = found.on(member_id, day, weights)
        if seen and state.standing:
            yield Engagement(
                member_id=member_id,
                name=name,
                folded_name=folded_name,
                country=country,
                owner=owner,
                standing=state.standing,
                picture=seen,
            )


def _is_wanted(seen: Picture, level: EngagementLevel | None) -> bool:
    return seen.level == level if level else seen.level != "engaged"


def _earliest(day: date) -> date:
    return days_after(day, -max(in_force(day).trend_days))


@lru_cache
def _last_instant(day: date) -> datetime:
    """Standing takes what is known at an instant, so it is asked of the day's last."""
    return datetime.combine(day, datetime.max.time(), end_of(day).tzinfo)


def _facts(session: Session, span: Span, known: Sequence[Policy]) -> dict[UUID, list[Fact]]:
    """Of everybody only what can count on the one day."""
    if span.member_ids is None:
        assert span.since == span.until, "dues are left out by the day they were settled"
        return facts_of_day(session, known, on=span.until, known_at=_last_instant(span.until))
    theirs = StandingFact.member_id == any_of(span.member_ids)
    return facts_by_member(session, plain_facts().where(theirs, StandingFact.recorded_at < span.ends_at))


def _members(
    *, country: str | None, owner: str | None, owned: bool | None, on: date
) -> Select[UUID, str, str, str, str | None]:
    query = (
        select(Member.id, Organization.name, Organization.folded_name, Organization.country, Member.owner)
        .join(Organization, Member.organization_id == Organization.id)
        .where(Member.admitted_on <= on)
    )
    if country is not None:
        query = query.where(Organization.country == country)
    if owner is not None:
        query = query.where(Member.owner == owner)
    if owned is not None:
        query = query.where(Member.owner.is_not(None) if owned else Member.owner.is_(None))
    return query
