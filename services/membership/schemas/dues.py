"""Dues, discounts and simulations, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.dues import Kind
from services.membership.model.dues import NoDuesReason, Outcome
from services.membership.schemas.checks import CATEGORY, COUNTRY
from services.membership.schemas.formulas import CODE, REASON, YEAR, FormulaReference
from services.membership.schemas.organizations import OrganizationReference
from shared.http.money import MoneySchema

_REASON = validate.OneOf(get_args(NoDuesReason))
_OUTCOME = validate.OneOf(get_args(Outcome))
_SOME = validate.Regexp(
    r"^(100|[1-9][0-9]?(\.[0-9]{1,2})?|0\.(0[1-9]|[1-9][0-9]?))\Z", error="Must be above 0 and up to 100, like 12.5."
)


def year(*, required: bool = False) -> fields.Integer:
    return fields.Integer(required=required, validate=YEAR, metadata={"example": 2026})


class DuesLineResponse(Schema):
    """One step from nothing to what is owed; the lines' amounts add up to it exactly."""

    kind = fields.String(required=True, validate=validate.OneOf(get_args(Kind)))
    amount = fields.Nested(MoneySchema, required=True)
    explanation = fields.String(
        required=True, metadata={"example": "2345 persons, from number 10001 on, at 0.02 each."}
    )


class DuesInputsResponse(Schema):
    """What the dues were computed from."""

    associate = fields.Boolean(required=True)
    country = fields.String(required=True)
    structure = fields.String(required=True)
    persons = fields.Integer(required=True, allow_none=True)
    discounts = fields.List(fields.Dict(keys=fields.String(), values=fields.String()), required=True)


class QuoteFilter(Schema):
    """For which year, and by which formula: without one by the one in force on the year's first day."""

    year = year(required=True)
    formula_id = fields.UUID()


class QuoteResponse(Schema):
    """What a member would owe, line by line; or why that can't be said. Nothing is recorded."""

    member_id = fields.UUID(required=True)
    year = fields.Integer(required=True)
    statistics_year = fields.Integer(required=True)
    statistic_id = fields.UUID(required=True, allow_none=True)
    formula = fields.Nested(FormulaReference, required=True)
    amount = fields.Nested(MoneySchema, required=True, allow_none=True)
    lines = fields.List(fields.Nested(DuesLineResponse), required=True)
    reason = fields.String(required=True, allow_none=True, validate=_REASON)
    explanation = fields.String(required=True, metadata={"description": "of the reason; empty when there is an amount"})


class AssessmentsRequest(Schema):
    """The year whose dues are to be recorded."""

    year = year(required=True)


class SkippedResponse(Schema):
    """How many could not be assessed for one reason."""

    reason = fields.String(required=True, validate=_REASON)
    explanation = fields.String(required=True)
    members = fields.Integer(required=True)


class AssessmentsResponse(Schema):
    """What a recording did; who was recorded before stays as recorded."""

    year = fields.Integer(required=True)
    formula = fields.Nested(FormulaReference, required=True)
    recorded = fields.Integer(required=True)
    recorded_before = fields.Integer(required=True)
    skipped = fields.List(fields.Nested(SkippedResponse), required=True)


class AssessmentFilter(Schema):
    """Which assessments to list."""

    year = year()
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    member_id = fields.UUID()


class AssessmentSummary(Schema):
    """What a member owes for a year."""

    id = fields.UUID(required=True)
    member_id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True, attribute="member.organization")
    year = fields.Integer(required=True)
    formula = fields.Nested(FormulaReference, required=True)
    amount = fields.Nested(MoneySchema, required=True)
    assessed_at = fields.DateTime(required=True)
    assessed_by = fields.String(required=True)


class AssessmentResponse(AssessmentSummary):
    """What a member owes, line by line, and all that went into it."""

    statistic_id = fields.UUID(required=True, allow_none=True)
    inputs = fields.Nested(DuesInputsResponse, required=True)
    lines = fields.List(fields.Nested(DuesLineResponse), required=True)


class ReplayResponse(Schema):
    """The recorded amount beside the same computed again from formula and inputs."""

    recorded = fields.Nested(MoneySchema, required=True)
    replayed = fields.Nested(MoneySchema, required=True)
    same = fields.Boolean(required=True, metadata={"description": "amount and every line"})
    lines = fields.List(fields.Nested(DuesLineResponse), required=True)


