"""What a field would have become, had one merge into its organization never been or brought something else. Pure.

The merges are played again from the one in question on: each takes its side of what was there before it, and what was
changed by hand between two of them stays changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from services.membership.merging import Side, join


@dataclass(frozen=True, slots=True)
class Step:
    """What one merge did to one field: `before` became `after`, and `theirs` is what the loser has."""

    side: Side
    theirs: Any
    before: Any
    after: Any

    def upon(self, before: Any) -> "Step":
        """The same merge, had it found `before`. What it would not have had to bring then, it brings now."""
        return replace(self, before=before, after=self._result(before))

    def _result(self, before: Any) -> Any:
        if self.side == "loser":
            return self.after
        if self.side == "survivor":
            return before
        brought = [one for one in self.after if one not in self.before or one in self.theirs]
        return join(before, brought)


@dataclass(frozen=True, slots=True)
class Replay:
    """What the field has now, what the later merges did to it, and whether a change by hand kept it as it is."""

    value: Any
    steps: list[Step]
    kept: bool


def replayed(was: Any, becomes: Any, later: Iterable[Step], now: Any) -> Replay:
    """What `now` would be, had `becomes` stood in place of `was` before the `later` merges."""
    steps, kept = [], False
    for step in later:
        kept = kept or _is_kept(step.before, was, becomes)
        again = step.upon(carried(step.before, was, becomes))
        steps.append(again)
        was, becomes = step.after, again.after
    return Replay(carried(now, was, becomes), steps, kept or _is_kept(now, was, becomes))


def carried(value: Any, was: Any, becomes: Any) -> Any:
    """`value` came of `was`, by hand or unchanged; what had come of `becomes` by the same change.

    A list loses and gains the difference of the two; a single value that was changed stays.
    """
    if value == was:
        return becomes
    if not isinstance(value, list):
        return value
    staying = [one for one in value if one in becomes or one not in was]
    return join(staying, [one for one in becomes if one not in was])


def _is_kept(value: Any, was: Any, becomes: Any) -> bool:
    return not isinstance(value, list) and value != was != becomes
