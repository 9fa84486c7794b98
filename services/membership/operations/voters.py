"""Who may vote on a day, by what was known at an instant."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, and_, false, func, select
from sqlalchemy.orm import Session, aliased

from services.membership.facts import Fact
from services.membership.model import Member, Organization, StandingFact
from services.membership.operations.representation import persons_represented
from services.membership.operations.standing import ensure_known, facts_by_member, plain_facts, policies
from services.membership.policy import Policy, in_force
from services.membership.standing import Course, State
from services.membership.voting import Quota, Vote, is_current, quota, vote
from shared.contracts.membership import Category, Standing

_NEVER = 12 * 1000
"""Months, where no policy ends a membership by arrears."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Voter:
    """A member of that day, its vote, and what gives or takes it."""

    member_id: UUID
    name: str
    folded_name: str
    country: str
    category: Category
    state: State
    vote: Vote
    quota: Quota

    @property
    def standing(self) -> Standing:
        assert self.state.standing
        return self.state.standing

    @property
    def is_current(self) -> bool:
        return is_current(self.state)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many members there were, how many could vote, and how often each rule gave or took the vote."""

    on: date
    known_at: datetime
    members: int
    voters: int
    delegates: int
    without_statistic: int
    rules: dict[str, int]
    standings: dict[str, int]


def voters(
    session: Session,
    *,
    on: date | None = None,
    known_at: datetime | None = None,
    country: str | None = None,
    category: Category | None = None,
    can_vote: bool | None = None,
    now: datetime,
) -> list[Voter]:
    """The members of a day (today if None) by name; whose membership had not begun or had ended is none of them.

    Name, country and category are today's. Every member is looked at, also for a page: a roll is read faster.
    """
    day, instant = on or now.date(), ensure_known(known_at, now=now)
    known = [one for one in policies(session) if one.recorded_at is None or one.recorded_at <= instant]
    policy, facts = in_force(known, day), facts_of_day(session, known, on=day, known_at=instant)
    persons = persons_represented(session, year=day.year, known_at=instant)
    found = []
    for row in session.execute(_members(country=country, category=category, on=day)):
        course = Course(facts.get(row.id, ()), known)
        state = course.state(day)
        if state.standing is None or state.standing in ("resigned", "terminated"):
            continue
        theirs = vote(course, state, category=row.category, policy=policy, on=day)
        if can_vote is None or theirs.can_vote == can_vote:
            delegates = quota(policy, theirs, persons.get(row.id))
            found.append(Voter(member_id=row.id, **_described(row), state=state, vote=theirs, quota=delegates))
    return found


def count_voters(found: Iterable[Voter], *, on: date, known_at: datetime) -> Counts:
    everybody = list(found)
    return Counts(
        on=on,
        known_at=known_at,
        members=len(everybody),
        voters=sum(one.vote.can_vote for one in everybody),
        delegates=sum(one.quota.delegates or 0 for one in everybody),
        without_statistic=sum(one.quota.delegates is None for one in everybody),
        rules=Counter(rule for one in everybody for rule in one.vote.rules),
        standings=Counter(one.standing for one in everybody),
    )


def _members(*, country: str | None, category: Category | None, on: date) -> Select[UUID, str, str, str, Category]:
    query = (
        select(Member.id, Organization.name, Organization.folded_name, Organization.country, Member.category)
        .join(Organization, Member.organization_id == Organization.id)
        .where(Member.admitted_on <= on)
        .order_by(Organization.folded_name, Member.id)
    )
    if country is not None:
        query = query.where(Organization.country == country)
    return query.where(Member.category == category) if category is not None else query


def facts_of_day(session: Session, known: Sequence[Policy], *, on: date, known_at: datetime) -> dict[UUID, list[Fact]]:
    """Everybody's facts in one query, as plain tuples, without the dues that weigh no more on that day.

    Dues settled by then, before their membership could have lapsed, change nothing of the day's state; they are nearly
    all there is.
    """
    row, settled = StandingFact, _settled(on=on, known_at=known_at)
    soonest = min((one.termination_after_months for one in known if one.termination_after_months), default=_NEVER)
    weightless = and_(
        row.kind.in_(("dues_due", "dues_settled")),
        settled.c.settled_on < settled.c.due_on + func.make_interval(0, soonest),
    )
    counting = (
        plain_facts()
        .outerjoin(settled, and_(settled.c.member_id == row.member_id, settled.c.period == row.period))
        .where(row.recorded_at <= known_at, func.coalesce(weightless, false()).is_(false()))
    )
    return facts_by_member(session, counting)


def _settled(*, on: date, known_at: datetime) -> Subquery:
    """The dues of a period that were settled by a day, as known then: both facts stand, neither is voided."""
    due, paid = aliased(StandingFact), aliased(StandingFact)
    return (
        select(due.member_id, due.period, due.effective_on.label("due_on"), paid.effective_on.label("settled_on"))
        .join(paid, and_(paid.member_id == due.member_id, paid.period == due.period))
        .where(due.kind == "dues_due", paid.kind == "dues_settled", paid.effective_on <= on)
        .where(*_stands(due, known_at=known_at), *_stands(paid, known_at=known_at))
        .subquery()
    )


def _stands(fact: type[StandingFact], *, known_at: datetime) -> tuple[ColumnElement[bool], ...]:
    """Known, and not known to be wrong."""
    void = aliased(StandingFact)
    wrong = (void.kind == "voided", void.recorded_at <= known_at)  # the kind keeps the anti-join's table small
    voided = select(void.id).where(void.voids_id == fact.id, *wrong).exists()
    return fact.recorded_at <= known_at, ~voided


def _described(row: object) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", "folded_name", "country", "category")}