class DiscountRequest(Schema):
    """A part of one year's dues to waive, and why."""

    year = year(required=True)
    code = fields.String(required=True, validate=CODE, metadata={"example": "hardship"})
    percent = fields.String(required=True, validate=_SOME, metadata={"example": "30"})
    reason = fields.String(required=True, validate=REASON, metadata={"example": "Hurricane; Board, minutes 7/2026"})


class DiscountWithdrawal(Schema):
    """Why it counts no more."""

    reason = fields.String(required=True, validate=REASON, metadata={"example": "Granted to the wrong member"})


class DiscountFilter(Schema):
    """Which discounts to list."""

    year = year()


class DiscountResponse(Schema):
    """A discount, granted or withdrawn."""

    id = fields.UUID(required=True)
    member_id = fields.UUID(required=True)
    year = fields.Integer(required=True)
    code = fields.String(required=True)
    percent = fields.String(required=True)
    reason = fields.String(required=True)
    granted_at = fields.DateTime(required=True)
    granted_by = fields.String(required=True)
    withdrawn_at = fields.DateTime(required=True, allow_none=True)
    withdrawn_by = fields.String(required=True, allow_none=True)
    withdrawn_reason = fields.String(required=True)
    version = fields.Integer(required=True)


class SimulationRequest(Schema):
    """A formula, draft or approved, and the year to try it for.

    `statistics_year` takes the accepted statistics of another year than the formula would: for a year to come.
    """

    formula_id = fields.UUID(required=True)
    year = year(required=True)
    statistics_year = fields.Integer(validate=YEAR, metadata={"example": 2025})


class SimulationFilter(Schema):
    """Which simulations to list."""

    formula_id = fields.UUID()
    year = year()


class SimulationSummary(Schema):
    """A simulation: a formula beside the one in force, `baseline`, if there was one."""

    id = fields.UUID(required=True)
    formula = fields.Nested(FormulaReference, required=True)
    baseline = fields.Nested(FormulaReference, required=True, allow_none=True)
    year = fields.Integer(required=True)
    statistics_year = fields.Integer(required=True)
    simulated_at = fields.DateTime(required=True)
    simulated_by = fields.String(required=True)


class TotalsSchema(Schema):
    """Sums and counts. `change` is the sum over members with an amount by both formulas of one currency."""

    members = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    baseline_amount = fields.Nested(MoneySchema, required=True, allow_none=True)
    change = fields.Nested(MoneySchema, required=True, allow_none=True)
    more = fields.Integer(required=True)
    less = fields.Integer(required=True)
    same = fields.Integer(required=True)
    not_comparable = fields.Integer(required=True)
    not_assessed = fields.Integer(required=True)


class CountryTotalsSchema(TotalsSchema):
    """The same for one country."""

    country = fields.String(required=True)


class SimulationResponse(SimulationSummary):
    """A simulation with its totals; the members are a list of their own."""

    total = fields.Nested(TotalsSchema, required=True)
    by_country = fields.List(fields.Nested(CountryTotalsSchema), required=True)
    skipped = fields.List(fields.Nested(SkippedResponse), required=True)


class SimulatedDuesFilter(Schema):
    """Which members of a simulation to list; `outcome` more and less are those who lose and win."""

    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    category = fields.String(validate=CATEGORY, metadata={"example": "full"})
    outcome = fields.String(validate=_OUTCOME, metadata={"example": "more"})
    reason = fields.String(validate=_REASON, metadata={"example": "no_statistic"})


class SimulatedDuesResponse(Schema):
    """One member by both formulas; a reason stands where there is no amount."""

    member_id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True)
    category = fields.String(required=True, validate=CATEGORY)
    persons = fields.Integer(required=True, allow_none=True)
    amount = fields.Nested(MoneySchema, required=True, allow_none=True)
    lines = fields.List(fields.Nested(DuesLineResponse), required=True)
    reason = fields.String(required=True, allow_none=True, validate=_REASON)
    explanation = fields.String(required=True)
    baseline_amount = fields.Nested(MoneySchema, required=True, allow_none=True)
    baseline_reason = fields.String(required=True, allow_none=True, validate=_REASON)
    change = fields.Nested(MoneySchema, required=True, allow_none=True)
    outcome = fields.String(required=True, validate=_OUTCOME)
