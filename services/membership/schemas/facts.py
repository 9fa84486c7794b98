"""Facts of members, as callers record and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.facts import Kind
from services.membership.schemas.checks import STANDING
from services.membership.schemas.organizations import OrganizationReference

_KIND = validate.OneOf(get_args(Kind))
_PERIOD = validate.Regexp(r"^\w[\w./ -]{0,39}\Z", error="Must be a short name of a period, such as 2026 or 2026-H1.")


class Words(Schema):
    """Why, and where it is written."""

    reason = fields.String(
        required=True, validate=validate.Length(1, 2000), metadata={"example": "Decision of the Board"}
    )
    reference = fields.String(validate=validate.Length(max=200), metadata={"example": "minutes 12/2026"})


class DecisionFact(Words):
    """A decision or declaration. Without a day it counts from today; another day may lie in the past."""

    effective_on = fields.Date(metadata={"example": "2026-05-04"})


class EndingFact(DecisionFact):
    """With its end; `until` is the first day without membership, by the policy where it is not given."""

    until = fields.Date(metadata={"example": "2027-05-04"})


class TerminationFact(DecisionFact):
    """The end by decision; `expelled` when it is a sanction."""

    expelled = fields.Boolean(load_default=False)


class SuccessorRequest(Schema):
    """An organization that succeeds the member; `admit` when the membership passes on to it."""

    organization_id = fields.UUID(required=True)
    admit = fields.Boolean(load_default=False)


class SuccessionFact(DecisionFact):
    """Into one organization by a merger, into several by a split."""

    successors = fields.List(fields.Nested(SuccessorRequest), required=True, validate=validate.Length(1, 50))


class DuesDueFact(Schema):
    """The dues of a period are to be settled by the end of a day, which may lie ahead."""

    period = fields.String(required=True, validate=_PERIOD, metadata={"example": "2026"})
    due_on = fields.Date(required=True, metadata={"example": "2026-03-31"})
    reason = fields.String(validate=validate.Length(max=2000), metadata={"example": "Invoice 2026-14"})
    reference = fields.String(validate=validate.Length(max=200), metadata={"example": "D-2026-000014"})


class DuesSettledFact(Schema):
    """Of a period nothing is owed any more: paid, credited or written off."""

    period = fields.String(required=True, validate=_PERIOD, metadata={"example": "2026"})
    settled_on = fields.Date(required=True, metadata={"example": "2026-03-12"})
    reason = fields.String(validate=validate.Length(max=2000), metadata={"example": "Bank transfer"})
    reference = fields.String(validate=validate.Length(max=200), metadata={"example": "D-2026-000014"})


class FactFilter(Schema):
    """Which facts to list."""

    kind = fields.String(validate=_KIND, metadata={"example": "suspended"})


class FactResponse(Schema):
    """A fact as it was recorded; one that was wrong names what voided it."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=_KIND)
    effective_on = fields.Date(required=True)
    period = fields.String(required=True)
    until = fields.Date(required=True, allow_none=True)
    successors = fields.List(fields.Nested(OrganizationReference), required=True)
    voids = fields.UUID(required=True, allow_none=True, attribute="voids_id")
    voided_by = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True)
    reference = fields.String(required=True)
    recorded_at = fields.DateTime(required=True)
    recorded_by = fields.String(required=True)


class RecordedResponse(Schema):
    """The fact, and where the member stands today; `repeated` when it was recorded before and nothing changed."""

    fact = fields.Nested(FactResponse, required=True)
    member_id = fields.UUID(required=True, attribute="member.id")
    standing = fields.String(required=True, validate=STANDING, attribute="member.standing")
    next_change_on = fields.Date(required=True, allow_none=True, attribute="member.next_change_on")
    repeated = fields.Boolean(required=True)
