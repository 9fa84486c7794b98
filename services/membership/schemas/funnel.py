"""The funnel, as callers ask for it and get it."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.funnel import ON_THE_WAY
from services.membership.operations.funnel import CohortBy
from services.membership.schemas.leads import Period

_BY = validate.OneOf(get_args(CohortBy))


class FunnelFilter(Period):
    """Prospects opened in which period, and by what they are put together."""

    by = fields.String(load_default="month", validate=_BY)


class PassageResponse(Schema):
    """How prospects pass through a stage.

    `reached` came to it or beyond. Of those `went_on` to a later stage or were admitted, `fell_out` by being lost
    before; the rest is `undecided`, and `conversion` leaves them out. `median_days` counts visits that still last for
    what they have lasted (Kaplan-Meier); null while it is not known.
    """

    stage = fields.String(required=True, validate=validate.OneOf(ON_THE_WAY))
    reached = fields.Integer(required=True)
    went_on = fields.Integer(required=True)
    fell_out = fields.Integer(required=True)
    undecided = fields.Integer(required=True)
    conversion = fields.Float(required=True, allow_none=True, metadata={"example": 0.4})
    visits = fields.Integer(required=True)
    ended = fields.Integer(required=True)
    median_days = fields.Float(required=True, allow_none=True, metadata={"example": 21.5})


class CohortResponse(Schema):
    """A cohort: the prospects opened in a month, or of a country, campaign or owner, by where they stand now."""

    cohort = fields.String(required=True, metadata={"example": "2026-05"})
    name = fields.String(required=True, metadata={"description": "the campaign's name; else as `cohort`"})
    opened = fields.Integer(required=True)
    open = fields.Integer(required=True)
    dormant = fields.Integer(required=True)
    lost = fields.Integer(required=True)
    admitted = fields.Integer(required=True)
    passages = fields.List(fields.Nested(PassageResponse), required=True)


class FunnelResponse(FunnelFilter):
    """Conversion and time per stage, by cohort."""

    by = fields.String(required=True, validate=_BY)
    as_of = fields.DateTime(required=True)
    cohorts = fields.List(fields.Nested(CohortResponse), required=True)
