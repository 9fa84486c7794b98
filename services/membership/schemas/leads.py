"""Leads and attribution, as callers send and get them."""

from datetime import date
from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.membership.model.leads import FoundBy, LeadOutcome
from services.membership.operations.attribution import SourceKind
from services.membership.schemas.organizations import OrganizationReference


class LeadFilter(Schema):
    """Which leads to list; found_by "new" and "ambiguous" are those whose organization a person should look at."""

    organization_id = fields.UUID()
    prospect_id = fields.UUID()
    gathering_id = fields.UUID()
    found_by = fields.String(validate=validate.OneOf(get_args(FoundBy)), metadata={"example": "ambiguous"})
    outcome = fields.String(validate=validate.OneOf(get_args(LeadOutcome)), metadata={"example": "opened"})


class LeadResponse(Schema):
    """Interest shown at a gathering, and what came of it here."""

    id = fields.UUID(required=True)
    event_id = fields.UUID(required=True)
    gathering_id = fields.UUID(required=True)
    gathering = fields.String(required=True, metadata={"example": "Foro de cooperativas"})
    gathering_kind = fields.String(required=True, metadata={"example": "forum"})
    organization = fields.Nested(OrganizationReference, required=True)
    given_name = fields.String(required=True)
    found_by = fields.String(required=True, validate=validate.OneOf(get_args(FoundBy)))
    interest = fields.String(required=True, metadata={"example": "membership"})
    outcome = fields.String(required=True, validate=validate.OneOf(get_args(LeadOutcome)))
    prospect_id = fields.UUID(required=True, allow_none=True)
    correlation_id = fields.String(required=True)
    captured_at = fields.DateTime(required=True)
    received_at = fields.DateTime(required=True)


class SourceResponse(Schema):
    """What came first: a gathering, a campaign, or a contact that staff wrote down."""

    kind = fields.String(required=True, validate=validate.OneOf(get_args(SourceKind)))
    id = fields.UUID(required=True, allow_none=True)
    name = fields.String(required=True)


class OriginResponse(Schema):
    """The prospect a member came from, with the request and the event that opened it, in whatever service."""

    id = fields.UUID(required=True)
    source = fields.String(required=True)
    opened_at = fields.DateTime(required=True)
    opened_by = fields.String(required=True)
    correlation_id = fields.String(required=True)
    causation_id = fields.UUID(required=True, allow_none=True)


class NamedCampaign(Schema):
    """Which campaign is meant."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)


class AttributionResponse(Schema):
    """The way back from a member: its source by first touch, its prospect, its campaign and its leads, oldest first."""

    member_id = fields.UUID(required=True, attribute="member.id")
    organization = fields.Nested(OrganizationReference, required=True, attribute="member.organization")
    source = fields.Nested(SourceResponse, required=True)
    prospect = fields.Nested(OriginResponse, required=True, allow_none=True)
    campaign = fields.Nested(NamedCampaign, required=True, allow_none=True)
    leads = fields.List(fields.Nested(LeadResponse), required=True)


class Period(Schema):
    """Both days included."""

    since = fields.Date(required=True, metadata={"example": "2026-01-01"})
    until = fields.Date(required=True, metadata={"example": "2026-12-31"})

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_options: Any) -> None:
        until, since = data.get("until"), data.get("since")
        if isinstance(until, date) and isinstance(since, date) and until < since:
            raise ValidationError("Must not lie before since.", "until")


class SourceResultResponse(Schema):
    """What one source brought: prospects opened and members admitted in the period."""

    source = fields.Nested(SourceResponse, required=True)
    prospects = fields.Integer(required=True)
    members = fields.Integer(required=True)


class AttributionSums(Period):
    """What each source brought in a period, the most members first."""

    sources = fields.List(fields.Nested(SourceResultResponse), required=True)
