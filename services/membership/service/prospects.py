"""Prospects: the organizations being won."""

from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import Member, Prospect
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_PROSPECT = "/v1/prospects/<uuid:prospect_id>"


class ProspectRoutes:
    """From the first talk to the admission."""

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
