"""Standing, votes, rolls and policy, as callers ask for and get them."""

from datetime import datetime
from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.membership.schemas.checks import CATEGORY, COUNTRY, STANDING
from services.membership.standing import Rule
from services.membership.voting import QuotaRule, VoteRule

_RULE = validate.OneOf(get_args(Rule))
_VOTE_RULE = validate.OneOf(get_args(VoteRule))
_DAYS = validate.Range(0, 3650)
_MONTHS = validate.Range(1, 600)


def _since_1900(instant: datetime) -> None:
    """What lies at the calendar's beginning has no place in every time zone."""
    if instant.year < 1900:  # noqa: PLR2004 -- named by the function
        raise ValidationError("Must be a moment since the year 1900.")


class StandingQuery(Schema):
    """For which day (today if not given), and by what was known when (now if not given)."""

    on = fields.Date(metadata={"example": "2026-10-24"})
    known_at = fields.AwareDateTime(validate=_since_1900, metadata={"example": "2026-10-20T12:00:00Z"})


class PositionQuery(StandingQuery):
    """`persons_represented` decides the delegates; nothing is known of it here."""

    persons_represented = fields.Integer(validate=validate.Range(0, 10**9), metadata={"example": 12000})


class ReasonResponse(Schema):
    """A rule that holds, since when, what it rests on and when its consequence comes; `text` says it in words."""

    rule = fields.String(required=True, validate=_RULE)
    since = fields.Date(required=True, allow_none=True)
    until = fields.Date(required=True, allow_none=True)
    facts = fields.List(fields.UUID(), required=True)
    policy = fields.Integer(required=True, allow_none=True)
    text = fields.String(required=True)


class VoteReason(Schema):
    """What gives or takes the vote."""

    rule = fields.String(required=True, validate=_VOTE_RULE)
    text = fields.String(required=True)


class QuotaResponse(Schema):
    """How many delegates, and why; none is said where no statistic is known."""

    delegates = fields.Integer(required=True, allow_none=True)
    rule = fields.String(required=True, validate=validate.OneOf(get_args(QuotaRule)))
    text = fields.String(required=True)


class FollowingResponse(Schema):
    """What time alone will bring if nothing else is recorded."""

    on = fields.Date(required=True)
    standing = fields.String(required=True, validate=STANDING)
    reasons = fields.List(fields.Nested(ReasonResponse), required=True)


class PositionResponse(Schema):
    """Where a member stands on a day. Asked again with the same `known_at`, the answer is the same for good."""

    member_id = fields.UUID(required=True)
    on = fields.Date(required=True)
    known_at = fields.DateTime(required=True)
    category = fields.String(required=True, validate=CATEGORY)
    standing = fields.String(required=True, allow_none=True, validate=STANDING)
    since = fields.Date(required=True, allow_none=True)
    reasons = fields.List(fields.Nested(ReasonResponse), required=True)
    is_current = fields.Boolean(required=True)
    termination_proposed_on = fields.Date(required=True, allow_none=True)
    can_vote = fields.Boolean(required=True)
    vote_reasons = fields.List(fields.Nested(VoteReason), required=True)
    quota = fields.Nested(QuotaResponse, required=True)
    policy = fields.Integer(required=True)
    following = fields.Nested(FollowingResponse, required=True, allow_none=True)


class VoterQuery(StandingQuery):
    """Which members of that day."""

    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    category = fields.String(validate=CATEGORY, metadata={"example": "full"})
    can_vote = fields.Boolean(metadata={"example": True})


class VoterResponse(Schema):
    """A member of that day, whether it could vote, and why."""

    member_id = fields.UUID(required=True)
    name = fields.String(required=True)
    country = fields.String(required=True)
    category = fields.String(required=True, validate=CATEGORY)
    standing = fields.String(required=True, validate=STANDING)
    is_current = fields.Boolean(required=True)
    can_vote = fields.Boolean(required=True)
    vote_reasons = fields.List(fields.Nested(VoteReason), required=True)
    reasons = fields.List(fields.Nested(ReasonResponse), required=True)
    quota = fields.Nested(QuotaResponse, required=True)


class VoterCounts(Schema):
    """How many members there were on a day and could vote; how often each rule gave or took the vote."""

    on = fields.Date(required=True)
    known_at = fields.DateTime(required=True)
    members = fields.Integer(required=True)
    voters = fields.Integer(required=True)
    delegates = fields.Integer(required=True)
    without_statistic = fields.Integer(required=True)
    rules = fields.Dict(fields.String(validate=_VOTE_RULE), fields.Integer(), required=True)
    standings = fields.Dict(fields.String(validate=STANDING), fields.Integer(), required=True)


