"""Leads: what gatherings bring, and what it led to."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.membership import operations, schemas
from services.membership.model import Lead
from services.membership.operations.attribution import Attribution
from services.membership.service.scopes import READ
from shared.clock import utc_now
from shared.contracts.events import LeadCaptured
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.messaging.subscribe import subscribe
from shared.messaging.wire import Delivery


class LeadRoutes:
    """From a gathering to a prospect to a member, and the way back."""

    @route(
        "GET",
        "/v1/leads",
        scope=READ,
        query=schemas.LeadFilter,
        returns=schemas.LeadResponse,
        sort={"-captured_at": Lead.captured_at},
    )
    def list_leads(self, call: Call) -> Page[Lead]:
        """Interest shown at gatherings, and what came of it."""
        return call.page(operations.leads(**call.query))

    @route("GET", "/v1/leads/<uuid:lead_id>", scope=READ, returns=schemas.LeadResponse)
    def show_lead(self, call: Call, *, lead_id: UUID) -> Lead:
        """One lead, by the id it has in the events service."""
        return operations.lead(call.session, lead_id=lead_id)

    @route("GET", "/v1/members/<uuid:member_id>/attribution", scope=READ, returns=schemas.AttributionResponse)
    def explain_member(self, call: Call, *, member_id: UUID) -> Attribution:
        """What led to a member: prospect, leads and campaign, and which of them came first."""
        return operations.attribution(call.session, member_id=member_id)

    @route("GET", "/v1/attribution", scope=READ, query=schemas.Period, returns=schemas.AttributionSums)
    def sum_attribution(self, call: Call) -> dict[str, Any]:
        """What each gathering, campaign and contact brought in a period."""
        return {**call.query, "sources": operations.results_by_source(call.session, **call.query)}

    @subscribe(LeadCaptured)
    def take_lead(self, session: Session, delivery: Delivery[LeadCaptured]) -> None:
        """Begin to win who showed interest at a gathering."""
        operations.take_lead(session, delivery, now=utc_now())
