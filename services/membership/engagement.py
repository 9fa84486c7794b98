"""How near a member is on any day: a pure function of signals and of the weights of that day, and nowhere stored.

A signal counts on a day when it had begun and was known by the day's end, so a day gets the same answer whenever it
is asked about. The answer depends on the set of signals alone: their order and repetition change nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Literal, NamedTuple

from services.membership.engagement_weights import REASON_KINDS, ActionKind, ReasonKind, Weight, Weights
from services.membership.policy import days_after
from shared.contracts.membership import EngagementLevel

SignalKind = Literal[
    "dues_late",
    "statistic_missing",
    "statistic_declared",
    "contact_unreachable",
    "contact_cleared",
    "notice_delivered",
    "notice_read",
    "registration_expected",
    "registered",
    "benefit_expected",
    "benefited",
    "support_asked",
    "support_settled",
    "support_declined",
]
Direction = Literal["better", "same", "worse"]

HIGHEST = 100

_CASES: dict[ReasonKind, tuple[SignalKind, SignalKind | None]] = {
    "dues_late": ("dues_late", None),
    "statistic_missing": ("statistic_missing", "statistic_declared"),
    "contact_unreachable": ("contact_unreachable", "contact_cleared"),
    "notices_unread": ("notice_delivered", "notice_read"),
    "support_waiting": ("support_asked", "support_settled"),
    "support_declined": ("support_declined", None),
}
"""What opens a case of a reason, and what closes it; late dues are told only while they are."""

_ABSENCES: dict[ReasonKind, tuple[SignalKind, SignalKind]] = {
    "no_registration": ("registration_expected", "registered"),
    "no_benefit": ("benefit_expected", "benefited"),
}
"""From when on something could have happened, and what has not happened since the last time, or since then."""


class Signal(NamedTuple):
    """Something known of a member: from which day it counts, since when it is known, and what it is about.

    `key` names the period, the year, the contact, the message or the request; a case is opened and closed by one key.
    """

    kind: SignalKind
    on: date
    known_at: datetime
    key: str = ""


class Reason(NamedTuple):
    """Why the risk is so high: `cases` of one kind, the oldest since a day."""

    kind: ReasonKind
    points: int
    since: date
    cases: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A member on a day: 0 to 100 points of risk, the heaviest reasons first; no action where it is engaged."""

    at: date
    weights: int
    risk: int
    level: EngagementLevel
    reasons: tuple[Reason, ...]
    suggested: ActionKind | None


def picture(signals: Iterable[Signal], weights: Weights, *, at: date) -> Picture:
    """What the signals say of a day, weighed as given."""
    reasons = sorted(_reasons(_known(signals, at), weights, at), key=lambda one: -one.points)
    risk = min(HIGHEST, sum(one.points for one in reasons))
    level = _level(risk, weights)
    suggested = weights.reasons[reasons[0].kind].action if level != "engaged" else None
    return Picture(at=at, weights=weights.version, risk=risk, level=level, reasons=tuple(reasons), suggested=suggested)


def direction(earlier: Picture, later: Picture, weights: Weights) -> Direction:
    """Whether the risk has fallen or risen by more than a little."""
    difference = later.risk - earlier.risk
    if abs(difference) <= weights.steady_within:
        return "same"
    return "worse" if difference > 0 else "better"


@lru_cache
def end_of(day: date) -> datetime:
    """The moment in which the day is over (UTC); the last there is on the calendar's last day."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(days_after(day, 1), time(), UTC)


def _known(signals: Iterable[Signal], at: date) -> Mapping[SignalKind, Sequence[Signal]]:
    end, found = end_of(at), defaultdict[SignalKind, list[Signal]](list)
    for one in signals:
        if one.on <= at and one.known_at < end:
            found[one.kind].append(one)
    return found


def _reasons(known: Mapping[SignalKind, Sequence[Signal]], weights: Weights, at: date) -> Iterator[Reason]:
    for kind in REASON_KINDS:
        opened = _lacking(known, *_ABSENCES[kind]) if kind in _ABSENCES else _open(known, *_CASES[kind])
        if opened and (reason := _weigh(kind, opened, weights.reasons[kind], at)):
            yield reason


def _open(
    known: Mapping[SignalKind, Sequence[Signal]], opening: SignalKind, closing: SignalKind | None
) -> Sequence[Signal]:
    """What was not closed since: closing is later than opening, or at the same instant."""
    opened = known.get(opening, [])
    if closing is None or not opened:
        return opened
    closed: dict[str, datetime] = {}
    for one in known.get(closing, ()):
        closed[one.key] = max(one.known_at, closed.get(one.key, one.known_at))
    return [one for one in opened if one.key not in closed or one.known_at > closed[one.key]]


def _lacking(known: Mapping[SignalKind, Sequence[Signal]], expected: SignalKind, wanted: SignalKind) -> list[Signal]:
    """The last time it happened, or the day from which on it was expected."""
    if expected not in known:
        return []
    return [max((*known[expected], *known.get(wanted, ())), key=lambda one: (one.on, one.key))]


def _weigh(kind: ReasonKind, opened: Iterable[Signal], weight: Weight, at: date) -> Reason | None:
    cases: dict[str, int] = {}
    since = at
    for one in opened:
        points = weight.points((at - one.on).days)
        if points:
            cases[one.key], since = max(points, cases.get(one.key, 0)), min(since, one.on)
    points = min(weight.most, sum(cases.values()))
    return Reason(kind, points, since, tuple(sorted(cases))) if points else None


def _level(risk: int, weights: Weights) -> EngagementLevel:
    if risk >= weights.at_risk_from:
        return "at_risk"
    return "watch" if risk >= weights.watch_from else "engaged"
