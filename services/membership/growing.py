"""How the membership grew in a period: who joined, who left, and how many stayed, from the memberships alone. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.membership.dues.collecting import Billing
from services.membership.funnel import Funnel
from services.membership.standing import Rule
from shared.contracts.membership import Category
from shared.money import Money

_MOST_MONTHS = 24
"""A longer period is told by years."""

_MONTHS = 12


class Membership(NamedTuple):
    """One membership: `ended_on` is the first day without it, `rule` why; None while it lasts."""

    member_id: UUID
    country: str
    sectors: Sequence[str]
    category: Category
    joined_on: date
    ended_on: date | None
    rule: Rule | None

    def lasted(self, on: date) -> bool:
        """It was a member at the end of that day."""
        return self.joined_on <= on and (self.ended_on is None or on < self.ended_on)


@dataclass(frozen=True, kw_only=True)
class Represented:
    """Persons the members of a day represent, None while none of them declared any; `silent` members did not."""

    persons: int | None
    silent: int


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Members on the eve of the period and at its end, and what happened between: at_start + net = at_end."""

    at_start: int
    joined: int
    left: int
    at_end: int
    start: Represented
    end: Represented

    @property
    def net(self) -> int:
        return self.joined - self.left


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A month or year of the period, clipped to it; `members` are those at its end."""

    since: date
    until: date
    joined: int
    left: int
    members: int


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Those who joined in a year, and how many of them were still members at the end of each year since.

    The last of `remaining` is of the period's last day.
    """

    year: int
    joined: int
    remaining: Sequence[tuple[date, int]]

    @property
    def retention(self) -> float:
        """What part is still there on the period's last day."""
        return round(self.remaining[-1][1] / self.joined, 4)


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The period told as a whole, by country, sector and category, by reason of leaving, in time and by cohort.

    An organization of several sectors counts in each, so sectors do not add up.
    """

    total: Tally
    countries: Mapping[str, Tally]
    sectors: Mapping[str, Tally]
    categories: Mapping[str, Tally]
    reasons: Mapping[str, int]
    intervals: Sequence[Interval]
    cohorts: Sequence[Cohort]


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """Dues of a year that were assessed in the period, in one currency."""

    year: int
    assessments: int
    amount: Money


@dataclass(frozen=True, kw_only=True)
class GrowthReport:
    """The period, what was known, and what it says. `funnel` is of the prospects opened in the period."""

    since: date
    until: date
    known_at: datetime
    growth: Growth
    funnel: Funnel
    dues: Sequence[Assessed]
    billing: Billing


@dataclass(frozen=True, kw_only=True)
class _Period:
    """Both days included; persons represented by member, as accepted for the eve's year and for the last day's."""

    since: date
    until: date
    before: Mapping[UUID, int]
    after: Mapping[UUID, int]

    @property
    def eve(self) -> date:
        return self.since - timedelta(days=1)


def growth(
    memberships: Iterable[Membership],
    *,
    since: date,
    until: date,
    persons_before: Mapping[UUID, int],
    persons_after: Mapping[UUID, int],
) -> Growth:
    """The growth from `since` to `until`, both included; `persons_*` are those represented at either end, by member."""
    known = [one for one in memberships if one.joined_on <= until]
    period = _Period(since=since, until=until, before=persons_before, after=persons_after)
    reasons = Counter(one.rule for one in known if one.rule and _left(one, since, until))
    return Growth(
        total=_tally(known, period),
        countries=_by(known, period, lambda one: [one.country]),
        sectors=_by(known, period, lambda one: one.sectors),
        categories=_by(known, period, lambda one: [one.category]),
        reasons=dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
        intervals=[_interval(known, *days) for days in intervals(since, until)],
        cohorts=_cohorts(known, until),
    )


def _by(known: Sequence[Membership], period: _Period, keys: Callable[[Membership], Iterable[str]]) -> dict[str, Tally]:
    """A tally for each key that had a member in the period, in the order of keys."""
    groups: dict[str, list[Membership]] = {}
    for one in known:
        if one.ended_on is None or one.ended_on >= period.since:
            for key in keys(one):
                groups.setdefault(key, []).append(one)
    return {key: _tally(groups[key], period) for key in sorted(groups)}


def _tally(known: Sequence[Membership], period: _Period) -> Tally:
    since, until, eve = period.since, period.until, period.eve
    start = [one.member_id for one in known if one.lasted(eve)]
    end = [one.member_id for one in known if one.lasted(until)]
    return Tally(
        at_start=len(start),
        joined=sum(since <= one.joined_on <= until for one in known),
        left=sum(_left(one, since, until) for one in known),
        at_end=len(end),
        start=_represented(start, period.before),
        end=_represented(end, period.after),
    )


def _left(one: Membership, since: date, until: date) -> bool:
    return one.ended_on is not None and since <= one.ended_on <= until


def _represented(ids: Sequence[UUID], declared: Mapping[UUID, int]) -> Represented:
    said = [persons for persons in map(declared.get, ids) if persons is not None] if declared else []
    return Represented(persons=sum(said) if said else None, silent=len(ids) - len(said))


def intervals(since: date, until: date) -> Iterator[tuple[date, date]]:
    """The months of the period, or its years where those are many."""
    step = _MONTHS if by_year(since, until) else 1
    first = since
    while first <= until:
        following = _next(first, step)
        yield first, min(until, following - timedelta(days=1))
        first = following


def by_year(since: date, until: date) -> bool:
    """Whether a period has so many months, begun ones too, that it is told by years."""
    months = (until.year - since.year) * _MONTHS + until.month - since.month + 1
    return months > _MOST_MONTHS


def _next(day: date, step: int) -> date:
    """The first day of the next month or year."""
    month = 0 if step == _MONTHS else day.month % _MONTHS
    return date(day.year + (month == 0), month + 1, 1)


def _interval(known: Sequence[Membership], since: date, until: date) -> Interval:
    return Interval(
        since=since,
        until=until,
        joined=sum(since <= one.joined_on <= until for one in known),
        left=sum(_left(one, since, until) for one in known),
        members=sum(one.lasted(until) for one in known),
    )


def _cohorts(known: Sequence[Membership], until: date) -> list[Cohort]:
    groups: dict[int, list[Membership]] = {}
    for one in known:
        groups.setdefault(one.joined_on.year, []).append(one)
    return [_cohort(year, groups[year], until) for year in sorted(groups)]


def _cohort(year: int, theirs: Sequence[Membership], until: date) -> Cohort:
    ends = [date(each, 12, 31) for each in range(year, until.year)] + [until]
    remaining = [(day, sum(one.lasted(day) for one in theirs)) for day in ends]
    return Cohort(year=year, joined=len(theirs), remaining=remaining)
