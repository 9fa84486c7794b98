"""How near members are, who looks after them and what they asked for, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.engagement import Direction
from services.membership.engagement_weights import ActionKind, ReasonKind
from services.membership.model.support import SupportKind, SupportOutcome
from services.membership.schemas.checks import COUNTRY, STANDING, TEXT
from shared.contracts.membership import EngagementLevel

LEVEL = validate.OneOf(get_args(EngagementLevel))
OWNER = validate.Length(1, 200)
ACTION = validate.OneOf(get_args(ActionKind))
DIRECTION = validate.OneOf(get_args(Direction))
_REASON = validate.OneOf(get_args(ReasonKind))
_SUPPORT = validate.OneOf(get_args(SupportKind))
_OUTCOME = validate.OneOf(get_args(SupportOutcome))


class DayQuery(Schema):
    """Which day is asked about, as it was known by its end; today (UTC) when left out."""

    at = fields.Date(metadata={"example": "2026-05-04"})


class AtRiskFilter(DayQuery):
    """Which members of that day; without a level all that are not engaged. Country and owner are today's."""

    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    owner = fields.String(validate=OWNER, metadata={"example": "ana@ica.example"})
    owned = fields.Boolean(metadata={"description": "somebody's, or nobody's"})
    level = fields.String(validate=LEVEL, metadata={"example": "at_risk"})


class EngagementReason(Schema):
    """Why so many points: the oldest case since a day, and what the cases are about, in the caller's language."""

    kind = fields.String(
        required=True, validate=validate.OneOf(get_args(ReasonKind)), metadata={"example": "dues_late"}
    )
    points = fields.Integer(required=True, metadata={"example": 25})
    since = fields.Date(required=True)
    cases = fields.List(
        fields.String(),
        required=True,
        metadata={"example": ["2026"], "description": "periods, years, or ids of contacts, messages and requests"},
    )
    text = fields.String(required=True, metadata={"example": "Its dues are late since 2026-03-02: 2026."})


class SuggestedAction(Schema):
    """What could be done, in the caller's language."""

    kind = fields.String(required=True, validate=ACTION, metadata={"example": "agree_on_dues"})
    text = fields.String(required=True)


class TrendResponse(Schema):
    """Beside an earlier day, weighed alike; all null but the day where it was no member then."""

    on = fields.Date(required=True)
    risk = fields.Integer(required=True, allow_none=True)
    level = fields.String(required=True, allow_none=True, validate=LEVEL)
    direction = fields.String(required=True, allow_none=True, validate=DIRECTION, metadata={"example": "worse"})


class EngagementResponse(Schema):
    """How near a member was on a day: risk from 0 to 100, by the version `weights` of how reasons weigh."""

    member_id = fields.UUID(required=True)
    at = fields.Date(required=True)
    standing = fields.String(required=True, validate=STANDING)
    owner = fields.String(required=True, allow_none=True)
    level = fields.String(required=True, validate=LEVEL)
    risk = fields.Integer(required=True, metadata={"example": 40})
    reasons = fields.List(fields.Nested(EngagementReason), required=True)
    suggested = fields.Nested(SuggestedAction, required=True, allow_none=True)
    trends = fields.List(fields.Nested(TrendResponse), required=True)
    weights = fields.Integer(required=True, metadata={"example": 1})


class PlannedAction(Schema):
    """What is planned for a member today."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=ACTION, metadata={"example": "call"})
    owner = fields.String(required=True)
    due_on = fields.Date(required=True)


class AtRiskResponse(EngagementResponse):
    """A member of the list, and what is planned for it, the next first."""

    name = fields.String(required=True)
    country = fields.String(required=True)
    planned = fields.List(fields.Nested(PlannedAction), required=True)


class EngagementLineResponse(Schema):
    """A change of level as it was announced, when its day was over."""

    effective_on = fields.Date(required=True)
    previous = fields.String(required=True, validate=LEVEL)
    level = fields.String(required=True, validate=LEVEL)
    risk = fields.Integer(required=True)
    announced_at = fields.DateTime(required=True)


class MemberChange(Schema):
    """Who looks after the member: a token's subject, or null for nobody."""

    owner = fields.String(required=True, validate=OWNER, allow_none=True, metadata={"example": "ana@ica.example"})


class OwnerLineResponse(Schema):
    """The member was given to somebody, or to nobody."""

    number = fields.Integer(required=True)
    previous = fields.String(required=True, allow_none=True)
    owner = fields.String(required=True, allow_none=True)
    assigned_at = fields.DateTime(required=True)
    assigned_by = fields.String(required=True)


class SupportRequestBody(Schema):
    """A member asked for support; without a day it was today. The note names people by their roles."""

    kind = fields.String(required=True, validate=_SUPPORT, metadata={"example": "training"})
    asked_on = fields.Date(metadata={"example": "2026-05-04"})
    note = fields.String(validate=TEXT, metadata={"example": "A course for the supervisory board."})


class SupportSettlement(Schema):
    """What became of a request; one taken back or entered by mistake is withdrawn. Without a day it was today."""

    outcome = fields.String(required=True, validate=_OUTCOME, metadata={"example": "given"})
    settled_on = fields.Date(metadata={"example": "2026-05-20"})
    note = fields.String(validate=TEXT, metadata={"example": "Course held in Montevideo."})


class SupportFilter(Schema):
    """Which requests to list."""

    member_id = fields.UUID()
    kind = fields.String(validate=_SUPPORT, metadata={"example": "training"})
    open = fields.Boolean(attribute="is_open")


class SupportResponse(Schema):
    """A request for support; it waits as long as it has no outcome."""

    id = fields.UUID(required=True)
    member_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=_SUPPORT)
    asked_on = fields.Date(required=True)
    note = fields.String(required=True)
    recorded_at = fields.DateTime(required=True)
    recorded_by = fields.String(required=True)
    outcome = fields.String(required=True, allow_none=True, validate=_OUTCOME)
    settled_on = fields.Date(required=True, allow_none=True)
    settled_note = fields.String(required=True)
    settled_at = fields.DateTime(required=True, allow_none=True)
    settled_by = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)
