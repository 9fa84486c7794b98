"""How prospects pass through the stages: conversion and time per stage, from their histories. Pure.

Prospects still open have not failed to convert, and a stage they still stand in has lasted at least so long: both are
counted as undecided (censored), never as a failure or an end.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

StageOnTheWay = Literal["identified", "contacted", "qualified", "proposal", "applied"]

ON_THE_WAY: tuple[StageOnTheWay, ...] = ("identified", "contacted", "qualified", "proposal", "applied")
_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Journey:
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
    furthest = [_furthest(journey) for journey in journeys]
    stages = [journey.stage for journey in journeys]
    closed = {"lost", "admitted"}
    return Funnel(
        opened=len(journeys),
        open=sum(stage not in closed for stage in stages),
        dormant=stages.count("dormant"),
        lost=stages.count("lost"),
        admitted=stages.count("admitted"),
        passages=tuple(
            _passage(rank, list(zip(furthest, stages, strict=True)), lasted[stage])
            for rank, stage in enumerate(ON_THE_WAY)
        ),
    )


def _passage(rank: int, prospects: Sequence[tuple[int, str]], lasted: Sequence[tuple[float, bool]]) -> Passage:
    reached = [(furthest, stage) for furthest, stage in prospects if furthest >= rank]
    return Passage(
        stage=ON_THE_WAY[rank],
        reached=len(reached),
        went_on=sum(furthest > rank for furthest, _ in reached),
        fell_out=sum(furthest == rank and stage == "lost" for furthest, stage in reached),
        visits=len(lasted),
        ended=sum(over for _, over in lasted),
        median_days=median(lasted),
    )


def _furthest(journey: Journey) -> int:
    """The rank of the furthest stage it ever came to; admission lies beyond all."""
    ranks: Mapping[str, int] = {stage: rank for rank, stage in enumerate((*ON_THE_WAY, "admitted"))}
    return max((ranks[stage] for stage, _ in journey.moves if stage in ranks), default=0)


def _durations(journeys: Sequence[Journey], now: datetime) -> dict[str, list[tuple[float, bool]]]:
    """Of each stage how many days each visit lasted, and whether it is over."""
    found: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for journey in journeys:
        for stage, days, over in _visits(journey, now):
            found[stage].append((days, over))
    return found


def _visits(journey: Journey, now: datetime) -> Iterator[tuple[str, float, bool]]:
    steps = [("identified", journey.opened_at), *journey.moves]
    for (stage, since), (_, until) in pairwise(steps):
        yield stage, (until - since).total_seconds() / _DAY, True
    stage, since = steps[-1]
    yield stage, max(0.0, (now - since).total_seconds() / _DAY), False


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
