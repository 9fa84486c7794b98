"""Consultations of the members of an applicant's country, as staff hold them."""

from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import Opinion
from services.membership.model.application_states import SCHEDULE
from services.membership.service import applicant_addresses
from services.membership.service.application_showing import shown
from services.membership.service.applications import APPLICATION
from services.membership.service.consultation_links import address_of
from services.membership.service.scopes import READ, WRITE
from shared.clock import utc_now
from shared.database import transaction
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.schedule import Turn, every

_OPINION = f"{APPLICATION}/opinions/<uuid:member_id>"


class ConsultationRoutes:
    """Ask the members of the country, record what they say, and what they do not."""

    @route(
        "POST",
        f"{APPLICATION}/consult",
        scope=WRITE,
        body=schemas.ConsultationRequest,
        returns=schemas.ApplicationResponse,
        requires_if_match=True,
    )
    def consult_members(self, call: Call, *, application_id: UUID) -> Any:
        """Ask everybody who is a member of its country today; where nobody is, that is recorded and it goes on."""
        consulted = operations.application_to_change(call.session, application_id=application_id)
        call.match(consulted)
        address = address_of(call.settings)
        operations.consult_members(
            call.session, consulted, **call.body, address=address, actor=call.actor, now=call.now
        )
        return shown(call, consulted)

    @route(
        "GET",
        f"{APPLICATION}/opinions",
        scope=READ,
        query=schemas.OpinionFilter,
        returns=schemas.OpinionResponse,
        sort={"id": Opinion.id},
    )
    def list_opinions(self, call: Call, *, application_id: UUID) -> Page[Opinion]:
        """What the members asked last said; silence is an answer of its own once the consultation has closed."""
        return call.page(operations.opinions(call.session, application_id=application_id, **call.query))

    @route("POST", _OPINION, scope=WRITE, body=schemas.RecordedOpinionRequest, returns=schemas.OpinionResponse)
    def say_opinion(self, call: Call, *, application_id: UUID, member_id: UUID) -> Opinion:
        """Record what a member told the secretariat; again until the consultation closes."""
        of = operations.application_to_change(call.session, application_id=application_id)
        call.match(of)
        return operations.say_opinion(
            call.session, of, member_id=member_id, **call.body, actor=call.actor, now=call.now
        )

    @route(
        "POST",
        f"{_OPINION}/links",
        scope=WRITE,
        returns=schemas.NewOpinionLinkResponse,
        status=201,
        idempotent=False,
    )
    def make_opinion_link(self, call: Call, *, application_id: UUID, member_id: UUID) -> dict[str, Any]:
        """A link by which the member answers without login; it is shown only in this answer."""
        of = operations.application_to_change(call.session, application_id=application_id)
        made = operations.make_opinion_link(call.session, of, member_id=member_id, actor=call.actor, now=call.now)
        assert of.consultation
        return {"id": made.id, "url": address_of(call.settings)(made.id), "closes_at": of.consultation.closes_at}

    @route(
        "POST",
        f"{_OPINION}/links/<uuid:link_id>/revoke",
        scope=WRITE,
        body=schemas.LinkRevocation,
        returns=schemas.OpinionResponse,
    )
    def revoke_opinion_link(self, call: Call, *, application_id: UUID, member_id: UUID, link_id: UUID) -> Opinion:
        """The link opens nothing any more."""
        of = operations.application_to_change(call.session, application_id=application_id)
        return operations.revoke_opinion_link(
            call.session, of, member_id=member_id, link_id=link_id, **call.body, actor=call.actor, now=call.now
        )

    @route(
        "POST",
        f"{APPLICATION}/close-consultation",
        scope=WRITE,
        returns=schemas.ApplicationResponse,
        requires_if_match=True,
    )
    def close_consultation(self, call: Call, *, application_id: UUID) -> Any:
        """End it before its day, once everybody has answered."""
        closing = operations.application_to_change(call.session, application_id=application_id)
        call.match(closing)
        operations.close_consultation(call.session, closing, actor=call.actor, now=call.now)
        return shown(call, closing)

    @every(seconds=60)
    def remind_applications(self, turn: Turn) -> None:
        """Remind members consulted and applicants asked of what they have not answered, some days before its day."""
        while not turn.stopping():
            with transaction(turn.engine) as session:
                addresses = operations.Addresses(
                    address_of(turn.settings), applicant_addresses.address_of(turn.settings)
                )
                if not operations.remind_applications(session, addresses=addresses, now=utc_now()):
                    return

    @every(seconds=60)
    def close_consultations(self, turn: Turn) -> None:
        """Record silence where the day is over; after that nobody's answer is taken, whether or not we were on time."""
        while not turn.stopping():
            with transaction(turn.engine) as session:
                if not operations.close_consultations(session, actor=SCHEDULE, now=utc_now()):
                    return
