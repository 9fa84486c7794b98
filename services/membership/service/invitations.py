"""Links for applicants, as staff give and take them."""

from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import ApplicantLink
from services.membership.service.applicant_addresses import address_of
from services.membership.service.applications import APPLICATION
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_LINKS = f"{APPLICATION}/links"


class InvitationRoutes:
    """Let an applicant fill in its own form."""

    @route(
        "POST",
        f"{APPLICATION}/invite",
        scope=WRITE,
        returns=schemas.ApplicantLinkResponse,
        status=201,
    )
    def invite_applicant(self, call: Call, *, application_id: UUID) -> ApplicantLink:
        """Mail the applicant's contact a link to fill in the application without login; again sends a new one."""
        of = operations.application_to_change(call.session, application_id=application_id)
        call.match(of)
        address = address_of(call.settings)
        return operations.invite_applicant(call.session, of, address=address, actor=call.actor, now=call.now)

    @route("POST", _LINKS, scope=WRITE, returns=schemas.NewApplicantLinkResponse, status=201, idempotent=False)
    def make_applicant_link(self, call: Call, *, application_id: UUID) -> dict[str, Any]:
        """A link to hand over yourself; it is shown only in this answer."""
        of = operations.application_to_change(call.session, application_id=application_id)
        made = operations.make_applicant_link(call.session, of, actor=call.actor, now=call.now)
        return {"id": made.id, "url": address_of(call.settings)(made.id), "ends_on": made.ends_on}

    @route("GET", _LINKS, scope=READ, returns=schemas.ApplicantLinkResponse, sort={"-made_at": ApplicantLink.made_at})
    def list_applicant_links(self, call: Call, *, application_id: UUID) -> Page[ApplicantLink]:
        """The links of an application, withdrawn ones as well."""
        return call.page(operations.applicant_links(call.session, application_id=application_id))

    @route(
        "POST",
        f"{_LINKS}/<uuid:link_id>/revoke",
        scope=WRITE,
        body=schemas.LinkRevocation,
        returns=schemas.ApplicantLinkResponse,
    )
    def revoke_applicant_link(self, call: Call, *, application_id: UUID, link_id: UUID) -> ApplicantLink:
        """The link opens nothing any more."""
        of = operations.application_to_change(call.session, application_id=application_id)
        return operations.revoke_applicant_link(
            call.session, of, link_id=link_id, **call.body, actor=call.actor, now=call.now
        )
