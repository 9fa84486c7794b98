"""Dues formulas, as callers send and get them."""

from typing import Any, get_args

from marshmallow import Schema, fields, validate

from services.membership.dues import EXAMPLE, Mode
from services.membership.model.formulas import FormulaState, FormulaStep
from services.membership.schemas.checks import COUNTRY, LINE, STRUCTURE
from shared.money import DIGITS

REASON = validate.Length(1, 2000)
YEAR = validate.Range(1900, 2200)
STATE = validate.OneOf(get_args(FormulaState))
CODE = validate.Regexp(r"^[a-z][a-z0-9_]{0,39}\Z", error="Must be small letters, digits and underscores.")
_PERSONS = validate.Range(0, 10_000_000_000)
_AMOUNT = validate.Regexp(r"^[0-9]{1,15}(\.[0-9]{1,4})?\Z", error="Must be an amount like 1234.50.")
_RATE = validate.Regexp(r"^[0-9]{1,9}(\.[0-9]{1,9})?\Z", error="Must be a number like 0.025.")
PERCENT = validate.Regexp(r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)\Z", error="Must be from 0 to 100, like 12.5.")


def amount(example: str, **options: Any) -> fields.String:
    """An amount of the formula's currency."""
    return fields.String(validate=_AMOUNT, metadata={"example": example}, **options)


class BracketSchema(Schema):
    """From this number of persons on, each further person costs `rate` units of the currency."""

    from_persons = fields.Integer(required=True, strict=True, validate=_PERSONS, metadata={"example": 10000})
    rate = fields.String(required=True, validate=_RATE, metadata={"example": "0.02"})


class CoefficientSchema(Schema):
    """What a country's full members pay is multiplied by this, before minimum and cap."""

    country = fields.String(required=True, validate=COUNTRY, metadata={"example": "HT"})
    coefficient = fields.String(required=True, validate=_RATE, metadata={"example": "0.5"})


class AssociateAmountSchema(Schema):
    """What an associate of this structure pays."""

    structure = fields.String(required=True, validate=STRUCTURE, metadata={"example": "government-body"})
    amount = amount("1500.00", required=True)


class DiscountBoundSchema(Schema):
    """The most that may be waived for this reason."""

    code = fields.String(required=True, validate=CODE, metadata={"example": "hardship"})
    most_percent = fields.String(required=True, validate=PERCENT, metadata={"example": "80"})


class RoundingSchema(Schema):
    """What is owed is a multiple of `unit`; `half_up` and `up` go away from zero."""

    unit = amount("1.00", required=True)
    mode = fields.String(required=True, validate=validate.OneOf(get_args(Mode)), metadata={"example": "half_up"})


class TermsSchema(Schema):
    """A formula.

    Full members pay base and brackets, times their country's coefficient, within minimum and cap; associates pay by
    their structure. Then discounts are taken off, and the rest is rounded.
    """

    currency = fields.String(required=True, validate=validate.OneOf(sorted(DIGITS)), metadata={"example": "USD"})
    statistics_lag = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(0, 5),
        metadata={"example": 1, "description": "how many years before the year to pay for the persons were counted"},
    )
    base = amount("250.00", required=True)
    brackets = fields.List(fields.Nested(BracketSchema), required=True, validate=validate.Length(max=50))
    minimum = amount("500.00", required=True)
    cap = amount("25000.00", required=True, allow_none=True)
    coefficients = fields.List(fields.Nested(CoefficientSchema), load_default=list, validate=validate.Length(max=300))
    associate_scale = fields.List(
        fields.Nested(AssociateAmountSchema), load_default=list, validate=validate.Length(max=50)
    )
    associate_default = amount("750.00", required=True)
    discounts = fields.List(fields.Nested(DiscountBoundSchema), load_default=list, validate=validate.Length(max=50))
    rounding = fields.Nested(RoundingSchema, required=True)


class FormulaRequest(Schema):
    """A formula to be approved by somebody else; `reason` says where it comes from."""

    name = fields.String(required=True, validate=LINE, metadata={"example": "Example, not the Alliance's rates"})
    terms = fields.Nested(TermsSchema, required=True, metadata={"example": EXAMPLE})
    effective_from = fields.Date(required=True, metadata={"example": "2027-01-01"})
    reason = fields.String(required=True, validate=REASON, metadata={"example": "Proposal to the Assembly"})


class FormulaAmendment(Schema):
    """What to change of a draft; what is left out stays. Terms are replaced as a whole."""

    name = fields.String(validate=LINE, metadata={"example": "Rates from 2027 on"})
    terms = fields.Nested(TermsSchema, metadata={"example": EXAMPLE})
    effective_from = fields.Date(metadata={"example": "2027-01-01"})
    reason = fields.String(required=True, validate=REASON, metadata={"example": "As amended by the Board"})


class FormulaDecision(Schema):
    """Why; as in the minutes."""

    reason = fields.String(required=True, validate=REASON, metadata={"example": "Assembly, minutes 4/2026"})


class FormulaEnd(FormulaDecision):
    """The first day on which it is in force no more, and why."""

    effective_until = fields.Date(required=True, metadata={"example": "2028-01-01"})


class FormulaFilter(Schema):
    """Which formulas to list."""

    state = fields.String(validate=STATE, metadata={"example": "approved"})
    in_force_on = fields.Date(metadata={"example": "2027-01-01"})


class FormulaReference(Schema):
    """Which formula is meant."""

    id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    name = fields.String(required=True)
    state = fields.String(required=True, validate=STATE)


class FormulaSummary(FormulaReference):
    """A formula, as lists show it; in force until the day before `effective_until`."""

    effective_from = fields.Date(required=True)
    effective_until = fields.Date(required=True, allow_none=True)
    version = fields.Integer(required=True)


class FormulaChangeResponse(Schema):
    """One line of a formula's history."""

    step = fields.String(required=True, validate=validate.OneOf(get_args(FormulaStep)))
    reason = fields.String(required=True)
    changed_at = fields.DateTime(required=True)
    changed_by = fields.String(required=True)


class FormulaResponse(FormulaSummary):
    """A formula with its terms and history, oldest first."""

    terms = fields.Nested(TermsSchema, required=True)
    history = fields.List(fields.Nested(FormulaChangeResponse), required=True)
