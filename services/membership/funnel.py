"""How prospects pass through the stages: conversion and time per stage, from their histories. Pure.

Prospects still open have not failed to convert, and a stage they still stand in has lasted at least so long: both are
counted as undecided (censored), never as a failure or an end.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

StageOnTheWay = Literal["identified", "contacted", "qualified", "proposal", "applied"]

ON_THE_WAY: tuple[StageOnTheWay, ...] = ("identified", "contacted", "qualified", "proposal", "applied")
_RANKS: Mapping[str, int] = {stage: rank for rank, stage in enumerate((*ON_THE_WAY, "admitted"))}
"""Admission lies beyond all."""

_DAY = timedelta(1)


class Journey(NamedTuple):
    """One prospect: when it was opened (as identified) and each stage it moved to since, oldest first."""

    opened_at: datetime
    moves: Sequence[tuple[str, datetime]]

    @property
    def stage(self) -> str:
        """Where it stands."""
        return self.moves[-1][0] if self.moves else "identified"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """What is known of one stage.

    `reached`: came to it or beyond. Of those `went_on` to a later one or were admitted, `fell_out` by being lost
    before, and `undecided` are the rest. `conversion` is what went on of those decided, None while none is.
    Of the `visits` to the stage `ended` are over; `median_days` is by Kaplan and Meier, so visits that still last count
    for what they have lasted; None while less than half would be over.
    """

    stage: StageOnTheWay
    reached: int
    went_on: int
    fell_out: int
    visits: int
    ended: int
    median_days: float | None

    @property
    def undecided(self) -> int:
        return self.reached - self.went_on - self.fell_out

    @property
    def conversion(self) -> float | None:
        decided = self.went_on + self.fell_out
        return self.went_on / decided if decided else None


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """A cohort's prospects by where they stand now, and their passage through each stage."""

    opened: int
    open: int
    dormant: int
    lost: int
    admitted: int
    passages: tuple[Passage, ...]


def funnels(journeys: Iterable[tuple[str, Journey]], *, now: datetime) -> dict[str, Funnel]:
    """The funnel of each cohort, by its key, in the order of keys."""
    cohorts: dict[str, list[Journey]] = defaultdict(list)
    for key, journey in journeys:
        cohorts[key].append(journey)
    return {key: funnel(cohorts[key], now=now) for key in sorted(cohorts)}


def funnel(journeys: Sequence[Journey], *, now: datetime) -> Funnel:
    """The funnel of one cohort as of `now`. A prospect counts once in each stage, however often it was reopened."""
    lasted = _durations(journeys, now)
    stages = [journey.stage for journey in journeys]
    prospects = Counter(zip(map(_furthest, journeys), stages, strict=True))
    closed = {"lost", "admitted"}
    return Funnel(
        opened=len(journeys),
        open=sum(stage not in closed for stage in stages),
        dormant=stages.count("dormant"),
        lost=stages.count("lost"),
        admitted=stages.count("admitted"),
        passages=tuple(_passage(rank, prospects, lasted[stage]) for rank, stage in enumerate(ON_THE_WAY)),
    )


def _passage(rank: int, prospects: Counter[tuple[int, str]], lasted: Sequence[tuple[float, bool]]) -> Passage:
    return Passage(
        stage=ON_THE_WAY[rank],
        reached=sum(count for (furthest, _), count in prospects.items() if furthest >= rank),
        went_on=sum(count for (furthest, _), count in prospects.items() if furthest > rank),
        fell_out=prospects[rank, "lost"],
        visits=len(lasted),
        ended=sum(over for _, over in lasted),
        median_days=median(lasted),
    )


def _furthest(journey: Journey) -> int:
    """The rank of the furthest stage it ever came to."""
    return max([_RANKS.get(stage, 0) for stage, _ in journey.moves], default=0)


def _durations(journeys: Sequence[Journey], now: datetime) -> dict[str, list[tuple[float, bool]]]:
    """Of each stage how many days each visit lasted, and whether it is over."""
    found: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for opened_at, moves in journeys:
        stage, since = "identified", opened_at
        for following, until in moves:
            found[stage].append(((until - since) / _DAY, True))
            stage, since = following, until
        found[stage].append((max(0.0, (now - since) / _DAY), False))
    return found


def median(lasted: Sequence[tuple[float, bool]]) -> float | None:
    """After how many days half of the visits are over, by the Kaplan-Meier estimate; None where it is not known yet.

    Each is (days, over); one that is not over has lasted at least so long.
    """
    left, surviving = len(lasted), 1.0
    for days, over in sorted(lasted, key=lambda visit: (visit[0], not visit[1])):
        if over:
            surviving *= 1 - 1 / left
            if surviving <= 0.5 + 1e-9:
                return round(days, 2)
        left -= 1
    return None
