"""Members and their standing."""

from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import Member, Organization
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_MEMBER = "/v1/members/<uuid:member_id>"


class MemberRoutes:
    """Who was admitted, and where each stands."""

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
        return call.page(operations.members(call.session, **call.query))

    @route("GET", _MEMBER, scope=READ, returns=schemas.MemberResponse)
    def show_member(self, call: Call, *, member_id: UUID) -> Member:
        """One member with its history."""
        return operations.member(call.session, member_id=member_id)

    @route("POST", f"{_MEMBER}/standing", scope=WRITE, body=schemas.StandingRequest, returns=schemas.MemberResponse)
    def change_standing(self, call: Call, *, member_id: UUID) -> Member:
        """Say the standing in one word, as of a day; the fact behind it is recorded.

        Grace records that dues are late since that day, current a reinstatement, resigned that it leaves without
        notice. The facts' own addresses can say more, and as of earlier days.
        """
        changed = operations.member_to_change(call.session, member_id=member_id)
        call.match(changed)
        return operations.change_standing(call.session, changed, **call.body, actor=call.actor, now=call.now)
