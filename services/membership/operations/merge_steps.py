"""The merges into one survivor as steps of one of its fields, to be played again when one of them changes or goes."""

from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from services.membership.merging import Side
from services.membership.model import Merge, Organization
from services.membership.operations.history import plain
from services.membership.parting import Step


def steps_of(merges: Iterable[Merge], organizations: Mapping[UUID, Organization], field: str, found: Any) -> list[Step]:
    """What the merges, oldest first, did to the field since it was `found`; one that had nothing to change left it so.

    `organizations` has their losers by id.
    """
    steps = []
    for one in merges:
        theirs = plain(getattr(organizations[one.loser_id], field))
        before, after = one.taken.get(field, [found, found])
        steps.append(Step(_side(one, field, theirs), theirs, before, after))
        found = after
    return steps


def take_over(merge: Merge, field: str, step: Step) -> None:
    """The merge did this to the field, as if it had been so from the start."""
    if field in merge.taken or step.before != step.after:
        merge.taken = {**merge.taken, field: [step.before, step.after]}


def _side(merge: Merge, field: str, theirs: Any) -> Side:
    """Nobody chooses whether an organization is gone: it isn't while one of its rows is listed."""
    if field == "gone_at":
        return "survivor" if theirs else "loser"
    return cast("Side", merge.choices[field]["side"])
