"""The review queue: pairs of organizations that may be one."""

from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from services.membership.model import Organization, ReviewItem, UnknownReviewItem
from services.membership.model.review import Reason
from services.membership.scoring import Level

_WAITING = (
    ReviewItem.decision.is_(None),
    ReviewItem.first.has(Organization.merged_into.is_(None)),
    ReviewItem.second.has(Organization.merged_into.is_(None)),
)


def review_item(session: Session, *, item_id: UUID) -> ReviewItem:
    found = session.get(ReviewItem, item_id)
    if not found:
        raise UnknownReviewItem(item_id=item_id)
    return found


def review_item_to_change(session: Session, *, item_id: UUID) -> ReviewItem:
    found = session.get(ReviewItem, item_id, with_for_update={"of": ReviewItem}, populate_existing=True)
    if not found:
        raise UnknownReviewItem(item_id=item_id)
    return found


def review_items(
    *,
    decided: bool | None = None,
    reason: Reason | None = None,
    level: Level | None = None,
    organization_id: UUID | None = None,
) -> Select[ReviewItem]:
    """Pairs that match everything given; an undecided one of which a part was merged meanwhile waits for nobody."""
    query = select(ReviewItem)
    if decided is not None:
        query = query.where(ReviewItem.decision.is_not(None) if decided else and_(*_WAITING))
    if reason is not None:
        query = query.where(ReviewItem.reason == reason)
    if level is not None:
        query = query.where(ReviewItem.level == level)
    if organization_id is not None:
        query = query.where(or_(ReviewItem.first_id == organization_id, ReviewItem.second_id == organization_id))
    return query
