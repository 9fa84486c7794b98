"""Which organization belongs to which federation, and what happened to an organization's record."""

from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import Affiliation, OrganizationChange
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_ORGANIZATION = "/v1/organizations/<uuid:organization_id>"
_AFFILIATION = f"{_ORGANIZATION}/affiliations/<uuid:affiliation_id>"


class AffiliationRoutes:
    """Federations and who belongs to them."""

    @route(
        "GET",
        f"{_ORGANIZATION}/affiliations",
        scope=READ,
        query=schemas.AffiliationFilter,
        returns=schemas.AffiliationResponse,
        sort={"id": Affiliation.id},
    )
    def list_affiliations(self, call: Call, *, organization_id: UUID) -> Page[Affiliation]:
        """Federations the organization belongs to, and organizations that belong to it."""
        return call.page(operations.affiliations(call.session, organization_id=organization_id, **call.query))

    @route(
        "POST",
        f"{_ORGANIZATION}/affiliations",
        scope=WRITE,
        body=schemas.AffiliationRequest,
        returns=schemas.AffiliationResponse,
        status=201,
    )
    def add_affiliation(self, call: Call, *, organization_id: UUID) -> Affiliation:
        """The organization belongs to a federation; to each once at a time."""
        return operations.add_affiliation(
            call.session, organization_id=organization_id, **call.body, actor=call.actor, now=call.now
        )

    @route("PATCH", _AFFILIATION, scope=WRITE, body=schemas.AffiliationChange, returns=schemas.AffiliationResponse)
    def change_affiliation(self, call: Call, *, organization_id: UUID, affiliation_id: UUID) -> Affiliation:
        """Change its days or its note; with a last day it has ended."""
        affiliation = operations.affiliation_to_change(
            call.session, organization_id=organization_id, affiliation_id=affiliation_id
        )
        call.match(affiliation)
        return operations.change_affiliation(call.session, affiliation, **call.body, actor=call.actor, now=call.now)

    @route("DELETE", _AFFILIATION, scope=WRITE, status=204)
    def remove_affiliation(self, call: Call, *, organization_id: UUID, affiliation_id: UUID) -> None:
        """It was entered by mistake; one that ended is given its last day instead."""
        affiliation = operations.affiliation_to_change(
            call.session, organization_id=organization_id, affiliation_id=affiliation_id
        )
        call.match(affiliation)
        operations.remove_affiliation(call.session, affiliation, actor=call.actor, now=call.now)

    @route(
        "GET",
        f"{_ORGANIZATION}/changes",
        scope=READ,
        returns=schemas.OrganizationChangeResponse,
        sort={"-changed_at": OrganizationChange.changed_at},
    )
    def list_organization_changes(self, call: Call, *, organization_id: UUID) -> Page[OrganizationChange]:
        """Who changed what of the record, when and why; with what was changed of those merged into it."""
        return call.page(operations.changes(call.session, organization_id=organization_id))
