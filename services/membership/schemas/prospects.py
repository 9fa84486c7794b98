"""Prospects and the pipeline, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.model.prospects import OPEN, WORKING, EntryKind, LostCode, Stage
from services.membership.operations.pipeline import Order
from services.membership.schemas.checks import COUNTRY, SECTOR, TEXT
from services.membership.schemas.organizations import OrganizationReference

_OWNER = validate.Length(1, 200)
_ACTION = validate.Length(max=500)
_WORDS = validate.Length(1, 2000)
_STAGE = validate.OneOf(get_args(Stage))


class ProspectRequest(Schema):
    """An organization to win; `source` says where it was met. Without `owner` it is the caller's."""

    organization_id = fields.UUID(required=True)
    source = fields.String(required=True, validate=validate.Length(1, 200), metadata={"example": "regional summit"})
    note = fields.String(validate=TEXT, metadata={"example": "Met their president in Montevideo."})
    owner = fields.String(
        validate=_OWNER, allow_none=True, metadata={"example": "ana@ica.example", "description": "a token's subject"}
    )
    campaign_id = fields.UUID(allow_none=True)
    next_action = fields.String(validate=_ACTION, metadata={"example": "Call the general manager"})
    next_action_on = fields.Date(allow_none=True, metadata={"example": "2030-05-04"})


class ProspectChange(Schema):
    """What to change of an open prospect; what is left out stays, null takes away."""

    owner = fields.String(validate=_OWNER, allow_none=True, metadata={"example": "ana@ica.example"})
    campaign_id = fields.UUID(allow_none=True)
    next_action = fields.String(validate=_ACTION, metadata={"example": "Call the general manager"})
    next_action_on = fields.Date(allow_none=True, metadata={"example": "2030-05-04"})


class PipelineFilter(Schema):
    """Which open prospects to look at. An overdue one's next action should have been done before today (UTC)."""

    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    sector = fields.String(validate=SECTOR, metadata={"example": "agriculture"})
    owner = fields.String(validate=_OWNER, metadata={"example": "ana@ica.example"})
    owned = fields.Boolean(metadata={"description": "somebody's, or nobody's"})
    campaign_id = fields.UUID()
    overdue = fields.Boolean()
    planned = fields.Boolean(metadata={"description": "with a next action, or without; open ones only"})


class ProspectFilter(PipelineFilter):
    """Which prospects to list. Stage "opened" is all that are open."""

    stage = fields.String(validate=validate.OneOf([*get_args(Stage), "opened"]), metadata={"example": "opened"})
    organization_id = fields.UUID()


class BoardFilter(PipelineFilter):
    """Which open prospects stand on the board, in which order, and how many of each stage are shown."""

    order = fields.String(
        load_default="next_action_on",
        validate=validate.OneOf(get_args(Order)),
        metadata={"description": "by fit: the best first, by the fit of at most five minutes ago"},
    )
    size = fields.Integer(load_default=20, validate=validate.Range(1, 50))


class TodayFilter(Schema):
    """Whose day it is; the caller's when left out."""

    owner = fields.String(validate=_OWNER, metadata={"example": "ana@ica.example"})


class ProspectMove(Schema):
    """Another stage: any further one, or one back."""

    stage = fields.String(required=True, validate=validate.OneOf(WORKING), metadata={"example": "contacted"})
    note = fields.String(load_default="", validate=TEXT, metadata={"example": "They asked for the form."})


class ProspectRest(Schema):
    """Until when nobody tries, and why. On that day it wakes up by itself."""

    until = fields.Date(required=True, metadata={"example": "2030-05-04"})
    reason = fields.String(required=True, validate=_WORDS, metadata={"example": "after their assembly"})


class ProspectReopening(Schema):
    """Why somebody tries again."""

    reason = fields.String(required=True, validate=_WORDS, metadata={"example": "a new board"})


class ProspectLoss(Schema):
    """Why nobody tries any more: one of the list, and in words."""

    code = fields.String(load_default="other", validate=validate.OneOf(get_args(LostCode)))
    reason = fields.String(required=True, validate=_WORDS, metadata={"example": "no interest"})


class ProspectNote(Schema):
    """What was said or done."""

    text = fields.String(required=True, validate=_WORDS, metadata={"example": "Met the president at the forum."})


class ProspectResponse(Schema):
    """A prospect, open or closed. `fit` is of this moment; its reasons are at /fit."""

    id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True)
    stage = fields.String(required=True, validate=_STAGE)
    stage_since = fields.DateTime(required=True)
    source = fields.String(required=True)
    note = fields.String(required=True)
    owner = fields.String(required=True, allow_none=True)
    next_action = fields.String(required=True)
    next_action_on = fields.Date(required=True, allow_none=True)
    campaign_id = fields.UUID(required=True, allow_none=True)
    dormant_until = fields.Date(required=True, allow_none=True)
    lost_code = fields.String(required=True, allow_none=True)
    lost_reason = fields.String(required=True)
    member_id = fields.UUID(required=True, allow_none=True)
    fit = fields.Integer(required=True, metadata={"description": "0 to 100"})
    opened_at = fields.DateTime(required=True)
    opened_by = fields.String(required=True)
    closed_at = fields.DateTime(required=True, allow_none=True)
    closed_by = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)


class ProspectEntryResponse(Schema):
    """A line of a prospect's history; `previous` and `stage` where it moved."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(get_args(EntryKind)))
    previous = fields.String(required=True, allow_none=True)
    stage = fields.String(required=True, allow_none=True)
    text = fields.String(required=True)
    details = fields.Dict(keys=fields.String(), values=fields.String(allow_none=True), required=True)
    at = fields.DateTime(required=True)
    by = fields.String(required=True)


class FitReasonResponse(Schema):
    """So many points of at most so many, and why, in the caller's language."""

    fact = fields.String(required=True, metadata={"example": "country"})
    code = fields.String(required=True, metadata={"example": "country_without_members"})
    points = fields.Integer(required=True)
    most = fields.Integer(required=True)
    text = fields.String(required=True, metadata={"example": "No organization of its country is a member."})


class FitResponse(Schema):
    """How well it fits at this moment, 0 to 100, and how that comes about."""

    score = fields.Integer(required=True)
    reasons = fields.List(fields.Nested(FitReasonResponse), required=True)


class CountsResponse(Schema):
    """How many open prospects there are, and how many by what is to be done."""

    open = fields.Integer(required=True)
    overdue = fields.Integer(required=True)
    due_today = fields.Integer(required=True)
    without_next_action = fields.Integer(required=True)


class ColumnResponse(Schema):
    """A stage: how many stand there, and the first of them."""

    stage = fields.String(required=True, validate=validate.OneOf(OPEN))
    count = fields.Integer(required=True)
    prospects = fields.List(fields.Nested(ProspectResponse), required=True)


class BoardResponse(Schema):
    """Every stage in which prospects are open. The rest of one is in the list of prospects, by stage."""

    columns = fields.List(fields.Nested(ColumnResponse), required=True)
    totals = fields.Nested(CountsResponse, required=True)


class TodayResponse(Schema):
    """What is due to somebody on that day or before, oldest first, at most 50; `unowned` counts what is nobody's."""

    owner = fields.String(required=True)
    day = fields.Date(required=True)
    mine = fields.Nested(CountsResponse, required=True)
    unowned = fields.Nested(CountsResponse, required=True)
    prospects = fields.List(fields.Nested(ProspectResponse), required=True)
