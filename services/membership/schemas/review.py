"""The review queue, as callers send and get it."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.model.review import Decision, Reason
from services.membership.schemas.checks import TEXT
from services.membership.schemas.organizations import OrganizationReference
from services.membership.scoring import Level
from services.membership.signals import WEIGHTS


class ReviewFilter(Schema):
    """Which pairs to list."""

    decided = fields.Boolean(metadata={"example": False})
    reason = fields.String(validate=validate.OneOf(get_args(Reason)), metadata={"example": "shared_identifier"})
    level = fields.String(validate=validate.OneOf(get_args(Level)), metadata={"example": "likely"})
    organization_id = fields.UUID()


class DecisionRequest(Schema):
    """Whether the two are one. "same" is recorded; it joins nothing by itself: merge them to do so."""

    decision = fields.String(required=True, validate=validate.OneOf(get_args(Decision)))
    note = fields.String(load_default="", validate=TEXT, metadata={"example": "Two branches, one tax number"})


class SignalResponse(Schema):
    """One thing that speaks for (weight above 0) or against; `text` is in the caller's language."""

    code = fields.String(required=True, validate=validate.OneOf(list(WEIGHTS)), metadata={"example": "same_place"})
    weight = fields.Integer(required=True, metadata={"example": 20})
    text = fields.String(required=True, metadata={"example": "Both are in the same place."})


class ReviewItemResponse(Schema):
    """Two organizations that may be one, how likely it is from 0 to 100 and why, and what was decided.

    `certain` needs a shared valid identifier; one register with two keys is never certain.
    """

    id = fields.UUID(required=True, attribute="item.id")
    first = fields.Nested(OrganizationReference, required=True, attribute="item.first")
    second = fields.Nested(OrganizationReference, required=True, attribute="item.second")
    reason = fields.String(required=True, attribute="item.reason", validate=validate.OneOf(get_args(Reason)))
    evidence = fields.Dict(keys=fields.String(), values=fields.String(), required=True, attribute="item.evidence")
    score = fields.Integer(required=True, attribute="item.score", metadata={"example": 65})
    level = fields.String(
        required=True, attribute="item.level", validate=validate.OneOf(get_args(Level)), metadata={"example": "likely"}
    )
    signals = fields.List(fields.Nested(SignalResponse), required=True)
    opened_at = fields.DateTime(required=True, attribute="item.opened_at")
    decision = fields.String(required=True, allow_none=True, attribute="item.decision")
    decided_at = fields.DateTime(required=True, allow_none=True, attribute="item.decided_at")
    decided_by = fields.String(required=True, allow_none=True, attribute="item.decided_by")
    note = fields.String(required=True, attribute="item.note")
    version = fields.Integer(required=True)