class RollRequest(Schema):
    """A roll to draw and keep."""

    held_on = fields.Date(required=True, metadata={"example": "2026-10-24"})
    known_at = fields.AwareDateTime(validate=_since_1900, metadata={"example": "2026-10-20T12:00:00Z"})
    purpose = fields.String(
        required=True, validate=validate.Length(1, 200), metadata={"example": "Regional Assembly 2026"}
    )


class RollResponse(Schema):
    """A roll with its counts."""

    id = fields.UUID(required=True)
    held_on = fields.Date(required=True)
    known_at = fields.DateTime(required=True)
    purpose = fields.String(required=True)
    members = fields.Integer(required=True)
    voters = fields.Integer(required=True)
    drawn_at = fields.DateTime(required=True)
    drawn_by = fields.String(required=True)


class RollFilter(Schema):
    """Which entries of a roll."""

    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    category = fields.String(validate=CATEGORY, metadata={"example": "full"})
    can_vote = fields.Boolean(metadata={"example": True})


class RollEntryResponse(Schema):
    """A member on a roll, as it was named and stood."""

    member_id = fields.UUID(required=True)
    name = fields.String(required=True)
    country = fields.String(required=True)
    category = fields.String(required=True, validate=CATEGORY)
    standing = fields.String(required=True, validate=STANDING)
    can_vote = fields.Boolean(required=True)
    vote_reasons = fields.List(fields.Nested(VoteReason), required=True)


class DelegateBracketSchema(Schema):
    """From so many persons represented on, so many delegates."""

    from_persons = fields.Integer(required=True, validate=validate.Range(0, 10**9), metadata={"example": 0})
    delegates = fields.Integer(required=True, validate=validate.Range(0, 1000), metadata={"example": 1})


class PolicyRequest(Schema):
    """A version of the policy, from a day to come on.

    Null where arrears cost no vote before the suspension, or end no membership by themselves.
    """

    effective_on = fields.Date(required=True, metadata={"example": "2030-01-01"})
    grace_days = fields.Integer(required=True, validate=_DAYS, metadata={"example": 60})
    vote_rests_after_days = fields.Integer(load_default=None, allow_none=True, validate=_DAYS, metadata={"example": 90})
    termination_proposed_after_months = fields.Integer(required=True, validate=_MONTHS, metadata={"example": 12})
    termination_after_months = fields.Integer(
        load_default=None, allow_none=True, validate=_MONTHS, metadata={"example": 24}
    )
    resignation_notice_months = fields.Integer(required=True, validate=validate.Range(0, 120), metadata={"example": 12})
    temporary_months = fields.Integer(required=True, validate=_MONTHS, metadata={"example": 24})
    voting_categories = fields.List(
        fields.String(validate=CATEGORY), required=True, validate=validate.Length(max=2), metadata={"example": ["full"]}
    )
    delegate_brackets = fields.List(
        fields.Nested(DelegateBracketSchema),
        required=True,
        validate=validate.Length(1, 50),
        metadata={"example": [{"from_persons": 0, "delegates": 1}, {"from_persons": 50000, "delegates": 2}]},
    )
    reason = fields.String(
        required=True, validate=validate.Length(1, 2000), metadata={"example": "Regional Assembly 2029"}
    )
    reference = fields.String(validate=validate.Length(max=200), metadata={"example": "minutes 3/2029"})

    @validates_schema
    def check_order(self, data: dict[str, Any], **_: Any) -> None:
        ends, proposed = data["termination_after_months"], data["termination_proposed_after_months"]
        if ends is not None and ends < proposed:
            raise ValidationError("Termination is proposed before it happens.", "termination_after_months")
        if data["grace_days"] > 28 * proposed:
            raise ValidationError("The grace ends before termination is proposed.", "grace_days")


class PolicyResponse(Schema):
    """A version; the first came with the software and was recorded by nobody."""

    version = fields.Integer(required=True)
    effective_on = fields.Date(required=True)
    grace_days = fields.Integer(required=True)
    vote_rests_after_days = fields.Integer(required=True, allow_none=True)
    termination_proposed_after_months = fields.Integer(required=True)
    termination_after_months = fields.Integer(required=True, allow_none=True)
    resignation_notice_months = fields.Integer(required=True)
    temporary_months = fields.Integer(required=True)
    voting_categories = fields.List(fields.String(validate=CATEGORY), required=True)
    delegate_brackets = fields.List(fields.Nested(DelegateBracketSchema), required=True)
    reason = fields.String(required=True)
    reference = fields.String(required=True)
    recorded_at = fields.DateTime(required=True, allow_none=True)
    recorded_by = fields.String(required=True)
