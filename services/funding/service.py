"""Every way into the funding service."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.funding import operations
from services.funding.model import REASONS, Award, Member
from services.funding.schemas import (
    AwardFilter,
    AwardOffer,
    AwardReason,
    AwardRequest,
    AwardResponse,
    EligibilityResponse,
    MemberFilter,
    MemberResponse,
)
from shared.contracts.membership import MemberAdmitted, MemberStandingChanged, MemberState, MemberUpdated
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.http.standard import StandardRoutes
from shared.i18n import gettext
from shared.messaging.subscribe import subscribe
from shared.messaging.wire import Delivery

READ = "funding:read"
WRITE = "funding:write"
APPROVE = "funding:approve"
"""Decide what somebody else proposed."""

_AWARD = "/v1/awards/<uuid:award_id>"


class FundingService(StandardRoutes):
    """Who may receive funds, why not, and what members are awarded."""

    name = "funding"

    @route(
        "GET",
        "/v1/members",
        scope=READ,
        query=MemberFilter,
        returns=MemberResponse,
        sort={"name": Member.name, "changed_at": Member.changed_at},
    )
    def list_members(self, call: Call) -> Page[Member]:
        """The members funding knows."""
        return call.page(operations.members(**call.query))

    @route("GET", "/v1/members/<uuid:member_id>", scope=READ, returns=MemberResponse)
    def show_member(self, call: Call, *, member_id: UUID) -> Member:
        """One member."""
        return operations.member(call.session, member_id=member_id)

    @route("GET", "/v1/members/<uuid:member_id>/eligibility", scope=READ, returns=EligibilityResponse)
    def check_eligibility(self, call: Call, *, member_id: UUID) -> dict[str, Any]:
        """Whether the member may receive funds, with the reasons. An unknown id is an answer too: not eligible."""
        found = operations.eligibility(call.session, member_id=member_id)
        reasons = [{"code": code, "text": gettext(call.language, REASONS[code])} for code in found.reasons]
        return {"member_id": member_id, "eligible": found.eligible, "reasons": reasons}

    @route(
        "POST",
        "/v1/awards",
        scope=WRITE,
        body=AwardRequest,
        returns=AwardResponse,
        status=201,
        location="/v1/awards/{id}",
    )
    def propose_award(self, call: Call) -> Award:
        """Propose an award to an eligible member; somebody else decides it."""
        return operations.propose_award(call.session, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/awards",
        scope=READ,
        query=AwardFilter,
        returns=AwardResponse,
        sort={"-proposed_at": Award.proposed_at},
    )
    def list_awards(self, call: Call) -> Page[Award]:
        """What was proposed and what became of it, the latest first."""
        return call.page(operations.awards(**call.query))

    @route("GET", _AWARD, scope=READ, returns=AwardResponse)
    def show_award(self, call: Call, *, award_id: UUID) -> Award:
        """One award."""
        return operations.award(call.session, award_id=award_id)

    @route("POST", f"{_AWARD}/offer", scope=APPROVE, body=AwardOffer, returns=AwardResponse, requires_if_match=True)
    def offer_award(self, call: Call, *, award_id: UUID) -> Award:
        """Record the decision to offer it; who proposed it can't, and eligibility is asked again."""
        offered = operations.award_to_change(call.session, award_id=award_id)
        call.match(offered)
        return operations.offer_award(call.session, offered, **call.body, actor=call.actor, now=call.now)

    @route("POST", f"{_AWARD}/withdraw", scope=WRITE, body=AwardReason, returns=AwardResponse)
    def withdraw_award(self, call: Call, *, award_id: UUID) -> Award:
        """Give a proposal up; it stays readable."""
        withdrawn = operations.award_to_change(call.session, award_id=award_id)
        call.match(withdrawn)
        return operations.withdraw_award(call.session, withdrawn, **call.body, actor=call.actor, now=call.now)

    @route("POST", f"{_AWARD}/accept", scope=WRITE, returns=AwardResponse)
    def accept_award(self, call: Call, *, award_id: UUID) -> Award:
        """Note that the member takes what it was offered."""
        accepted = operations.award_to_change(call.session, award_id=award_id)
        call.match(accepted)
        return operations.accept_award(call.session, accepted, actor=call.actor, now=call.now)

    @route("POST", f"{_AWARD}/decline", scope=WRITE, body=AwardReason, returns=AwardResponse)
    def decline_award(self, call: Call, *, award_id: UUID) -> Award:
        """Note that the member does not take what it was offered, and why."""
        declined = operations.award_to_change(call.session, award_id=award_id)
        call.match(declined)
        return operations.decline_award(call.session, declined, **call.body, actor=call.actor, now=call.now)

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
