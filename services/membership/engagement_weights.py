"""What a reason weighs and what it suggests: data in versions, each for the days from its own on."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

ReasonKind = Literal[
    "dues_late",
    "statistic_missing",
    "contact_unreachable",
    "notices_unread",
    "no_registration",
    "no_benefit",
    "support_waiting",
    "support_declined",
]
REASON_KINDS: tuple[ReasonKind, ...] = get_args(ReasonKind)

ActionKind = Literal[
    "agree_on_dues",
    "help_declare",
    "repair_contact",
    "call",
    "invite",
    "offer_benefit",
    "answer_support",
    "visit",
    "other",
]
"""What staff does about a member; all but the last two are suggested."""


class Step(NamedTuple):
    """From so many days after a case began, so many points."""

    after_days: int
    points: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Weight:
    """Of one reason: points of a case by its age, the most for all its cases, and what is suggested against it.

    The steps are in the order of their days.
    """

    most: int
    steps: tuple[Step, ...]
    action: ActionKind

    def points(self, days: int) -> int:
        """What a case of this age weighs."""
        found = 0
        for after_days, points in self.steps:
            if after_days > days:
                break
            found = points
        return found

    @property
    def fades_after(self) -> int | None:
        """From so many days on a case weighs nothing; None when it never does."""
        last = self.steps[-1]
        return None if last.points else last.after_days


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """One version; levels begin at `watch_from` and `at_risk_from` points."""

    version: int
    effective_on: date
    watch_from: int
    at_risk_from: int
    trend_days: tuple[int, ...]
    steady_within: int
    reasons: dict[ReasonKind, Weight]


def in_force(on: date, versions: Iterable[Weights] | None = None) -> Weights:
    """The version that counts on a day."""
    known = VERSIONS if versions is None else versions
    return max((one for one in known if one.effective_on <= on), key=lambda one: one.effective_on)


def _weights(reasons: dict[str, dict[str, Any]], **figures: Any) -> Weights:
    found = {kind: _weight(**reasons[kind]) for kind in REASON_KINDS}
    return Weights(**{**figures, "trend_days": tuple(figures["trend_days"])}, reasons=found)


def _weight(*, most: int, steps: list[dict[str, int]], action: ActionKind) -> Weight:
    return Weight(most=most, steps=tuple(sorted(Step(**one) for one in steps)), action=action)


def fades_after(kind: ReasonKind) -> int | None:
    """From so many days on a case of that kind weighs nothing in any version; None where it never fades in one."""
    days = [one.reasons[kind].fades_after for one in VERSIONS]
    return None if None in days else max(filter(None, days))


def read(text: str) -> tuple[Weights, ...]:
    """The versions of a file like engagement.toml."""
    return tuple(_weights(**one) for one in tomllib.loads(text)["versions"])


VERSIONS = read(Path(__file__).with_name("engagement.toml").read_text("utf-8"))
