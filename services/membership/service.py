"""Every way into the membership service."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.findings import explain
from services.membership.model import (
    Contact,
    Finding,
    ImportRun,
    Member,
    Organization,
    Prospect,
    ReviewItem,
)
from services.membership.vocabulary import SECTORS, STRUCTURES, Term
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.http.standard import StandardRoutes
from shared.i18n import Language

READ = "membership:read"
WRITE = "membership:write"
_ORGANIZATION = "/v1/organizations/<uuid:organization_id>"
_CONTACT = f"{_ORGANIZATION}/contacts/<uuid:contact_id>"
_PROSPECT = "/v1/prospects/<uuid:prospect_id>"
_MEMBER = "/v1/members/<uuid:member_id>"
_REVIEW_ITEM = "/v1/review-items/<uuid:item_id>"
_IMPORT = "/v1/import-runs/<uuid:import_id>"


class MembershipService(StandardRoutes):
    """Organizations, prospects, members, and the registers they come from."""

    name = "membership"

    @route(
        "GET",
        "/v1/organizations",
        scope=READ,
        query=schemas.OrganizationFilter,
        returns=schemas.OrganizationSummary,
        sort={"name": Organization.folded_name},
    )
    def list_organizations(self, call: Call) -> Page[Organization]:
        """Every cooperative and body known, found by name, place, sector, register or standing."""
        return call.page(operations.organizations(**call.query))

    @route(
        "POST",
        "/v1/organizations",
        scope=WRITE,
        body=schemas.OrganizationRequest,
        returns=schemas.OrganizationResponse,
        status=201,
        location="/v1/organizations/{id}",
    )
    def add_organization(self, call: Call) -> Organization:
        """Add an organization; what looks like one already known goes to review, and is added all the same."""
        return operations.add_organization(call.session, **call.body, now=call.now)

    @route("GET", _ORGANIZATION, scope=READ, returns=schemas.OrganizationResponse)
    def show_organization(self, call: Call, *, organization_id: UUID) -> Organization:
        """One organization with its identifiers and contacts."""
        return operations.organization(call.session, organization_id=organization_id)

    @route(
        "PATCH",
        _ORGANIZATION,
        scope=WRITE,
        body=schemas.OrganizationChange,
        returns=schemas.OrganizationResponse,
        requires_if_match=True,
    )
    def update_organization(self, call: Call, *, organization_id: UUID) -> Organization:
        """Change what is sent; the rest stays."""
        known = operations.organization_to_change(call.session, organization_id=organization_id)
        call.match(known)
        return operations.update_organization(call.session, known, **call.body, now=call.now)

    @route(
        "POST",
        f"{_ORGANIZATION}/contacts",
        scope=WRITE,
        body=schemas.ContactRequest,
        returns=schemas.ContactResponse,
        status=201,
    )
    def add_contact(self, call: Call, *, organization_id: UUID) -> Contact:
        """Add a contact."""
        return operations.add_contact(call.session, organization_id=organization_id, **call.body, now=call.now)

    @route("PATCH", _CONTACT, scope=WRITE, body=schemas.ContactChange, returns=schemas.ContactResponse)
    def change_contact(self, call: Call, *, organization_id: UUID, contact_id: UUID) -> Contact:
        """Change what is sent; from then on the register no longer changes this contact."""
        contact = operations.contact_to_change(call.session, organization_id=organization_id, contact_id=contact_id)
        call.match(contact)
        return operations.change_contact(call.session, contact, **call.body, now=call.now)

    @route("DELETE", _CONTACT, scope=WRITE, status=204)
    def remove_contact(self, call: Call, *, organization_id: UUID, contact_id: UUID) -> None:
        """Nobody writes there any more."""
        contact = operations.contact_to_change(call.session, organization_id=organization_id, contact_id=contact_id)
        call.match(contact)
        operations.remove_contact(call.session, contact, now=call.now)

    @route(
        "POST",
        "/v1/prospects",
        scope=WRITE,
        body=schemas.ProspectRequest,
        returns=schemas.ProspectResponse,
        status=201,
        location="/v1/prospects/{id}",
    )
    def open_prospect(self, call: Call) -> Prospect:
        """Begin to win an organization; one prospect at a time."""
        return operations.open_prospect(call.session, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/prospects",
        scope=READ,
        query=schemas.ProspectFilter,
        returns=schemas.ProspectResponse,
        sort={"-opened_at": Prospect.opened_at},
    )
    def list_prospects(self, call: Call) -> Page[Prospect]:
        """Prospects, open and closed."""
        return call.page(operations.prospects(**call.query))

    @route("GET", _PROSPECT, scope=READ, returns=schemas.ProspectResponse)
    def show_prospect(self, call: Call, *, prospect_id: UUID) -> Prospect:
        """One prospect."""
        return operations.prospect(call.session, prospect_id=prospect_id)

    @route(
        "POST",
        f"{_PROSPECT}/admit",
        scope=WRITE,
        body=schemas.AdmissionRequest,
        returns=schemas.MemberResponse,
        status=201,
        location="/v1/members/{id}",
    )
    def admit_prospect(self, call: Call, *, prospect_id: UUID) -> Member:
        """The organization becomes a full or associate member."""
        won = operations.prospect_to_change(call.session, prospect_id=prospect_id)
        call.match(won)
        return operations.admit_prospect(call.session, won, **call.body, actor=call.actor, now=call.now)

    @route("POST", f"{_PROSPECT}/lose", scope=WRITE, body=schemas.ProspectLoss, returns=schemas.ProspectResponse)
    def lose_prospect(self, call: Call, *, prospect_id: UUID) -> Prospect:
        """Nobody tries any more, and why."""
        lost = operations.prospect_to_change(call.session, prospect_id=prospect_id)
        call.match(lost)
        return operations.lose_prospect(call.session, lost, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/members",
        scope=READ,
        query=schemas.MemberFilter,
        returns=schemas.MemberSummary,
        sort={"name": Organization.folded_name, "admitted_on": Member.admitted_on},
    )
    def list_members(self, call: Call) -> Page[Member]:
        """Members, present and past."""
        return call.page(operations.members(**call.query))

    @route("GET", _MEMBER, scope=READ, returns=schemas.MemberResponse)
    def show_member(self, call: Call, *, member_id: UUID) -> Member:
        """One member with its history."""
        return operations.member(call.session, member_id=member_id)

    @route("POST", f"{_MEMBER}/standing", scope=WRITE, body=schemas.StandingRequest, returns=schemas.MemberResponse)
    def change_standing(self, call: Call, *, member_id: UUID) -> Member:
        """Grace, suspension, resignation, termination, or back to current."""
        changed = operations.member_to_change(call.session, member_id=member_id)
        call.match(changed)
        return operations.change_standing(call.session, changed, **call.body, actor=call.actor, now=call.now)

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

    @route(
        "GET",
        "/v1/import-runs",
        scope=READ,
        query=schemas.ImportFilter,
        returns=schemas.ImportResponse,
        sort={"-started_at": ImportRun.started_at},
    )
    def list_import_runs(self, call: Call) -> Page[ImportRun]:
        """Imports of registers' files."""
        return call.page(operations.import_runs(**call.query))

    @route("GET", _IMPORT, scope=READ, returns=schemas.ImportResponse)
    def show_import_run(self, call: Call, *, import_id: UUID) -> ImportRun:
        """One import with its counts."""
        return operations.import_run(call.session, import_id=import_id)

    @route(
        "GET",
        f"{_IMPORT}/rows",
        scope=READ,
        query=schemas.FindingFilter,
        returns=schemas.FindingResponse,
        sort={"line": Finding.line},
    )
    def list_import_rows(self, call: Call, *, import_id: UUID) -> Page[Any]:
        """Rows that were rejected, are in review, or carry a flag."""
        page = call.page(operations.findings(call.session, import_id=import_id, kind=call.query.get("outcome")))
        return replace(page, items=[_finding(one, call.language) for one in page.items])

    @route("GET", "/v1/vocabulary", scope=READ, returns=schemas.VocabularyResponse)
    def show_vocabulary(self, call: Call) -> dict[str, Any]:
        """The codes of sectors and structures, with their names."""
        return {"sectors": _terms(SECTORS, call.language), "structures": _terms(STRUCTURES, call.language)}


def _finding(found: Finding, language: Language) -> dict[str, Any]:
    return {
        "line": found.line,
        "key": found.key,
        "column": found.column,
        "outcome": found.kind,
        "reason": found.reason,
        "explanation": explain(found, language),
    }


def _terms(terms: dict[str, Term], language: Language) -> list[dict[str, str]]:
    return [{"code": code, "ica": term.ica, "name": term.name(language)} for code, term in terms.items()]
