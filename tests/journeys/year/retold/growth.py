"""The growth report."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from tests.journeys.year.asked import Answer
from tests.journeys.year.retold import funnel, owed
from tests.journeys.year.retold.history import History, Member

DAY = timedelta(days=1)


def report(history: History, asked: Answer) -> dict[str, Any]:
    since, until = asked.query["since"], asked.query["until"]
    known = {name: one for name, one in history.members.items() if one.admitted_on <= until}
    persons = [history.persons((since - DAY).year), history.persons(until.year)]

    def tally(names: Sequence[str]) -> dict[str, Any]:
        return _tally({name: known[name] for name in names}, since, until, persons)

    there = [name for name, one in known.items() if not one.end(until) or _left(one, since, until)]
    return {
        "total": tally(list(known)),
        "countries": _by("country", ((known[name].state["country"], name) for name in there), tally),
        "sectors": _by("sector", ((each, name) for name in there for each in known[name].state["sectors"]), tally),
        "categories": _by("category", ((known[name].state["category"], name) for name in there), tally),
        "reasons": _reasons(known.values(), since, until),
        "intervals": [_interval(known.values(), *days) for days in _parts(since, until)],
        "cohorts": _cohorts(known.values(), until),
        "funnel": funnel.of_period(history, since, until, now=asked.at),
        "dues": owed.assessed(history, since, until),
        "billing": owed.billing(history, since, until),
    }


def _by(name: str, keyed: Iterable[tuple[str, str]], tally: Any) -> list[dict[str, Any]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for key, member in keyed:
        groups[key].append(member)
    return [{name: key, **tally(groups[key])} for key in sorted(groups)]


def _tally(known: dict[str, Member], since: date, until: date, persons: list[dict[str, int]]) -> dict[str, Any]:
    start = [name for name, one in known.items() if one.lasted(since - DAY)]
    end = [name for name, one in known.items() if one.lasted(until)]
    joined = sum(since <= one.admitted_on <= until for one in known.values())
    left = sum(_left(one, since, until) for one in known.values())
    counts = {"at_start": len(start), "joined": joined, "left": left, "net": joined - left, "at_end": len(end)}
    return counts | {"start": _represented(start, persons[0]), "end": _represented(end, persons[1])}


def _represented(names: list[str], persons: dict[str, int]) -> dict[str, Any]:
    said = [persons[name] for name in names if name in persons]
    return {"persons": sum(said) if said else None, "silent": len(names) - len(said)}


def _left(one: Member, since: date, until: date) -> bool:
    end = one.end(until)
    return end is not None and since <= end.on


def _reasons(known: Iterable[Member], since: date, until: date) -> list[dict[str, Any]]:
    ends = [end for one in known if _left(one, since, until) and (end := one.end(until))]
    counted = Counter(end.rule for end in ends)
    return [{"rule": rule, "left": counted[rule]} for rule in sorted(counted, key=lambda each: (-counted[each], each))]


def _parts(since: date, until: date) -> list[tuple[date, date]]:
    """Months, or years where more than 24 months are touched; read off a calendar day by day."""
    days = [since + DAY * number for number in range((until - since).days + 1)]
    by_year = len({(day.year, day.month) for day in days}) > 24
    parts: dict[tuple[int, int], list[date]] = defaultdict(list)
    for day in days:
        parts[day.year, 0 if by_year else day.month].append(day)
    return [(part[0], part[-1]) for part in parts.values()]


def _interval(known: Iterable[Member], since: date, until: date) -> dict[str, Any]:
    members = list(known)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "joined": sum(since <= one.admitted_on <= until for one in members),
        "left": sum(_left(one, since, until) for one in members),
        "members": sum(one.lasted(until) for one in members),
    }


def _cohorts(known: Iterable[Member], until: date) -> list[dict[str, Any]]:
    members = list(known)
    found = []
    for year in sorted({one.admitted_on.year for one in members}):
        theirs = [one for one in members if one.admitted_on.year == year]
        days = [*(date(each, 12, 31) for each in range(year, until.year)), until]
        remaining = [{"on": day.isoformat(), "members": sum(one.lasted(day) for one in theirs)} for day in days]
        kept = round(sum(one.lasted(until) for one in theirs) / len(theirs), 4)
        found.append({"year": year, "joined": len(theirs), "retention": kept, "remaining": remaining})
    return found
