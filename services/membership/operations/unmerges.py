"""Undo a merge: both stand apart again, and what came after the merge stays with the survivor."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.membership.model import Contact, Identifier, Merge, Organization, SurvivorMerged
from services.membership.operations.finding import survivor_of
from services.membership.operations.history import facts_of, merged_into, note, plain
from services.membership.operations.merge_announcing import MemberView, announce_unmerge
from services.membership.operations.merge_reviews import reopen_pairs, settle_pairs
from services.membership.operations.merge_steps import steps_of, take_over
from services.membership.operations.merges import stored
from services.membership.operations.pointers import move, rows_at
from services.membership.parting import replayed
from shared.contracts.membership import OrganizationUnmerged
from shared.messaging.outbox import publish


def undo_merge(session: Session, merge: Merge, *, reason: str, actor: str, now: datetime) -> Merge:
    """The loser has back what it had and what its register gave since; `kept` says what stays with the survivor."""
    merge.ensure_active()
    survivor, loser = _lock(session, merge)
    if survivor.merged_into:
        raise SurvivorMerged(survivor_id=survivor_of(session, survivor).id)
    before, record = MemberView.of(session, survivor), facts_of(survivor)
    others = _other_merges(session, merge)
    move(session, _theirs(session, merge), source=survivor.id, target=loser.id)
    reopen_pairs(session, merge.moved)
    session.execute(
        update(Contact).where(Contact.organization_id == loser.id, Contact.source_id == loser.id).values(source_id=None)
    )
    session.expire_all()
    _return_identifiers(merge, survivor, others)
    fields = _return_fields(merge, survivor, others, now=now)
    loser.merged_into, loser.updated_at = None, now
    merge.undone_at, merge.undone_by, merge.undo_reason = now, actor, reason
    session.flush()
    settle_pairs(session, survivor.id, loser.id)
    merge.kept = {"fields": fields, "rows": _added_since(session, merge, others)}
    session.flush()
    _note(session, merge, survivor, loser, record, now=now)
    fact = OrganizationUnmerged(organization_id=loser.id, survivor_id=survivor.id, merge_id=merge.id)
    publish(session, fact, at=now)
    announce_unmerge(session, merge, survivor, loser, before=before, at=now)
    return merge


def _lock(session: Session, merge: Merge) -> tuple[Organization, Organization]:
    ids = [merge.survivor_id, merge.loser_id]
    both = select(Organization).where(Organization.id.in_(ids)).order_by(Organization.id)
    locked = session.scalars(both.with_for_update(of=Organization).execution_options(populate_existing=True))
    found = {one.id: one for one in locked}
    return found[merge.survivor_id], found[merge.loser_id]


def _other_merges(session: Session, merge: Merge) -> Sequence[Merge]:
    """Those of others into the same survivor that still hold, oldest first."""
    others = select(Merge).where(
        Merge.survivor_id == merge.survivor_id, Merge.id != merge.id, Merge.undone_at.is_(None)
    )
    return session.scalars(others.order_by(Merge.merged_at, Merge.id).with_for_update()).all()


def _theirs(session: Session, merge: Merge) -> dict[str, list[str]]:
    """What moved with the merge, and the contacts the loser's register gave since."""
    sources = [merge.loser_id, *merged_into(session, merge.loser_id)]
    since = select(Contact.id).where(Contact.organization_id == merge.survivor_id, Contact.source_id.in_(sources))
    contacts = "contacts.organization_id"
    given = [str(one) for one in session.scalars(since)]
    return {**merge.moved, contacts: sorted({*merge.moved.get(contacts, ()), *given})}


def _return_identifiers(merge: Merge, survivor: Organization, others: Sequence[Merge]) -> None:
    """Those that came with the merge go, unless another merged organization bears them too."""
    bearers = {one.loser_id: one for one in others}
    for pair in merge.added:
        found = next((one for one in survivor.identifiers if [one.scheme, one.value] == pair), None)
        heir = found and _heir(survivor, bearers, found)
        if heir:
            heir.added = [*heir.added, pair]
        elif found:
            survivor.identifiers.remove(found)


def _heir(survivor: Organization, bearers: dict[UUID, Merge], identifier: Identifier) -> Merge | None:
    session = Session.object_session(survivor)
    assert session is not None, "it was loaded from one"
    theirs = select(Identifier.organization_id).where(
        Identifier.organization_id.in_(bearers),
        Identifier.scheme == identifier.scheme,
        Identifier.value == identifier.value,
    )
    found = session.scalars(theirs.order_by(Identifier.organization_id).limit(1)).first()
    return bearers[found] if found else None


def _return_fields(merge: Merge, survivor: Organization, others: Sequence[Merge], *, now: datetime) -> list[str]:
    """Give the survivor back what it had; returns the fields that were changed since and stay as they are."""
    later = [one for one in others if (one.merged_at, one.id) > (merge.merged_at, merge.id)]
    losers = _losers(survivor, later)
    facts: dict[str, Any] = {}
    kept = []
    for field, (before, after) in merge.taken.items():
        steps = steps_of(later, losers, field, after)
        replay = replayed(after, before, steps, plain(getattr(survivor, field)))
        facts[field] = stored(field, replay.value)
        for one, step in zip(later, replay.steps, strict=True):
            take_over(one, field, step)
        if replay.kept:
            kept.append(field)
    survivor.describe(now=now, **facts)
    return sorted(kept)


def _losers(survivor: Organization, merges: Sequence[Merge]) -> dict[UUID, Organization]:
    session = Session.object_session(survivor)
    assert session is not None, "it was loaded from one"
    ids = [one.loser_id for one in merges]
    return {one.id: one for one in session.scalars(select(Organization).where(Organization.id.in_(ids)))}


def _added_since(session: Session, merge: Merge, others: Sequence[Merge]) -> dict[str, int]:
    """How many rows point at the survivor that neither it nor anybody merged into it had before."""
    had = Counter[tuple[str, str]]()
    for name, ids in (
        *merge.snapshot["survivor"]["rows"].items(),
        *(pair for one in others for pair in one.moved.items()),
    ):
        had.update((name, one) for one in ids)
    rows = rows_at(session, merge.survivor_id)
    new = {name: sum((name, one) not in had for one in ids) for name, ids in rows.items()}
    return {name.partition(".")[0]: count for name, count in new.items() if count}


def _note(
    session: Session,
    merge: Merge,
    survivor: Organization,
    loser: Organization,
    record: dict[str, Any],
    *,
    now: datetime,
) -> None:
    after = facts_of(survivor)
    fields = {name: [record[name], after[name]] for name in after if record[name] != after[name]}
    about = {"merge_id": str(merge.id)}
    actor, reason = str(merge.undone_by), merge.undo_reason
    note(
        session,
        survivor.id,
        "unmerged",
        fields={**about, "parted": loser.name, **fields},
        reason=reason,
        actor=actor,
        now=now,
    )
    note(
        session, loser.id, "unmerged", fields={**about, "survivor": survivor.name}, reason=reason, actor=actor, now=now
    )
