"""Pairs in review follow a merge: what was doubted of the loser is doubted of the survivor."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.membership.model import Organization, ReviewItem

MOVED, DECIDED = "review_items.pair", "review_items.decision"


def move_reviews(
    session: Session, *, survivor: Organization, loser: Organization, note: str, actor: str, now: datetime
) -> dict[str, list[str]]:
    """The loser's pairs become the survivor's, unless it has the same pair already; the pair itself is decided."""
    about = select(ReviewItem).where(or_(ReviewItem.first_id == loser.id, ReviewItem.second_id == loser.id))
    moved, decided = [], []
    for item in session.scalars(about.order_by(ReviewItem.id).with_for_update(of=ReviewItem)).all():
        other = item.second_id if item.first_id == loser.id else item.first_id
        if other == survivor.id:
            if not item.decision:
                item.decide("same", note=note, now=now, actor=actor)
                decided.append(str(item.id))
        elif not _pair(session, survivor.id, other, item):
            item.first_id, item.second_id = sorted((survivor.id, other))
            moved.append(str(item.id))
    session.flush()
    return {name: ids for name, ids in ((MOVED, moved), (DECIDED, decided)) if ids}


def return_reviews(session: Session, moved: dict[str, list[str]], *, survivor_id: UUID, loser_id: UUID) -> None:
    """The pairs are the loser's again, unless it has the same pair; the pair itself is open if the merge decided it."""
    for item in _items(session, moved.get(MOVED, [])):
        others = {item.first_id, item.second_id}
        if survivor_id in others:
            (other,) = others - {survivor_id}
            # Otherwise it stays the survivor's: nothing is lost, and the other pair is doubted already.
            if not _pair(session, loser_id, other, item):
                item.first_id, item.second_id = sorted((loser_id, other))
                session.flush()
    for item in _items(session, moved.get(DECIDED, [])):
        item.decision = item.decided_at = item.decided_by = None
        item.note = ""
    session.flush()


def _items(session: Session, ids: list[str]) -> list[ReviewItem]:
    found = select(ReviewItem).where(ReviewItem.id.in_([UUID(one) for one in ids])).order_by(ReviewItem.id)
    return list(session.scalars(found.with_for_update(of=ReviewItem)).all())


def _pair(session: Session, one: UUID, other: UUID, item: ReviewItem) -> UUID | None:
    first, second = sorted((one, other))
    same = select(ReviewItem.id).where(ReviewItem.first_id == first, ReviewItem.second_id == second)
    return session.scalar(same.where(ReviewItem.reason == item.reason))
