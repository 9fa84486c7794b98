"""Consultations on applications, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.model.consultations import RecordedStance, Stance
from services.membership.schemas.checks import CATEGORY, TEXT
from services.membership.schemas.organizations import OrganizationReference

_STANCE = validate.OneOf(get_args(Stance))
_RECORDED = validate.OneOf(get_args(RecordedStance))


class ConsultationRequest(Schema):
    """Until when the members of the applicant's country may answer."""

    closes_on = fields.Date(required=True, metadata={"example": "2030-05-04"})


class OpinionRequest(Schema):
    """What a member says; who objects says why."""

    stance = fields.String(required=True, validate=_STANCE, metadata={"example": "support"})
    comment = fields.String(load_default="", validate=TEXT, metadata={"example": "We know them well."})


class RecordedOpinionRequest(OpinionRequest):
    """What a member said to the secretariat, and where it is written."""

    reference = fields.String(
        load_default="", validate=validate.Length(max=200), metadata={"example": "Letter of 4 May 2026"}
    )


class OpinionFilter(Schema):
    """Which answers; "waiting" are the members that may still answer."""

    stance = fields.String(validate=validate.OneOf([*get_args(RecordedStance), "waiting"]))


class StanceCounts(Schema):
    """How many said what; `waiting` may still answer."""

    support = fields.Integer(required=True)
    object = fields.Integer(required=True)
    abstain = fields.Integer(required=True)
    silent = fields.Integer(required=True)
    waiting = fields.Integer(required=True)


class ConsultationResponse(Schema):
    """A round of asking the members of the country; who said what is at /opinions."""

    id = fields.UUID(required=True)
    country = fields.String(required=True)
    as_of = fields.Date(required=True, metadata={"description": "whoever was a member on that day was asked"})
    closes_on = fields.Date(required=True)
    opened_at = fields.DateTime(required=True)
    opened_by = fields.String(required=True)
    closed_at = fields.DateTime(required=True, allow_none=True)
    closed_by = fields.String(required=True, allow_none=True)
    counts = fields.Nested(StanceCounts, required=True)


class OpinionLinkResponse(Schema):
    """A link that was made; what it leads to is shown only once."""

    id = fields.UUID(required=True)
    made_at = fields.DateTime(required=True)
    made_by = fields.String(required=True)
    revoked_at = fields.DateTime(required=True, allow_none=True)
    revoked_by = fields.String(required=True, allow_none=True)


class OpinionResponse(Schema):
    """What one member consulted said; null while it may still answer, "silent" once it may not."""

    id = fields.UUID(required=True)
    member_id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True, attribute="member.organization")
    stance = fields.String(required=True, allow_none=True, validate=_RECORDED)
    comment = fields.String(required=True)
    reference = fields.String(required=True)
    recorded_at = fields.DateTime(required=True, allow_none=True)
    recorded_by = fields.String(required=True, allow_none=True)
    written_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "asked by mail last; null where nobody can be reached"}
    )
    links = fields.List(fields.Nested(OpinionLinkResponse), required=True)


class NewOpinionLinkResponse(Schema):
    """The link, this once; it works until the consultation closes."""

    id = fields.UUID(required=True)
    url = fields.String(required=True)
    closes_at = fields.DateTime(required=True)


class OpinionFormResponse(Schema):
    """What a member is asked: about whom, until when; and what it has said so far."""

    applicant = fields.Nested(OrganizationReference, required=True)
    category = fields.String(required=True, validate=CATEGORY)
    kind = fields.String(required=True)
    kind_label = fields.String(required=True)
    member_name = fields.String(required=True)
    closes_on = fields.Date(required=True)
    stance = fields.String(required=True, allow_none=True, validate=_RECORDED)
    comment = fields.String(required=True)
    version = fields.Integer(required=True)
