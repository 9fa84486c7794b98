"""The funnel: how prospects went through the stages."""

from collections import defaultdict
from datetime import date, datetime
from typing import Any, NamedTuple

from tests.journeys.year.asked import Answer
from tests.journeys.year.retold.history import History

STAGES = ("identified", "contacted", "qualified", "proposal", "applied")
WAY = (*STAGES, "admitted")


class Visit(NamedTuple):
    """So many days in a stage, and whether they are over."""

    stage: str
    days: float
    over: bool


class Way(NamedTuple):
    """One prospect's."""

    country: str
    stages: list[tuple[str, datetime]]

    @property
    def furthest(self) -> int:
        return max(WAY.index(stage) for stage, _ in self.stages if stage in WAY)

    def visits(self, now: datetime) -> list[Visit]:
        ends = [at for _, at in self.stages[1:]]
        over = [Visit(stage, _days(at, end), True) for (stage, at), end in zip(self.stages, ends, strict=False)]
        stage, at = self.stages[-1]
        return [*over, Visit(stage, _days(at, now), False)]


def report(history: History, asked: Answer) -> dict[str, Any]:
    """By country; the service looks at the moment of the question, `as_of`."""
    now = datetime.fromisoformat(asked.said["as_of"])
    ways: dict[str, list[Way]] = defaultdict(list)
    for way in _opened(history, asked.query["since"], asked.query["until"]):
        ways[way.country].append(way)
    return {"cohorts": [{"cohort": country, **_told(ways[country], now)} for country in sorted(ways)]}


def of_period(history: History, since: date, until: date, *, now: datetime) -> dict[str, Any]:
    return _told(_opened(history, since, until), now)


def _opened(history: History, since: date, until: date) -> list[Way]:
    ways: dict[str, Way] = {}
    for kind, at, data in history.of("prospect.opened", "prospect.advanced", "prospect.lost"):
        if kind == "prospect.opened":
            country = history.countries[history.survivor(data["organization_id"])]
            ways[data["prospect_id"]] = Way(country, [("identified", at)])
        else:
            ways[data["prospect_id"]].stages.append((data.get("stage", "lost"), at))
    return [way for way in ways.values() if since <= way.stages[0][1].date() <= until]


def _told(ways: list[Way], now: datetime) -> dict[str, Any]:
    last = [way.stages[-1][0] for way in ways]
    return {
        "opened": len(ways),
        "open": sum(stage not in {"lost", "admitted"} for stage in last),
        **{stage: last.count(stage) for stage in ("dormant", "lost", "admitted")},
        "passages": [_passage(ways, number, now) for number in range(len(STAGES))],
    }


def _passage(ways: list[Way], number: int, now: datetime) -> dict[str, Any]:
    reached = [way for way in ways if way.furthest >= number]
    went_on = sum(way.furthest > number for way in reached)
    fell_out = sum(way.furthest == number and way.stages[-1][0] == "lost" for way in reached)
    visits = [one for way in ways for one in way.visits(now) if one.stage == STAGES[number]]
    decided = went_on + fell_out
    return {
        "stage": STAGES[number],
        "reached": len(reached),
        "went_on": went_on,
        "fell_out": fell_out,
        "undecided": len(reached) - decided,
        "conversion": went_on / decided if decided else None,
        "visits": len(visits),
        "ended": sum(one.over for one in visits),
        "median_days": _median(visits),
    }


def _median(visits: list[Visit]) -> float | None:
    """The first day by which half are over, those that last counting as long as they have (Kaplan and Meier)."""
    surviving = 1.0
    for days in sorted({one.days for one in visits if one.over}):
        at_risk = sum(one.days >= days for one in visits)
        surviving *= 1 - sum(one.over and one.days == days for one in visits) / at_risk
        if surviving <= 0.5 + 1e-9:
            return round(days, 2)
    return None


def _days(since: datetime, until: datetime) -> float:
    return max(0.0, (until - since).total_seconds() / 86_400)
