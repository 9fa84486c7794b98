"""Members, as callers send and get them."""

from marshmallow import Schema, fields, validate

from services.membership.schemas.checks import CATEGORY, COUNTRY, SECTOR, STANDING
from services.membership.schemas.organizations import OrganizationReference


class AdmissionRequest(Schema):
    """The decision to admit; `reason` names it, as in the minutes. Without a day it counts from today."""

    category = fields.String(required=True, validate=CATEGORY, metadata={"example": "full"})
    reason = fields.String(
        required=True, validate=validate.Length(1, 2000), metadata={"example": "Board, minutes 12/2026"}
    )
    admitted_on = fields.Date(metadata={"example": "2026-05-04"})


class StandingRequest(Schema):
    """A change of standing, and why. Without a day it counts from today."""

    standing = fields.String(required=True, validate=STANDING, metadata={"example": "suspended"})
    reason = fields.String(required=True, validate=validate.Length(1, 2000), metadata={"example": "two years' arrears"})
    effective_on = fields.Date(metadata={"example": "2026-05-04"})


class MemberFilter(Schema):
    """Which members to list."""

    name = fields.String(validate=validate.Length(1, 200), metadata={"example": "union"})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    sector = fields.String(validate=SECTOR, metadata={"example": "agriculture"})
    category = fields.String(validate=CATEGORY, metadata={"example": "full"})
    standing = fields.String(validate=STANDING, metadata={"example": "current"})
    organization_id = fields.UUID()
    termination_proposed = fields.Boolean()
    owner = fields.String(validate=validate.Length(1, 200), metadata={"example": "ana@ica.example"})
    owned = fields.Boolean(metadata={"description": "somebody's, or nobody's"})


class MemberSummary(Schema):
    """A member as lists show it: the standing is what was announced last, and may change on `next_change_on`."""

    id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True)
    category = fields.String(required=True, validate=CATEGORY)
    standing = fields.String(required=True, validate=STANDING)
    admitted_on = fields.Date(required=True)
    termination_proposed_on = fields.Date(required=True, allow_none=True)
    next_change_on = fields.Date(required=True, allow_none=True)
    owner = fields.String(required=True, allow_none=True, metadata={"description": "a token's subject"})
    version = fields.Integer(required=True)


class StandingChangeResponse(Schema):
    """A change as it was announced; it takes the place of what was said before of its day and the days after."""

    previous = fields.String(required=True, allow_none=True)
    standing = fields.String(required=True, validate=STANDING)
    effective_on = fields.Date(required=True)
    reason = fields.String(required=True)
    changed_at = fields.DateTime(required=True)
    changed_by = fields.String(required=True)
    rule = fields.String(required=True, allow_none=True, metadata={"example": "suspended_by_decision"})


class MemberResponse(MemberSummary):
    """A member with its history, oldest first."""

    history = fields.List(fields.Nested(StandingChangeResponse), required=True)
