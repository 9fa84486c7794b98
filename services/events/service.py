"""Every way into the events service."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.events import operations
from services.events.model import Gathering, Lead, PriceReason, Registration
from services.events.schemas import (
    GatheringFilter,
    GatheringRequest,
    GatheringResponse,
    LeadRequest,
    LeadResponse,
    QuoteFilter,
    QuoteResponse,
    RegistrationFilter,
    RegistrationRequest,
    RegistrationResponse,
)
from shared.contracts.membership import (
    MemberAdmitted,
    MemberStandingChanged,
    MemberState,
    MemberUpdated,
    OrganizationMerged,
    OrganizationUnmerged,
)
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.http.standard import StandardRoutes
from shared.i18n import gettext
from shared.merged import Change
from shared.messaging.subscribe import subscribe
from shared.messaging.wire import Delivery

REASONS: dict[PriceReason, str] = {
    "good_standing": "The membership is in good standing.",
    "in_grace": "The membership is in its grace period: dues are late.",
    "suspended": "The membership is suspended.",
    "resigned": "The organization has resigned its membership.",
    "terminated": "The membership was terminated.",
    "not_a_member": "The organization is no member.",
    "no_organization": "The person comes for no organization.",
}


class EventsService(StandardRoutes):
    """Gatherings, and who comes at what price."""

    name = "events"

    @route(
        "POST",
        "/v1/gatherings",
        scope="events:write",
        body=GatheringRequest,
        returns=GatheringResponse,
        status=201,
        location="/v1/gatherings/{id}",
    )
    def announce_gathering(self, call: Call) -> Gathering:
        """Announce a gathering: it is open for registration from now."""
        return operations.announce_gathering(call.session, **call.body, now=call.now)

    @route(
        "GET",
        "/v1/gatherings",
        scope="events:read",
        query=GatheringFilter,
        returns=GatheringResponse,
        sort={"starts_on": Gathering.starts_on, "announced_at": Gathering.announced_at, "name": Gathering.name},
    )
    def list_gatherings(self, call: Call) -> Page[Gathering]:
        """Gatherings, past and to come."""
        return call.page(operations.gatherings(**call.query))

    @route("GET", "/v1/gatherings/<uuid:gathering_id>", scope="events:read", returns=GatheringResponse)
    def show_gathering(self, call: Call, *, gathering_id: UUID) -> Gathering:
        """One gathering."""
        return operations.gathering(call.session, gathering_id=gathering_id)

    @route(
        "GET",
        "/v1/gatherings/<uuid:gathering_id>/price",
        scope="events:read",
        query=QuoteFilter,
        returns=QuoteResponse,
    )
    def quote(self, call: Call, *, gathering_id: UUID) -> dict[str, Any]:
        """What a place costs somebody from this organization now, and why. Registering turns it into a promise."""
        found = operations.quote(call.session, gathering_id=gathering_id, **call.query)
        return {**vars(found), "text": gettext(call.language, REASONS[found.reason])}

    @route(
        "POST",
        "/v1/gatherings/<uuid:gathering_id>/registrations",
        scope="events:write",
        body=RegistrationRequest,
        returns=RegistrationResponse,
        status=201,
        location="/v1/registrations/{id}",
    )
    def register(self, call: Call, *, gathering_id: UUID) -> Registration:
        """Take a place, at the price the person's organization has at this moment. The price is kept."""
        return operations.register(call.session, gathering_id=gathering_id, **call.body, now=call.now)

    @route(
        "GET",
        "/v1/gatherings/<uuid:gathering_id>/registrations",
        scope="events:read",
        query=RegistrationFilter,
        returns=RegistrationResponse,
        sort={"registered_at": Registration.registered_at, "person": Registration.person},
    )
    def list_registrations(self, call: Call, *, gathering_id: UUID) -> Page[Registration]:
        """Who comes to a gathering."""
        return call.page(operations.registrations(call.session, gathering_id=gathering_id, **call.query))

    @route("GET", "/v1/registrations/<uuid:registration_id>", scope="events:read", returns=RegistrationResponse)
    def show_registration(self, call: Call, *, registration_id: UUID) -> Registration:
        """One registration."""
        return operations.registration(call.session, registration_id=registration_id)

    @route(
        "POST",
        "/v1/gatherings/<uuid:gathering_id>/leads",
        scope="events:write",
        body=LeadRequest,
        returns=LeadResponse,
        status=201,
        location="/v1/leads/{id}",
    )
    def capture_lead(self, call: Call, *, gathering_id: UUID) -> Lead:
        """Note that an organization showed interest; membership begins to win it. Said again it is the same lead."""
        return operations.capture_lead(
            call.session, gathering_id=gathering_id, **call.body, actor=call.actor, now=call.now
        )

    @route(
        "GET",
        "/v1/gatherings/<uuid:gathering_id>/leads",
        scope="events:read",
        returns=LeadResponse,
        sort={"captured_at": Lead.captured_at, "name": Lead.name},
    )
    def list_leads(self, call: Call, *, gathering_id: UUID) -> Page[Lead]:
        """Who showed interest at a gathering."""
        return call.page(operations.leads(call.session, gathering_id=gathering_id))

    @route("GET", "/v1/leads/<uuid:lead_id>", scope="events:read", returns=LeadResponse)
    def show_lead(self, call: Call, *, lead_id: UUID) -> Lead:
        """One lead."""
        return operations.lead(call.session, lead_id=lead_id)

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

    @subscribe(OrganizationMerged, OrganizationUnmerged, latest=True, many=True, projection=operations.forget_merges)
    def keep_merges(self, session: Session, deliveries: list[Delivery[Change]]) -> None:
        """Follow membership's merges of organizations."""
        operations.keep_merges(session, deliveries)
