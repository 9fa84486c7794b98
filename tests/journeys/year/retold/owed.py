"""Dues: assessed, invoiced, paid and credited, each from the day it counts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple

from tests.journeys.year.retold.history import History, money

TAKES = {"invoiced": "invoiced", "credit_note": "credited", "write_off": "written_off", "paid": "collected"}


class Movement(NamedTuple):
    """What became of an invoice on a day; `minor` makes more owed where it is positive."""

    invoice_id: str
    member_id: str
    currency: str
    kind: str
    on: date
    minor: int


def movements(history: History) -> Iterator[Movement]:
    for kind, _, data in history.of("dues.invoiced", "dues.paid", "dues.credited"):
        invoiced = kind == "dues.invoiced"
        yield Movement(
            data["invoice_id"],
            data["member_id"],
            data["currency"],
            TAKES[data.get("means") or kind.removeprefix("dues.")],
            date.fromisoformat(data["issued_on"] if invoiced else data["booked_on"]),
            data["amount"] if invoiced else -data["amount"],
        )


def assessed(history: History, since: date, until: date) -> list[dict[str, Any]]:
    counts: Counter[tuple[int, str]] = Counter()
    sums: Counter[tuple[int, str]] = Counter()
    for _, at, data in history.of("dues.assessed"):
        if since <= at.date() <= until:
            counts[data["year"], data["currency"]] += 1
            sums[data["year"], data["currency"]] += data["amount"]
    return [
        {"year": year, "assessments": counts[year, currency], "amount": money(sums[year, currency], currency)}
        for year, currency in sorted(counts)
    ]


def billing(history: History, since: date, until: date) -> dict[str, Any]:
    """In all, by country and by category."""

    def state(name: str) -> Callable[[Movement], str]:
        return lambda one: str(history.members[one.member_id].state[name])

    booked = [one for one in movements(history) if one.on <= until]
    return {
        "total": [row for _, row in _collections(booked, since, lambda _: "")],
        "countries": [{"country": key, **row} for key, row in _collections(booked, since, state("country"))],
        "categories": [{"category": key, **row} for key, row in _collections(booked, since, state("category"))],
    }


def _collections(
    booked: list[Movement], since: date, key: Callable[[Movement], str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    groups: dict[tuple[str, str], list[Movement]] = defaultdict(list)
    for one in booked:
        groups[key(one), one.currency].append(one)
    for (name, currency), theirs in sorted(groups.items()):
        before = sum(one.minor for one in theirs if one.on < since)
        sums = {kind: abs(_sum(theirs, since, kind)) for kind in ("invoiced", "credited", "written_off")}
        sums |= {"opening": before, "collected": -_sum(theirs, since, "collected")}
        sums |= {"billed": sums["invoiced"] - sums["credited"], "outstanding": sum(one.minor for one in theirs)}
        asked = before + sums["billed"]
        rate = round(sums["collected"] / asked, 4) if asked > 0 else None
        if any(sums.values()):
            yield name, {kind: money(minor, currency) for kind, minor in sums.items()} | {"rate": rate}


def _sum(theirs: list[Movement], since: date, kind: str) -> int:
    return sum(one.minor for one in theirs if one.kind == kind and one.on >= since)
