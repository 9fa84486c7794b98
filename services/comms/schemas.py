"""What callers of comms may send and will get."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.comms.model import MessageState, Step, WelcomeState
from shared.contracts.comms import Channel

_CHANNEL = validate.OneOf(get_args(Channel))
_MESSAGE_STATE = validate.OneOf(get_args(MessageState))
_WELCOME_STATE = validate.OneOf(get_args(WelcomeState))


class MessageFilter(Schema):
    """Which messages to list."""

    organization_id = fields.UUID()
    channel = fields.String(validate=_CHANNEL, metadata={"example": "email"})
    state = fields.String(validate=_MESSAGE_STATE, metadata={"example": "queued"})


class StepResponse(Schema):
    """Something that happened to a message; `detail` is what the mail server said, or why."""

    at = fields.DateTime(required=True)
    step = fields.String(required=True, validate=validate.OneOf(get_args(Step)))
    detail = fields.String(required=True, metadata={"example": "451 greylisted, try again later"})


class MessageResponse(Schema):
    """One message to one recipient, with everything that happened to it."""

    id = fields.UUID(required=True)
    source_id = fields.UUID(required=True, metadata={"description": "Id of the event it is about."})
    correlation_id = fields.String(required=True)
    organization_id = fields.UUID(required=True)
    channel = fields.String(required=True, validate=_CHANNEL)
    recipient_id = fields.UUID(
        required=True, metadata={"description": "A contact for email, an organization for inbox."}
    )
    purpose = fields.String(required=True, metadata={"example": "welcome"})
    language = fields.String(required=True, metadata={"example": "es"})
    subject = fields.String(required=True, metadata={"example": "Damos la bienvenida a Cooperativa La Unión"})
    text = fields.String(required=True)
    state = fields.String(required=True, validate=_MESSAGE_STATE)
    queued_at = fields.DateTime(required=True)
    timeline = fields.List(fields.Nested(StepResponse), required=True)
    version = fields.Integer(required=True)


class WelcomeFilter(Schema):
    """Which welcomes to list."""

    state = fields.String(validate=_WELCOME_STATE, metadata={"example": "awaiting_contact"})


class WelcomeResponse(Schema):
    """The welcome of one admission, and whether anybody was there to write to."""

    admission_id = fields.UUID(required=True, metadata={"description": "Id of the event that told of the admission."})
    member_id = fields.UUID(required=True)
    organization_id = fields.UUID(required=True)
    language = fields.String(required=True, metadata={"example": "es"})
    state = fields.String(required=True, validate=_WELCOME_STATE)
    created_at = fields.DateTime(required=True)
    addressed_at = fields.DateTime(required=True, allow_none=True)
