"""`/ops/dead-letters`: what could not be handled, to be looked at, handled again or given up."""

from typing import Any, get_args
from urllib.parse import urlencode
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy import Row
from werkzeug.wrappers import Response

from shared.http.call import Call
from shared.http.exchange import json_response
from shared.http.routing import route
from shared.messaging.dead_letters import (
    Selection,
    State,
    discard,
    list_actions,
    list_dead_letters,
    redrive,
    show_dead_letter,
)

SCOPE = "ops"


_SUBSCRIPTION = fields.String(
    metadata={"description": "The handler's name, without the service", "example": "keep_members"}
)
_TYPE = fields.String(
    metadata={
        "description": "The event's CloudEvents type",
        "example": "coop.intercoop.membership.member.admitted.v1",
    }
)
_ERROR = fields.String(metadata={"description": "The error's type", "example": "OperationalError"})
_SUBJECT = fields.String(
    metadata={"description": "What the event is about", "example": "member/01927f7e-8000-7000-8000-000000000000"}
)


class DeadLetterFilter(Schema):
    """Which ones to list, and from where on."""

    subscription = _SUBSCRIPTION
    type = _TYPE
    error = _ERROR
    subject = _SUBJECT
    state = fields.String(validate=validate.OneOf(get_args(State)))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    cursor = fields.UUID(metadata={"description": "next_cursor of the page before"})


class Decision(Schema):
    """Why it is done; kept in the audit line."""

    note = fields.String(
        load_default="", validate=validate.Length(0, 500), metadata={"example": "The handler was mended in 1.4.2"}
    )


class BulkDecision(Decision):
    """Which dead letters are meant: all that fit everything named."""

    subscription = _SUBSCRIPTION
    type = _TYPE
    error = _ERROR
    subject = _SUBJECT

    @validates_schema
    def name_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data.keys() - {"note"}:
            raise ValidationError("Name at least one of subscription, type, error or subject.")


class DeadLetterResponse(Schema):
    """A dead letter as a list shows it."""

    id = fields.UUID(required=True)
    subscription = fields.String(required=True)
    event_id = fields.UUID(required=True, allow_none=True)
    type = fields.String(required=True)
    subject = fields.String(required=True)
    error_kind = fields.String(required=True)
    error_type = fields.String(required=True)
    error_message = fields.String(required=True)
    attempts = fields.Integer(required=True)
    first_failed_at = fields.DateTime(required=True)
    last_failed_at = fields.DateTime(required=True)
    state = fields.String(required=True)


class DeadLetterActionResponse(Schema):
    """Who did what with it."""

    actor = fields.String(required=True)
    action = fields.String(required=True)
    at = fields.DateTime(required=True)
    note = fields.String(required=True)


class WholeDeadLetterResponse(DeadLetterResponse):
    """A dead letter with everything that is kept of it."""

    body = fields.String(required=True, metadata={"description": "As it came; bytes that are no UTF-8 as \\xNN"})
    headers = fields.Dict(required=True)
    actions = fields.List(fields.Nested(DeadLetterActionResponse), required=True)


class DeadLetterList(Schema):
    items = fields.List(fields.Nested(DeadLetterResponse), required=True)
    next_cursor = fields.UUID(required=True, allow_none=True)


class CountResponse(Schema):
    count = fields.Integer(required=True)


class DeadLetterRoutes:
    """/ops/dead-letters; each decision leaves an audit line."""

    @route("GET", "/ops/dead-letters", scope=SCOPE, query=DeadLetterFilter, returns=DeadLetterList)
    def list_dead_letters(self, call: Call) -> Response:
        """What could not be handled, newest first."""
        wanted = dict(call.query)
        limit, cursor = wanted.pop("limit"), wanted.pop("cursor", None)
        found = list_dead_letters(call.session, selection=Selection(**wanted), limit=limit + 1, after=cursor)
        shown = found[:limit]
        following = shown[-1].id if len(found) > limit else None
        response = json_response(DeadLetterList().dump({"items": shown, "next_cursor": following}), 200)
        if following:
            query = {**call.request.args, "cursor": following}
            response.headers["Link"] = f'<{call.request.path}?{urlencode(query)}>; rel="next"'
        return response

    @route("GET", "/ops/dead-letters/<uuid:dead_letter_id>", scope=SCOPE, returns=WholeDeadLetterResponse)
    def show_dead_letter(self, call: Call, *, dead_letter_id: UUID) -> dict[str, Any]:
        """One dead letter whole, with what was done about it."""
        row = show_dead_letter(call.session, dead_letter_id=dead_letter_id)
        return {**_whole(row), "actions": list_actions(call.session, dead_letter_id=dead_letter_id)}

    @route(
        "POST",
        "/ops/dead-letters/<uuid:dead_letter_id>/redrive",
        scope=SCOPE,
        body=Decision,
        returns=CountResponse,
        status=202,
    )
    def redrive_dead_letter(self, call: Call, *, dead_letter_id: UUID) -> dict[str, int]:
        """Have its subscription handle it again, shortly."""
        selection = Selection(id=dead_letter_id)
        return {"count": redrive(call.session, selection=selection, actor=call.actor, now=call.now, **call.body)}

    @route(
        "POST",
        "/ops/dead-letters/<uuid:dead_letter_id>/discard",
        scope=SCOPE,
        body=Decision,
        returns=CountResponse,
    )
    def discard_dead_letter(self, call: Call, *, dead_letter_id: UUID) -> dict[str, int]:
        """Give it up for good; it stays to be seen."""
        selection = Selection(id=dead_letter_id)
        return {"count": discard(call.session, selection=selection, actor=call.actor, now=call.now, **call.body)}

    @route("POST", "/ops/dead-letters/redrive", scope=SCOPE, body=BulkDecision, returns=CountResponse, status=202)
    def redrive_dead_letters(self, call: Call) -> dict[str, int]:
        """Have all that fit handled again."""
        note, selection = _bulk(call.body)
        return {"count": redrive(call.session, selection=selection, actor=call.actor, note=note, now=call.now)}

    @route("POST", "/ops/dead-letters/discard", scope=SCOPE, body=BulkDecision, returns=CountResponse)
    def discard_dead_letters(self, call: Call) -> dict[str, int]:
        """Give all that fit up for good."""
        note, selection = _bulk(call.body)
        return {"count": discard(call.session, selection=selection, actor=call.actor, note=note, now=call.now)}


def _bulk(body: dict[str, Any]) -> tuple[str, Selection]:
    named = {name: value for name, value in body.items() if name != "note"}
    return body["note"], Selection(**named)


def _whole(row: Row[tuple[object, ...]]) -> dict[str, Any]:
    values = dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name
    return values | {"body": values["body"].decode(errors="backslashreplace")}
