"""What a register says anew of organizations that were merged: each value goes where the merge said it comes from."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.membership.merging import LISTS, join
from services.membership.model import Identifier, Merge, Organization
from services.membership.operations.history import plain
from services.membership.operations.merge_steps import steps_of, take_over
from services.membership.parting import replayed

Facts = dict[str, Any]


class Lineage:
    """The merges that hold around some organizations: into what each went, and what went into it.

    `organizations` are all of them by id, locked by whoever uses this.
    """

    def __init__(self, session: Session, organization_ids: Sequence[UUID]) -> None:
        self.organizations: dict[UUID, Organization] = {}
        self._of: dict[UUID, Merge] = {}
        self._into: dict[UUID, list[Merge]] = defaultdict(list)
        ids, seen = set(organization_ids), set[UUID]()
        while ids - seen:
            around = select(Merge).where(
                or_(Merge.loser_id.in_(ids - seen), Merge.survivor_id.in_(ids - seen)), Merge.undone_at.is_(None)
            )
            seen |= ids
            for merge in session.scalars(around.order_by(Merge.merged_at, Merge.id)).all():
                if merge.loser_id not in self._of:
                    self._of[merge.loser_id] = merge
                    self._into[merge.survivor_id].append(merge)
                ids.add(merge.survivor_id)
        for merges in self._into.values():
            merges.sort(key=lambda one: (one.merged_at, one.id))

    @property
    def survivors(self) -> list[UUID]:
        """Everybody something was merged into."""
        return list(self._into)

    def survivor_of(self, organization_id: UUID) -> UUID:
        """Where the organization went in the end; itself when it stands alone."""
        while organization_id in self._of:
            organization_id = self._of[organization_id].survivor_id
        return organization_id

    def describe(self, row: Organization, facts: Facts, *, now: datetime) -> None:
        """Let `row` say `facts`, but for fields a merge gave it from elsewhere; its survivor follows in the others."""
        own = {field: value for field, value in facts.items() if not self._is_covered(row, field, value, facts)}
        changed = {field: value for field, value in own.items() if getattr(row, field) != value}
        row.describe(now=now, **own)
        merge = self._of.get(row.id)
        if merge and changed:
            survivor = self.organizations[merge.survivor_id]
            passed = {field: value for field, value in changed.items() if self._passes(merge, survivor, field, value)}
            if passed:
                self._pass_on(merge, survivor, passed, now=now)

    def identify(self, row: Organization, told: list[Identifier], schemes: set[str]) -> None:
        """Let `row` bear `told` of `schemes`, beside what merges brought it; its survivor follows."""
        before = {(one.scheme, one.value): one for one in row.identifiers}
        brought = {(scheme, value) for merge in self._into[row.id] for scheme, value in merge.added}
        new = {(one.scheme, one.value): one for one in told}
        for pair in brought & new.keys():
            self._own(row.id, list(pair))
        kept = {pair: one for pair, one in before.items() if pair[0] not in schemes or pair in brought}
        row.identifiers = [*kept.values(), *(before.get(pair, one) for pair, one in new.items() if pair not in kept)]
        after = {(one.scheme, one.value) for one in row.identifiers}
        merge = self._of.get(row.id)
        if merge:
            self._pass_identifiers(merge, before.keys() - after, row)

    def _is_covered(self, row: Organization, field: str, value: Any, facts: Facts) -> bool:
        """Whether a merge gave the field another value; then what the register says waits for its undoing."""
        takers = [merge for merge in self._into[row.id] if field in merge.taken]
        if not takers:
            return False
        if field in LISTS:
            before = takers[0].taken[field][0]
            brought = [one for one in getattr(row, field) if one not in before and one not in value]
            facts[field] = [*value, *brought]
            for merge in takers:
                merge.taken = {**merge.taken, field: _rebased(merge.taken[field], before, plain(value))}
            return False
        takers[0].taken = {**takers[0].taken, field: [plain(value), takers[0].taken[field][1]]}
        return True

    def _passes(self, merge: Merge, survivor: Organization, field: str, value: Any) -> bool:
        """Whether the survivor has the field from this merge; a later merge may have covered it again."""
        if merge.choices.get(field, {}).get("side") not in {"loser", "both"}:
            return False
        before = merge.taken.get(field, [plain(getattr(survivor, field))])[0]
        if field not in LISTS:
            merge.taken = {**merge.taken, field: [before, plain(value)]}
            later = [one for one in self._after(merge) if field in one.taken]
            if later:
                later[0].taken = {**later[0].taken, field: [plain(value), later[0].taken[field][1]]}
                return False
        return True

    def _pass_on(self, merge: Merge, survivor: Organization, passed: Facts, *, now: datetime) -> None:
        facts = {}
        for field, value in passed.items():
            facts[field] = value
            if field in LISTS:
                facts[field] = self._rejoined(merge, survivor, field, plain(value))
        survivor.describe(now=now, **facts)
        further = self._of.get(survivor.id)
        if further:
            onward = self.organizations[further.survivor_id]
            again = {field: value for field, value in facts.items() if self._passes(further, onward, field, value)}
            if again:
                self._pass_on(further, onward, again, now=now)

    def _rejoined(self, merge: Merge, survivor: Organization, field: str, value: list[Any]) -> list[Any]:
        """What the survivor's list is, now that the merge brings `value`; what later merges brought stays theirs."""
        later, present = self._after(merge), plain(getattr(survivor, field))
        found = next((one.taken[field][0] for one in (merge, *later) if field in one.taken), present)
        (step,) = steps_of([merge], self.organizations, field, found)
        brought = replace(step, after=join(step.before, value) if step.side == "both" else value)
        replay = replayed(step.after, brought.after, steps_of(later, self.organizations, field, step.after), present)
        for one, again in zip((merge, *later), (brought, *replay.steps), strict=True):
            take_over(one, field, again)
        return cast("list[Any]", replay.value)

    def _pass_identifiers(self, merge: Merge, gone: set[tuple[str, str]], row: Organization) -> None:
        survivor = self.organizations[merge.survivor_id]
        known = {(one.scheme, one.value): one for one in survivor.identifiers}
        added = [pair for pair in merge.added if tuple(pair) not in gone]
        lost = {pair for pair in gone if list(pair) in merge.added and pair in known}
        for pair in lost:
            survivor.identifiers.remove(known[pair])
        for one in row.identifiers:
            if (one.scheme, one.value) not in known:
                copy = Identifier(scheme=one.scheme, value=one.value, valid=one.valid, kind=one.kind)
                survivor.identifiers.append(copy)
                added.append([one.scheme, one.value])
        merge.added = added
        further = self._of.get(survivor.id)
        if further:
            self._pass_identifiers(further, lost, survivor)

    def _own(self, organization_id: UUID, pair: list[str]) -> None:
        """The organization's own register gives it now, so that no undoing takes it away."""
        for merge in self._into[organization_id]:
            merge.added = [one for one in merge.added if one != pair]

    def _after(self, merge: Merge) -> list[Merge]:
        merges = self._into[merge.survivor_id]
        return merges[merges.index(merge) + 1 :]


def _rebased(taken: list[Any], before: list[Any], value: list[Any]) -> list[Any]:
    """[before, after] of a list once the survivor's own part is `value` instead of `before`."""
    return [[*value, *(one for one in part if one not in before and one not in value)] for part in taken]
