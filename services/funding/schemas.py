"""What callers of funding may send and will get."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.funding.model import Reason
from shared.contracts.membership import Category, Standing

_STANDING = validate.OneOf(get_args(Standing))
_COUNTRY = validate.Regexp(r"^[A-Z]{2}\Z", error="Must be two capital letters, as in ISO 3166-1.")


class MemberFilter(Schema):
    """Which members to list."""

    standing = fields.String(validate=_STANDING, metadata={"example": "suspended"})
    country = fields.String(validate=_COUNTRY, metadata={"example": "AR"})


class MemberResponse(Schema):
    """A member as membership last told of it; `changed_at` says when."""

    id = fields.UUID(required=True)
    organization_id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"example": "Cooperativa La Unión"})
    country = fields.String(required=True, metadata={"example": "AR"})
    sectors = fields.List(fields.String(), required=True, metadata={"example": ["agriculture"]})
    category = fields.String(required=True, validate=validate.OneOf(get_args(Category)))
    standing = fields.String(required=True, validate=_STANDING)
    language = fields.String(required=True, metadata={"example": "es"})
    changed_at = fields.DateTime(required=True)


class ReasonResponse(Schema):
    """One reason: a code for machines, a sentence in the caller's language for people."""

    code = fields.String(required=True, validate=validate.OneOf(get_args(Reason)), metadata={"example": "suspended"})
    text = fields.String(required=True, metadata={"example": "The membership is suspended."})


class EligibilityResponse(Schema):
    """Whether the member may receive funds. An eligible member may have reasons too: what is worth knowing."""

    member_id = fields.UUID(required=True)
    eligible = fields.Boolean(required=True)
    reasons = fields.List(fields.Nested(ReasonResponse), required=True)
