"""Pairs in review follow merges and their undoing: what was doubted of the loser is doubted of the survivor."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.membership.model import Organization, ReviewItem
from services.membership.model.review import Pair
from services.membership.operations.candidates import any_of
from services.membership.operations.history import merged_into

MOVED, DECIDED = "review_items.pair", "review_items.decision"


def decide_pairs(
    session: Session, *, survivor: Organization, loser: Organization, note: str, actor: str, now: datetime
) -> dict[str, list[str]]:
    """Whoever merges two has decided that they are one; returns what was open."""
    first, second = sorted((survivor.id, loser.id))
    pair = select(ReviewItem).where(ReviewItem.first_id == first, ReviewItem.second_id == second)
    open_pairs = session.scalars(_locked(pair.where(ReviewItem.decision.is_(None)))).all()
    for item in open_pairs:
        item.decide("same", note=note, now=now, actor=actor)
    return {DECIDED: [str(item.id) for item in open_pairs]} if open_pairs else {}


def reopen_pairs(session: Session, moved: dict[str, list[str]]) -> None:
    """What the merge decided is open again."""
    decided = [UUID(one) for one in moved.get(DECIDED, [])]
    for item in session.scalars(_locked(select(ReviewItem).where(ReviewItem.id.in_(decided)))):
        item.decision = item.decided_at = item.decided_by = None
        item.note = ""


def settle_pairs(session: Session, *organization_ids: UUID) -> dict[str, list[str]]:
    """Put each pair of these organizations, or of any merged into them, at who its two are now; returns what moved.

    A pair whose two are one, or whose place another pair has for the same reason, waits where it was proposed.
    """
    family = [one for each in organization_ids for one in (each, *merged_into(session, each))]
    theirs = or_(ReviewItem.first_id == any_of(family), ReviewItem.second_id == any_of(family))
    items = session.scalars(_locked(select(ReviewItem).where(theirs))).all()
    places = _places(items, _survivors(session, {end for item in items for end in item.proposed}))
    moving = [item for item in items if places[item.id] != (item.first_id, item.second_id)]
    # By way of where each was proposed, where no other ever is: two may change places.
    _stand(session, moving, lambda item: item.proposed)
    _stand(session, moving, lambda item: places[item.id])
    return {MOVED: [str(item.id) for item in moving]} if moving else {}


def _places(items: Sequence[ReviewItem], survivors: dict[UUID, UUID]) -> dict[UUID, Pair]:
    """Where each pair stands: those that were proposed there come first, then the older."""
    targets = {item.id: _pair(survivors[item.proposed[0]], survivors[item.proposed[1]]) for item in items}
    places: dict[UUID, Pair] = {}
    taken: set[tuple[Pair, str]] = set()
    for item in sorted(items, key=lambda item: (targets[item.id] != item.proposed, item.id)):
        target = targets[item.id]
        waits = target[0] == target[1] or (target, item.reason) in taken
        places[item.id] = item.proposed if waits else target
        taken.add((places[item.id], item.reason))
    return places


def _survivors(session: Session, organization_ids: set[UUID]) -> dict[UUID, UUID]:
    """Who each organization is now."""
    found = {one: one for one in organization_ids}
    query = select(Organization.id, Organization.merged_into)
    while further := dict(
        session.execute(
            query.where(Organization.id == any_of(list(set(found.values()))), Organization.merged_into.is_not(None))
        ).all()
    ):
        found = {one: further.get(now) or now for one, now in found.items()}
    return found


def _stand(session: Session, items: Sequence[ReviewItem], place: Callable[[ReviewItem], Pair]) -> None:
    for item in items:
        item.stand_between(place(item))
    session.flush()


def _pair(one: UUID, other: UUID) -> Pair:
    return (one, other) if one < other else (other, one)


def _locked(query: Any) -> Any:
    return query.order_by(ReviewItem.id).with_for_update(of=ReviewItem)
