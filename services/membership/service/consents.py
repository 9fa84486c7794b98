"""What members agreed to show in the public directory."""

from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import DirectoryConsent
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_CONSENTS = "/v1/members/<uuid:member_id>/directory-consents"


class ConsentRoutes:
    """Nothing of a member is public that it did not agree to."""

    @route("POST", _CONSENTS, scope=WRITE, body=schemas.ConsentRequest, returns=schemas.ConsentResponse, status=201)
    def give_consent(self, call: Call, *, member_id: UUID) -> DirectoryConsent:
        """Record what a member agrees to show, or no more; what it agreed before is kept. If-Match is its version."""
        member, before = operations.consent_to_change(call.session, member_id=member_id)
        if before:
            call.match(before)
        return operations.give_consent(call.session, member, before, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        _CONSENTS,
        scope=READ,
        returns=schemas.ConsentResponse,
        sort={"-version": DirectoryConsent.number},
    )
    def list_consents(self, call: Call, *, member_id: UUID) -> Page[DirectoryConsent]:
        """What a member agreed to, the latest first, which counts."""
        operations.member(call.session, member_id=member_id)
        return call.page(operations.consents(member_id=member_id))
