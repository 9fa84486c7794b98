"""The review queue."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.explaining import ExplainedItem, explain_item
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
        sort={"opened_at": ReviewItem.opened_at, "-score": ReviewItem.score},
    )
    def list_review_items(self, call: Call) -> Page[Any]:
        """Pairs of organizations that may be one, with a score and what speaks for and against."""
        page = call.page(operations.review_items(**call.query))
        return replace(page, items=[explain_item(item, call.language) for item in page.items])

    @route("GET", _REVIEW_ITEM, scope=READ, returns=schemas.ReviewItemResponse)
    def show_review_item(self, call: Call, *, item_id: UUID) -> ExplainedItem:
        """One pair, with its score and what speaks for and against."""
        return explain_item(operations.review_item(call.session, item_id=item_id), call.language)

    @route(
        "POST",
        f"{_REVIEW_ITEM}/decision",
        scope=WRITE,
        body=schemas.DecisionRequest,
        returns=schemas.ReviewItemResponse,
    )
    def decide_review_item(self, call: Call, *, item_id: UUID) -> ExplainedItem:
        """Say whether the two are one; it is recorded and never asked again."""
        item = operations.review_item_to_change(call.session, item_id=item_id)
        call.match(item)
        item.decide(**call.body, now=call.now, actor=call.actor)
        call.session.flush()
        return explain_item(item, call.language)
