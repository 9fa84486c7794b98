"""What looks odd in a year's figures beside the year before: for a person to look at again, not to refuse.

The thresholds are data of the round; `DEFAULT_THRESHOLDS` is what a round has that brings none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from shared.money import Money

FigureName = Literal["persons", "workers", "turnover"]
WarningCode = Literal["risen", "fallen", "gone", "new", "other_currency"]
Thresholds = Mapping[str, Mapping[str, int]]

DEFAULT_THRESHOLDS: Thresholds = {
    "persons": {"rise_percent": 25, "fall_percent": 20, "ignore_below": 20},
    "workers": {"rise_percent": 50, "fall_percent": 40, "ignore_below": 20},
    "turnover": {"rise_percent": 75, "fall_percent": 50, "ignore_below": 0},
}
"""Changes of more than so many percent are warned of, unless both figures are below `ignore_below`."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a member says of one year; None where it says nothing."""

    persons: int
    workers: int | None = None
    turnover: Money | None = None


@dataclass(frozen=True, kw_only=True)
class Warned:
    """One figure that looks odd; `percent` is the change in whole percent, cut off."""

    code: WarningCode
    figure: FigureName
    params: dict[str, str | int]


def warnings(now: Figures, before: Figures | None, thresholds: Thresholds) -> list[Warned]:
    """Each figure that changed more than its threshold allows; nothing where there is no year before."""
    if before is None:
        return []
    found = [
        _compared("persons", now.persons, before.persons, thresholds),
        _compared("workers", now.workers, before.workers, thresholds),
        _turnover(now.turnover, before.turnover, thresholds),
    ]
    return [one for one in found if one]


def _turnover(now: Money | None, before: Money | None, thresholds: Thresholds) -> Warned | None:
    if now is None or before is None:
        return None
    if now.currency != before.currency:
        params: dict[str, str | int] = {"before": before.currency, "after": now.currency}
        return Warned(code="other_currency", figure="turnover", params=params)
    found = _compared("turnover", now.minor, before.minor, thresholds)
    shown: dict[str, str | int] = {"before": str(before), "after": str(now)}
    return found and Warned(code=found.code, figure="turnover", params=found.params | shown)


def _compared(figure: FigureName, now: int | None, before: int | None, thresholds: Thresholds) -> Warned | None:
    limits = thresholds.get(figure)
    if now is None or before is None or limits is None or max(now, before) < limits["ignore_below"]:
        return None
    params: dict[str, str | int] = {"before": before, "after": now}
    if before == 0 or now == 0:
        return _appeared_or_gone(figure, now, before, params)
    change = Fraction(now - before, before) * 100
    if change > limits["rise_percent"]:
        return Warned(code="risen", figure=figure, params=params | {"percent": int(change)})
    if -change > limits["fall_percent"]:
        return Warned(code="fallen", figure=figure, params=params | {"percent": int(-change)})
    return None


def _appeared_or_gone(figure: FigureName, now: int, before: int, params: dict[str, str | int]) -> Warned | None:
    if now == before:
        return None
    return (
        Warned(code="new", figure=figure, params=params)
        if now
        else Warned(code="gone", figure=figure, params=params | {"percent": 100})
    )
