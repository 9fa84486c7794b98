"""What a year will bring: two forecasts of admissions, each with the figures it rests on. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.membership.funnel import ON_THE_WAY, Journey

LEAST = 5
"""With fewer prospects decided from a stage, its chance is not known, and nothing is forecast from it."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """A prospect that ended: by each stage it reached, how many days later it was admitted; None where it was lost."""

    days: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class StageForecast:
    """`open` prospects stand there. Of `decided` ones that came to it, `in_time` were admitted within `days_left` days.

    `chance` is the one by the other, None when too few were decided; `expected` what that gives, 0 where it is None.
    """

    stage: str
    open: int
    decided: int
    in_time: int

    @property
    def chance(self) -> float | None:
        return round(self.in_time / self.decided, 4) if self.decided >= LEAST else None

    @property
    def expected(self) -> float:
        return round(self.open * (self.chance or 0.0), 2)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Admissions of a year. `by_run_rate` goes on as the year began; None on its first day and before.

    `by_pipeline` adds to those admitted what the open prospects promise; None while the chance of no stage is known.
    """

    admitted: int
    days_gone: int
    days_left: int
    by_run_rate: float | None
    by_pipeline: float | None
    stages: tuple[StageForecast, ...]


def forecast(
    *, year: int, today: date, admitted: int, open_by_stage: Mapping[str, int], past: Sequence[Past]
) -> Forecast:
    """The forecast for `year` as of `today`; `admitted` are those of the year so far, dormant prospects don't count."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    total = (last - first).days + 1
    gone = min(max((today - first).days, 0), total)
    left = total - gone
    stages = tuple(_stage(stage, open_by_stage.get(stage, 0), past, left) for stage in ON_THE_WAY)
    known = left == 0 or any(one.chance is not None for one in stages)
    promised = sum(one.expected for one in stages) if left else 0.0
    return Forecast(
        admitted=admitted,
        days_gone=gone,
        days_left=left,
        by_run_rate=round(admitted * total / gone, 2) if gone else None,
        by_pipeline=round(admitted + promised, 2) if known else None,
        stages=stages,
    )


def _stage(stage: str, standing: int, past: Sequence[Past], left: int) -> StageForecast:
    reached = [one.days[stage] for one in past if stage in one.days]
    in_time = sum(days is not None and days <= left for days in reached)
    return StageForecast(stage=stage, open=standing, decided=len(reached), in_time=in_time)


def past_of(journey: Journey) -> Past:
    """What an ended prospect teaches. A stage it skipped it reached together with the next one."""
    steps = [("identified", journey.opened_at), *journey.moves]
    ranks = {stage: rank for rank, stage in enumerate((*ON_THE_WAY, "admitted"))}
    admitted_at = steps[-1][1] if journey.stage == "admitted" else None
    days: dict[str, float | None] = {}
    for rank, stage in enumerate(ON_THE_WAY):
        came = next((at for step, at in steps if ranks.get(step, -1) >= rank), None)
        if came is not None:
            days[stage] = (admitted_at - came).total_seconds() / 86_400 if admitted_at else None
    return Past(days=days)
