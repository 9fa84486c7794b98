"""What callers of comms may send and will get."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.comms.model import LetterState, MessageState, Step, WelcomeState
from shared.contracts.comms import Channel

_CHANNEL = validate.OneOf(get_args(Channel))
_LETTER_STATE = validate.OneOf(get_args(LetterState))
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
    text = fields.String(
        required=True, metadata={"description": "{link} where the mail has a link for its reader alone"}
    )
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


class LetterFilter(Schema):
    """Which letters to list."""

    state = fields.String(validate=_LETTER_STATE, metadata={"example": "awaiting_contact"})
    purpose = fields.String(validate=validate.Length(1, 100), metadata={"example": "statistic_request"})
    organization_id = fields.UUID()


class LetterResponse(Schema):
    """One letter to a contact, and whether anybody was there to write to."""

    source_id = fields.UUID(required=True, metadata={"description": "Id of the event that asked for it."})
    about = fields.String(required=True, metadata={"example": "statistic/01927f7e-8000-7000-8000-000000000000"})
    purpose = fields.String(required=True, metadata={"example": "statistic_request"})
    step = fields.String(required=True, metadata={"description": "Tells letters of one purpose about one thing apart."})
    organization_id = fields.UUID(required=True)
    contact_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "Null where nobody was known; it goes to the first who is."},
    )
    language = fields.String(required=True, metadata={"example": "es"})
    state = fields.String(required=True, validate=_LETTER_STATE)
    until = fields.Date(required=True, allow_none=True, metadata={"description": "The last day it may be sent."})
    created_at = fields.DateTime(required=True)
    addressed_at = fields.DateTime(required=True, allow_none=True)
