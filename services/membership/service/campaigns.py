"""Campaigns: their lists, their prospects and what came of them."""

from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import Campaign, CampaignChange, CampaignTarget, Organization
from services.membership.operations.campaigns import Batch, CampaignResults
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_CAMPAIGN = "/v1/campaigns/<uuid:campaign_id>"


class CampaignRoutes:
    """Drives to win the organizations of one list."""

    @route(
        "POST",
        "/v1/campaigns",
        scope=WRITE,
        body=schemas.CampaignRequest,
        returns=schemas.CampaignResponse,
        status=201,
        location="/v1/campaigns/{id}",
    )
    def plan_campaign(self, call: Call) -> Campaign:
        """Plan a campaign; its list is whoever its filter finds, until it starts."""
        return operations.plan_campaign(call.session, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/campaigns",
        scope=READ,
        query=schemas.CampaignFilter,
        returns=schemas.CampaignResponse,
        sort={"-starts_on": Campaign.starts_on, "name": Campaign.name},
    )
    def list_campaigns(self, call: Call) -> Page[Campaign]:
        """Campaigns, planned, running and past."""
        return call.page(operations.campaigns(**call.query))

    @route("GET", _CAMPAIGN, scope=READ, returns=schemas.CampaignResponse)
    def show_campaign(self, call: Call, *, campaign_id: UUID) -> Campaign:
        """One campaign."""
        return operations.campaign(call.session, campaign_id=campaign_id)

    @route(
        "PATCH",
        _CAMPAIGN,
        scope=WRITE,
        body=schemas.CampaignChange,
        returns=schemas.CampaignResponse,
        requires_if_match=True,
    )
    def update_campaign(self, call: Call, *, campaign_id: UUID) -> Campaign:
        """Change what is sent; the rest stays."""
        changed = operations.campaign_to_change(call.session, campaign_id=campaign_id)
        call.match(changed)
        return operations.update_campaign(call.session, changed, **call.body, actor=call.actor, now=call.now)

    @route(
        "POST", f"{_CAMPAIGN}/state", scope=WRITE, body=schemas.CampaignStateRequest, returns=schemas.CampaignResponse
    )
    def change_campaign_state(self, call: Call, *, campaign_id: UUID) -> Campaign:
        """Start it, which freezes its list; complete it; or cancel it."""
        changed = operations.campaign_to_change(call.session, campaign_id=campaign_id)
        call.match(changed)
        return operations.change_campaign_state(call.session, changed, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        f"{_CAMPAIGN}/history",
        scope=READ,
        returns=schemas.CampaignChangeResponse,
        sort={"at": CampaignChange.id},
    )
    def list_campaign_history(self, call: Call, *, campaign_id: UUID) -> Page[CampaignChange]:
        """Who planned, changed, started and ended it, when and why."""
        return call.page(operations.campaign_history(call.session, campaign_id=campaign_id))

    @route(
        "GET",
        f"{_CAMPAIGN}/matching",
        scope=READ,
        returns=schemas.OrganizationSummary,
        sort={"name": Organization.folded_name},
    )
    def list_matching(self, call: Call, *, campaign_id: UUID) -> Page[Organization]:
        """Whom its filter finds at this moment; a frozen list may be another by now."""
        known = operations.campaign(call.session, campaign_id=campaign_id)
        return call.page(operations.matching_organizations(known.target))

    @route(
        "GET",
        f"{_CAMPAIGN}/targets",
        scope=READ,
        query=schemas.CampaignTargetFilter,
        returns=schemas.CampaignTargetResponse,
        sort={"organization_id": CampaignTarget.organization_id},
    )
    def list_targets(self, call: Call, *, campaign_id: UUID) -> Page[CampaignTarget]:
        """Its frozen list: who was added, who was skipped and why, who is still to be tried."""
        return call.page(operations.campaign_targets(call.session, campaign_id=campaign_id, **call.query))

    @route("POST", f"{_CAMPAIGN}/prospects", scope=WRITE, body=schemas.BatchRequest, returns=schemas.BatchResponse)
    def add_campaign_prospects(self, call: Call, *, campaign_id: UUID) -> Batch:
        """Make prospects of the next of its list; said again it goes on with those that remain."""
        running = operations.campaign_to_change(call.session, campaign_id=campaign_id)
        return operations.add_prospects(call.session, running, **call.body, actor=call.actor, now=call.now)

    @route("GET", f"{_CAMPAIGN}/results", scope=READ, returns=schemas.CampaignResultsResponse)
    def show_results(self, call: Call, *, campaign_id: UUID) -> CampaignResults:
        """Prospects by stage, members won and what each cost, so far."""
        known = operations.campaign(call.session, campaign_id=campaign_id)
        return operations.campaign_results(call.session, known)
