"""What is done to keep members near, and what happened after, as callers send and get it."""

from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.membership.model.retention import ActionState
from services.membership.schemas.checks import STANDING, TEXT
from services.membership.schemas.engagement import ACTION, DIRECTION, LEVEL, OWNER
from services.membership.schemas.organizations import OrganizationReference

_STATE = validate.OneOf(get_args(ActionState))
_DAYS = fields.Integer(
    load_default=90,
    validate=validate.Range(1, 730),
    metadata={"example": 90, "description": "how many days after the action to look"},
)


class ActionRequest(Schema):
    """Something to do; without `owner` it is for who looks after the member, or the caller. Name people by roles."""

    kind = fields.String(required=True, validate=ACTION, metadata={"example": "agree_on_dues"})
    due_on = fields.Date(required=True, metadata={"example": "2030-05-04"})
    owner = fields.String(validate=OWNER, metadata={"example": "ana@ica.example", "description": "a token's subject"})
    note = fields.String(validate=TEXT, metadata={"example": "Two instalments, with the treasurer."})


class ActionChange(Schema):
    """What to change of a planned action; what is left out stays."""

    due_on = fields.Date(metadata={"example": "2030-06-04"})
    owner = fields.String(validate=OWNER, metadata={"example": "ana@ica.example"})
    note = fields.String(validate=TEXT, metadata={"example": "After their assembly."})


class ActionDone(Schema):
    """It was done; without a day today."""

    done_on = fields.Date(metadata={"example": "2026-05-04"})
    note = fields.String(validate=TEXT, metadata={"example": "They pay in June."})


class ActionDropped(Schema):
    """Why it is not needed any more."""

    reason = fields.String(
        required=True, validate=validate.Length(1, 2000), metadata={"example": "paid before we called"}
    )


class ActionFilter(Schema):
    """Which actions to list. An overdue one should have been done before today (UTC)."""

    member_id = fields.UUID()
    kind = fields.String(validate=ACTION, metadata={"example": "call"})
    owner = fields.String(validate=OWNER, metadata={"example": "ana@ica.example"})
    state = fields.String(validate=_STATE, metadata={"example": "planned"})
    overdue = fields.Boolean()


class ActionStepResponse(Schema):
    """A line of an action's history, with what was said then."""

    number = fields.Integer(required=True)
    step = fields.String(required=True, metadata={"example": "planned"})
    details = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    at = fields.DateTime(required=True)
    by = fields.String(required=True)


class ActionResponse(Schema):
    """An action with its history, oldest first."""

    id = fields.UUID(required=True)
    member_id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True, attribute="member.organization")
    kind = fields.String(required=True, validate=ACTION)
    owner = fields.String(required=True)
    due_on = fields.Date(required=True)
    note = fields.String(required=True)
    state = fields.String(required=True, validate=_STATE)
    done_on = fields.Date(required=True, allow_none=True)
    history = fields.List(fields.Nested(ActionStepResponse), required=True)
    version = fields.Integer(required=True)


class EffectQuery(Schema):
    """So many days after the action."""

    days = _DAYS


class SideResponse(Schema):
    """A day beside the action; risk and level are null where it was no member."""

    on = fields.Date(required=True)
    standing = fields.String(required=True, allow_none=True, validate=STANDING)
    risk = fields.Integer(required=True, allow_none=True)
    level = fields.String(required=True, allow_none=True, validate=LEVEL)


class EffectResponse(Schema):
    """The eve of the action beside so many days later, or today where they have not passed (`ended` is false).

    Dues settled, statistics declared and registrations are those of the days between.
    """

    action_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=ACTION)
    done_on = fields.Date(required=True)
    ended = fields.Boolean(required=True)
    before = fields.Nested(SideResponse, required=True)
    after = fields.Nested(SideResponse, required=True)
    direction = fields.String(required=True, allow_none=True, validate=DIRECTION, metadata={"example": "better"})
    paid = fields.Boolean(required=True)
    declared = fields.Boolean(required=True)
    registered = fields.Boolean(required=True)


class EffectsQuery(EffectQuery):
    """Actions done in a period, and how many days after each to look."""

    since = fields.Date(required=True, metadata={"example": "2026-01-01"})
    until = fields.Date(required=True, metadata={"example": "2026-12-31"})

    @validates_schema
    def check_period(self, data: dict[str, Any], **_: Any) -> None:
        if data["until"] < data["since"]:
            raise ValidationError("The period ends before it begins.", "until")


class KindEffectsResponse(Schema):
    """Actions of one kind. All but `done` count those of which the days have passed (`ended`)."""

    kind = fields.String(required=True, validate=ACTION)
    done = fields.Integer(required=True)
    ended = fields.Integer(required=True)
    better = fields.Integer(required=True)
    same = fields.Integer(required=True)
    worse = fields.Integer(required=True)
    paid = fields.Integer(required=True)
    declared = fields.Integer(required=True)
    registered = fields.Integer(required=True)


class EffectsResponse(Schema):
    """What each kind of action led to."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)
    days = fields.Integer(required=True)
    kinds = fields.List(fields.Nested(KindEffectsResponse), required=True)
