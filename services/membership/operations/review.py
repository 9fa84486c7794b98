"""The review queue: pairs of organizations that may be one."""

from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from services.membership.model import ReviewItem, UnknownReviewItem
from services.membership.model.review import Reason


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
    *, decided: bool | None = None, reason: Reason | None = None, organization_id: UUID | None = None
) -> Select[ReviewItem]:
    query = select(ReviewItem)
    if decided is not None:
        query = query.where(ReviewItem.decision.is_not(None) if decided else ReviewItem.decision.is_(None))
    if reason is not None:
        query = query.where(ReviewItem.reason == reason)
    if organization_id is not None:
        query = query.where(or_(ReviewItem.first_id == organization_id, ReviewItem.second_id == organization_id))
    return query
