"""Every way into the funding service."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.funding import operations
from services.funding.model import Member, Reason
from services.funding.schemas import EligibilityResponse, MemberFilter, MemberResponse
from shared.contracts.membership import MemberAdmitted, MemberStandingChanged, MemberState, MemberUpdated
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.http.standard import StandardRoutes
from shared.i18n import gettext
from shared.messaging.subscribe import subscribe
from shared.messaging.wire import Delivery

REASONS: dict[Reason, str] = {
    "not_admitted": "No membership is known under this id.",
    "in_grace": "The membership is in its grace period: dues are late.",
    "suspended": "The membership is suspended.",
    "resigned": "The organization has resigned its membership.",
    "terminated": "The membership was terminated.",
}


class FundingService(StandardRoutes):
    """Who may receive funds, and why not."""

    name = "funding"

    @route(
        "GET",
        "/v1/members",
        scope="funding:read",
        query=MemberFilter,
        returns=MemberResponse,
        sort={"name": Member.name, "changed_at": Member.changed_at},
    )
    def list_members(self, call: Call) -> Page[Member]:
        """The members funding knows."""
        return call.page(operations.members(**call.query))

    @route("GET", "/v1/members/<uuid:member_id>", scope="funding:read", returns=MemberResponse)
    def show_member(self, call: Call, *, member_id: UUID) -> Member:
        """One member."""
        return operations.member(call.session, member_id=member_id)

    @route("GET", "/v1/members/<uuid:member_id>/eligibility", scope="funding:read", returns=EligibilityResponse)
    def check_eligibility(self, call: Call, *, member_id: UUID) -> dict[str, Any]:
        """Whether the member may receive funds, with the reasons. An unknown id is an answer too: not eligible."""
        found = operations.eligibility(call.session, member_id=member_id)
        reasons = [{"code": code, "text": gettext(call.language, REASONS[code])} for code in found.reasons]
        return {"member_id": member_id, "eligible": found.eligible, "reasons": reasons}

    @subscribe(
        MemberAdmitted,
        MemberUpdated,
        MemberStandingChanged,
        latest=True,
        many=True,
        projection=operations.forget_members,
    )
    def keep_members(self, session: Session, deliveries: list[Delivery[MemberState]]) -> None:
        """Follow membership's members."""
        operations.keep_members(session, deliveries)
