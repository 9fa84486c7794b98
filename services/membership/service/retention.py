"""Support that members ask for, what is done to keep them near, and what happened after."""

from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.engagement import Picture
from services.membership.model import RetentionAction, SupportRequest
from services.membership.operations.retention_effects import Effect
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_MEMBER = "/v1/members/<uuid:member_id>"
_SUPPORT = "/v1/support-requests/<uuid:request_id>"
_ACTION = "/v1/retention-actions/<uuid:action_id>"


class RetentionRoutes:
    """What a member asked for, and what the secretariat did."""

    @route(
        "POST",
        f"{_MEMBER}/support-requests",
        scope=WRITE,
        body=schemas.SupportRequestBody,
        returns=schemas.SupportResponse,
        status=201,
        location="/v1/support-requests/{id}",
    )
    def ask_support(self, call: Call, *, member_id: UUID) -> SupportRequest:
        """Note that a member asked for support."""
        asking = operations.member(call.session, member_id=member_id)
        return operations.ask_support(call.session, asking, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/support-requests",
        scope=READ,
        query=schemas.SupportFilter,
        returns=schemas.SupportResponse,
        sort={"asked_on": SupportRequest.asked_on},
    )
    def list_support_requests(self, call: Call) -> Page[SupportRequest]:
        """What members asked for, the oldest first; what waits with open=true."""
        return call.page(operations.support_requests(**call.query))

    @route("GET", _SUPPORT, scope=READ, returns=schemas.SupportResponse)
    def show_support_request(self, call: Call, *, request_id: UUID) -> SupportRequest:
        """One request for support."""
        return operations.support_request(call.session, request_id=request_id)

    @route("POST", f"{_SUPPORT}/settle", scope=WRITE, body=schemas.SupportSettlement, returns=schemas.SupportResponse)
    def settle_support(self, call: Call, *, request_id: UUID) -> SupportRequest:
        """Say what became of a request; once."""
        settled = operations.support_request_to_change(call.session, request_id=request_id)
        call.match(settled)
        return operations.settle_support(call.session, settled, **call.body, actor=call.actor, now=call.now)

    @route(
        "POST",
        f"{_MEMBER}/retention-actions",
        scope=WRITE,
        body=schemas.ActionRequest,
        returns=schemas.ActionResponse,
        status=201,
        location="/v1/retention-actions/{id}",
    )
    def plan_action(self, call: Call, *, member_id: UUID) -> RetentionAction:
        """Plan something to keep a member near; of each kind once at a time."""
        member = operations.member_to_change(call.session, member_id=member_id)
        return operations.plan_action(call.session, member, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/retention-actions",
        scope=READ,
        query=schemas.ActionFilter,
        returns=schemas.ActionResponse,
        sort={"due_on": RetentionAction.due_on},
    )
    def list_actions(self, call: Call) -> Page[RetentionAction]:
        """What is planned, was done or dropped."""
        return call.page(operations.retention_actions(**call.query, today=call.now.date()))

    @route("GET", _ACTION, scope=READ, returns=schemas.ActionResponse)
    def show_action(self, call: Call, *, action_id: UUID) -> RetentionAction:
        """One action with its history."""
        return operations.retention_action(call.session, action_id=action_id)

    @route(
        "PATCH",
        _ACTION,
        scope=WRITE,
        body=schemas.ActionChange,
        returns=schemas.ActionResponse,
        requires_if_match=True,
    )
    def change_action(self, call: Call, *, action_id: UUID) -> RetentionAction:
        """Who does it, until when, or its note."""
        return self._changed_action(call, action_id, operations.change_action)

    @route("POST", f"{_ACTION}/done", scope=WRITE, body=schemas.ActionDone, returns=schemas.ActionResponse)
    def finish_action(self, call: Call, *, action_id: UUID) -> RetentionAction:
        """It was done."""
        return self._changed_action(call, action_id, operations.finish_action)

    @route("POST", f"{_ACTION}/drop", scope=WRITE, body=schemas.ActionDropped, returns=schemas.ActionResponse)
    def drop_action(self, call: Call, *, action_id: UUID) -> RetentionAction:
        """It is not needed any more."""
        return self._changed_action(call, action_id, operations.drop_action)

    @route("GET", f"{_ACTION}/effect", scope=READ, query=schemas.EffectQuery, returns=schemas.EffectResponse)
    def show_effect(self, call: Call, *, action_id: UUID) -> dict[str, Any]:
        """What happened after an action: the member before and so many days later, and what it did meanwhile."""
        action = operations.retention_action(call.session, action_id=action_id)
        return _effect(operations.effect(call.session, action, **call.query, now=call.now))

    @route(
        "GET",
        "/v1/retention-actions/effects",
        scope=READ,
        query=schemas.EffectsQuery,
        returns=schemas.EffectsResponse,
    )
    def sum_effects(self, call: Call) -> dict[str, Any]:
        """What the actions of a period led to, by kind."""
        return {**call.query, "kinds": operations.effects_by_kind(call.session, **call.query, now=call.now)}

    def _changed_action(self, call: Call, action_id: UUID, change: Any) -> RetentionAction:
        changed = operations.action_to_change(call.session, action_id=action_id)
        call.match(changed)
        result: RetentionAction = change(call.session, changed, **call.body, actor=call.actor, now=call.now)
        return result


def _effect(found: Effect) -> dict[str, Any]:
    names = ("ended", "direction", "paid", "declared", "registered")
    return {name: getattr(found, name) for name in names} | {
        "action_id": found.action.id,
        "kind": found.action.kind,
        "done_on": found.action.done_on,
        "before": {"on": found.before_on, "standing": found.standing_before, **_side(found.before)},
        "after": {"on": found.after_on, "standing": found.standing_after, **_side(found.after)},
    }


def _side(seen: Picture | None) -> dict[str, Any]:
    return {"risk": seen.risk if seen else None, "level": seen.level if seen else None}
