"""Organizations, their contacts, and the words they are described by."""

from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import Contact, Organization
from services.membership.service.scopes import READ, WRITE
from services.membership.vocabulary import CONTACT_ROLES, DEGREES, SECTORS, STRUCTURES, Term
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.i18n import Language

_ORGANIZATION = "/v1/organizations/<uuid:organization_id>"
_CONTACT = f"{_ORGANIZATION}/contacts/<uuid:contact_id>"


class OrganizationRoutes:
    """Every cooperative and body known."""

    @route(
        "GET",
        "/v1/organizations",
        scope=READ,
        query=schemas.OrganizationFilter,
        returns=schemas.OrganizationSummary,
        sort={"name": Organization.folded_name},
    )
    def list_organizations(self, call: Call) -> Page[Organization]:
        """Every cooperative and body known, found by name, acronym, place, sector, degree or standing."""
        return call.page(operations.organizations(call.session, **call.query))

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
        return operations.add_organization(call.session, **call.body, actor=call.actor, now=call.now)

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
        return operations.update_organization(call.session, known, **call.body, actor=call.actor, now=call.now)

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
        return operations.add_contact(
            call.session, organization_id=organization_id, **call.body, actor=call.actor, now=call.now
        )

    @route("PATCH", _CONTACT, scope=WRITE, body=schemas.ContactChange, returns=schemas.ContactResponse)
    def change_contact(self, call: Call, *, organization_id: UUID, contact_id: UUID) -> Contact:
        """Change what is sent; from then on the register no longer changes this contact."""
        contact = operations.contact_to_change(call.session, organization_id=organization_id, contact_id=contact_id)
        call.match(contact)
        return operations.change_contact(call.session, contact, **call.body, actor=call.actor, now=call.now)

    @route("DELETE", _CONTACT, scope=WRITE, status=204)
    def remove_contact(self, call: Call, *, organization_id: UUID, contact_id: UUID) -> None:
        """Nobody writes there any more."""
        contact = operations.contact_to_change(call.session, organization_id=organization_id, contact_id=contact_id)
        call.match(contact)
        operations.remove_contact(call.session, contact, actor=call.actor, now=call.now)

    @route("GET", "/v1/vocabulary", scope=READ, returns=schemas.VocabularyResponse)
    def show_vocabulary(self, call: Call) -> dict[str, Any]:
        """The codes of sectors, structures, degrees and contacts' roles, with their names."""
        words = {"sectors": SECTORS, "structures": STRUCTURES, "degrees": DEGREES, "contact_roles": CONTACT_ROLES}
        return {name: _terms(terms, call.language) for name, terms in words.items()}


def _terms(terms: dict[str, Term], language: Language) -> list[dict[str, str]]:
    return [
        {"code": code, "ica": term.ica, "degree": term.degree, "name": term.name(language)}
        for code, term in terms.items()
    ]
