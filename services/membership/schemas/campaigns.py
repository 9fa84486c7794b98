"""Campaigns, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.model.campaigns import CampaignState, Outcome
from services.membership.schemas.checks import COUNTRY, LINE, SECTOR, STRUCTURE, TEXT
from services.membership.schemas.organizations import OrganizationReference
from shared.http.money import MoneySchema

_STATE = validate.OneOf(get_args(CampaignState))
_OUTCOME = validate.OneOf(get_args(Outcome))
_NAME = validate.Length(1, 200)
_MONEY = {"example": {"amount": "5000.00", "currency": "USD"}}


class TargetFilter(Schema):
    """A saved filter over organizations: those that match every part given, and any value of it.

    Members are left out unless `members` is true; who is gone from its register always is.
    """

    countries = fields.List(
        fields.String(validate=COUNTRY), validate=validate.Length(1, 50), metadata={"example": ["BO", "PE"]}
    )
    sectors = fields.List(fields.String(validate=SECTOR), validate=validate.Length(1, 50))
    structures = fields.List(fields.String(validate=STRUCTURE), validate=validate.Length(1, 50))
    subdivision = fields.String(validate=LINE, metadata={"example": "Córdoba"})
    registry = fields.String(validate=validate.Length(1, 50), metadata={"example": "ar-inaes"})
    members = fields.Boolean()


class CampaignChange(Schema):
    """What to change of a campaign; what is left out stays. The target only while it is planned."""

    name = fields.String(validate=_NAME, metadata={"example": "Andean agriculture 2030"})
    purpose = fields.String(validate=TEXT, metadata={"example": "Win the dairy cooperatives of the highlands."})
    starts_on = fields.Date(metadata={"example": "2030-03-01"})
    ends_on = fields.Date(metadata={"example": "2030-11-30"})
    budget = fields.Nested(MoneySchema, metadata=_MONEY)
    spent = fields.Nested(MoneySchema, metadata=_MONEY)
    target = fields.Nested(TargetFilter, metadata={"example": {"countries": ["PE", "BO"], "sectors": ["agriculture"]}})


class CampaignRequest(CampaignChange):
    """A campaign to plan."""

    name = fields.String(required=True, validate=_NAME, metadata={"example": "Andean agriculture 2030"})
    starts_on = fields.Date(required=True, metadata={"example": "2030-03-01"})
    ends_on = fields.Date(required=True, metadata={"example": "2030-11-30"})
    budget = fields.Nested(MoneySchema, required=True, metadata=_MONEY)
    target = fields.Nested(
        TargetFilter, required=True, metadata={"example": {"countries": ["PE", "BO"], "sectors": ["agriculture"]}}
    )


class CampaignFilter(Schema):
    """Which campaigns to list."""

    state = fields.String(validate=_STATE, metadata={"example": "in_progress"})


class CampaignStateRequest(Schema):
    """Start, complete or cancel it. Starting freezes the list."""

    state = fields.String(
        required=True,
        validate=validate.OneOf(["in_progress", "completed", "cancelled"]),
        metadata={"example": "in_progress"},
    )
    reason = fields.String(load_default="", validate=TEXT, metadata={"example": "The budget is spent."})


class CampaignResponse(Schema):
    """A campaign. `frozen_at` is when its list was."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    purpose = fields.String(required=True)
    state = fields.String(required=True, validate=_STATE)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    budget = fields.Nested(MoneySchema, required=True)
    spent = fields.Nested(MoneySchema, required=True, allow_none=True)
    target = fields.Nested(TargetFilter, required=True)
    frozen_at = fields.DateTime(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)
    created_by = fields.String(required=True)
    version = fields.Integer(required=True)


class CampaignChangeResponse(Schema):
    """A line of a campaign's history: a change of state, or of what is in `changed`."""

    id = fields.Integer(required=True)
    previous = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=_STATE)
    changed = fields.Dict(keys=fields.String(), required=True)
    reason = fields.String(required=True)
    at = fields.DateTime(required=True)
    by = fields.String(required=True)


class CampaignTargetFilter(Schema):
    """Which of a campaign's list; once it has started."""

    outcome = fields.String(validate=_OUTCOME, metadata={"example": "already_prospect"})
    tried = fields.Boolean()


class CampaignTargetResponse(Schema):
    """An organization of the frozen list, and what became of it: null while it was not tried."""

    organization = fields.Nested(OrganizationReference, required=True)
    outcome = fields.String(required=True, allow_none=True)
    prospect_id = fields.UUID(required=True, allow_none=True)
    decided_at = fields.DateTime(required=True, allow_none=True)


class BatchRequest(Schema):
    """How many of the list to add as prospects now, whose they are and what comes first."""

    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))
    owner = fields.String(validate=validate.Length(1, 200), metadata={"example": "ana@ica.example"})
    next_action = fields.String(validate=validate.Length(max=500), metadata={"example": "Send the invitation"})
    next_action_on = fields.Date(metadata={"example": "2030-03-05"})


class BatchResponse(Schema):
    """How many were added, who was skipped and why, and how many of the list remain to be tried."""

    added = fields.Integer(required=True)
    skipped = fields.Dict(keys=fields.String(validate=_OUTCOME), values=fields.Integer(), required=True)
    remaining = fields.Integer(required=True)
    targets = fields.List(fields.Nested(CampaignTargetResponse), required=True)


class CampaignResultsResponse(Schema):
    """What came of it so far. `cost_per_member` is null while none was won; `cost_basis` says by what it is."""

    targets = fields.Integer(required=True)
    untried = fields.Integer(required=True)
    skipped = fields.Dict(keys=fields.String(validate=_OUTCOME), values=fields.Integer(), required=True)
    prospects = fields.Integer(required=True)
    by_stage = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    members_won = fields.Integer(required=True)
    cost_per_member = fields.Nested(MoneySchema, required=True, allow_none=True)
    cost_basis = fields.String(required=True, validate=validate.OneOf(["budget", "spent"]))
