"""What callers of funding may send and will get."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.funding.model import LONGEST_TITLE, AwardState, Reason
from shared.contracts.membership import Category, Standing
from shared.http.money import MoneySchema

_STANDING = validate.OneOf(get_args(Standing))
_STATE = validate.OneOf(get_args(AwardState))
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


class AwardRequest(Schema):
    """An award to propose for a member. Title and amount are told to everybody once it is offered: name no person."""

    member_id = fields.UUID(required=True)
    title = fields.String(
        required=True, validate=validate.Length(1, LONGEST_TITLE), metadata={"example": "Capacitación en gobernanza"}
    )
    purpose = fields.String(
        required=True,
        validate=validate.Length(1, 2000),
        metadata={"example": "Two workshops for the board and the supervisory committee."},
    )
    amount = fields.Nested(MoneySchema, required=True, metadata={"example": {"amount": "5000.00", "currency": "USD"}})


class AwardOffer(Schema):
    """Where the decision is written."""

    minutes = fields.String(
        required=True, validate=validate.Length(1, 200), metadata={"example": "Board, minutes 12/2026, item 4"}
    )


class AwardReason(Schema):
    """Why the proposal is given up, or the offer declined; it stays here."""

    reason = fields.String(
        required=True, validate=validate.Length(1, 2000), metadata={"example": "The workshops are paid otherwise."}
    )


class AwardFilter(Schema):
    """Which awards to list; `country` is the member's."""

    state = fields.String(validate=_STATE, metadata={"example": "offered"})
    member_id = fields.UUID()
    country = fields.String(validate=_COUNTRY, metadata={"example": "AR"})


class AwardResponse(AwardRequest):
    """An award as it stands, who proposed, decided and answered it, and when.

    `organization_id` is the member's when it was proposed. `reason` says why it was declined or given up.
    """

    id = fields.UUID(required=True)
    organization_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=_STATE)
    proposed_at = fields.DateTime(required=True)
    proposed_by = fields.String(required=True)
    decided_at = fields.DateTime(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    minutes = fields.String(required=True)
    answered_at = fields.DateTime(required=True, allow_none=True)
    answered_by = fields.String(required=True, allow_none=True)
    withdrawn_at = fields.DateTime(required=True, allow_none=True)
    withdrawn_by = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    version = fields.Integer(required=True)
