"""The review queue."""

from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import ReviewItem
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_REVIEW_ITEM = "/v1/review-items/<uuid:item_id>"


class ReviewRoutes:
    """Pairs of organizations that may be one."""

    @route(
        "GET",
        "/v1/review-items",
        scope=READ,
        query=schemas.ReviewFilter,
        returns=schemas.ReviewItemResponse,
        sort={"opened_at": ReviewItem.opened_at},
    )
    def list_review_items(self, call: Call) -> Page[ReviewItem]:
        """Pairs of organizations that may be one."""
        return call.page(operations.review_items(**call.query))

    @route("GET", _REVIEW_ITEM, scope=READ, returns=schemas.ReviewItemResponse)
    def show_review_item(self, call: Call, *, item_id: UUID) -> ReviewItem:
        """One pair."""
        return operations.review_item(call.session, item_id=item_id)

    @route(
        "POST",
        f"{_REVIEW_ITEM}/decision",
        scope=WRITE,
        body=schemas.DecisionRequest,
        returns=schemas.ReviewItemResponse,
    )
    def decide_review_item(self, call: Call, *, item_id: UUID) -> ReviewItem:
        """Say whether the two are one; it is recorded and never asked again."""
        item = operations.review_item_to_change(call.session, item_id=item_id)
        call.match(item)
        item.decide(**call.body, now=call.now, actor=call.actor)
        return item
