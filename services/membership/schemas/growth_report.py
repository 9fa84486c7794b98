"""The growth report, as callers ask for it and get it."""

from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.membership.growth_charts import CHARTS
from services.membership.growth_tables import TABLES
from services.membership.schemas.checks import CATEGORY, SECTOR
from services.membership.schemas.funnel import PassageResponse
from services.membership.schemas.leads import Period
from shared.http.money import MoneySchema

_FIRST, _LAST = date(1895, 1, 1), date(2100, 12, 31)
"""The Alliance was founded in 1895."""


class GrowthPeriod(Period):
    """The period, both days included, and what was known when: now, unless an instant is given."""

    known_at = fields.AwareDateTime(metadata={"example": "2027-01-15T00:00:00Z"})

    @validates_schema
    def _in_reach(self, data: dict[str, Any], **_options: Any) -> None:
        for name in ("since", "until"):
            day = data.get(name)
            if isinstance(day, date) and not _FIRST <= day <= _LAST:
                raise ValidationError("Must lie between 1895 and 2100.", name)


class GrowthTableQuery(GrowthPeriod):
    """Which table of the report."""

    table = fields.String(load_default="groups", validate=validate.OneOf(TABLES))


class GrowthChartQuery(GrowthPeriod):
    """Which chart of the report."""

    chart = fields.String(load_default="movement", validate=validate.OneOf(CHARTS))


class RepresentedResponse(Schema):
    """Persons the members of a day represent; null while none of them declared any. `silent` members did not."""

    persons = fields.Integer(required=True, allow_none=True, metadata={"example": 120000})
    silent = fields.Integer(required=True)


class TallyResponse(Schema):
    """Members on the eve of the period and on its last day, and what happened between: at_start + net = at_end."""

    at_start = fields.Integer(required=True, metadata={"example": 140})
    joined = fields.Integer(required=True, metadata={"example": 12})
    left = fields.Integer(required=True, metadata={"example": 3})
    net = fields.Integer(required=True, metadata={"example": 9})
    at_end = fields.Integer(required=True, metadata={"example": 149})
    start = fields.Nested(RepresentedResponse, required=True)
    end = fields.Nested(RepresentedResponse, required=True)


class CountryGrowthResponse(TallyResponse):
    """A country, as known at the instant of the report."""

    country = fields.String(required=True, metadata={"example": "AR"})


class SectorGrowthResponse(TallyResponse):
    """A sector; an organization of several counts in each."""

    sector = fields.String(required=True, validate=SECTOR)


class CategoryGrowthResponse(TallyResponse):
    """A category of members."""

    category = fields.String(required=True, validate=CATEGORY)


class LeavingReasonResponse(Schema):
    """Why members left, by the rule that ended the membership."""

    rule = fields.String(required=True, metadata={"example": "resigned"})
    name = fields.String(required=True, metadata={"example": "Resigned"})
    left = fields.Integer(required=True)


class IntervalResponse(Schema):
    """A month of the period, or a year where it has more than 24, begun ones too; `members` are those at its end."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)
    joined = fields.Integer(required=True)
    left = fields.Integer(required=True)
    members = fields.Integer(required=True)


class RemainingResponse(Schema):
    """How many of a cohort were still members at the end of a day."""

    on = fields.Date(required=True)
    members = fields.Integer(required=True)


class CohortRetentionResponse(Schema):
    """Those who joined in a year, and who of them was left at the end of each year and on the period's last day."""

    year = fields.Integer(required=True, metadata={"example": 2021})
    joined = fields.Integer(required=True)
    retention = fields.Float(required=True, metadata={"example": 0.92, "description": "on the period's last day"})
    remaining = fields.List(fields.Nested(RemainingResponse), required=True)


class PeriodFunnelResponse(Schema):
    """Prospects opened in the period, by where they stood at the instant of the report."""

    opened = fields.Integer(required=True)
    open = fields.Integer(required=True)
    dormant = fields.Integer(required=True)
    lost = fields.Integer(required=True)
    admitted = fields.Integer(required=True)
    passages = fields.List(fields.Nested(PassageResponse), required=True)


class AssessedResponse(Schema):
    """Dues of a year that were assessed in the period, in one currency."""

    year = fields.Integer(required=True)
    assessments = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema, required=True)


def _money(name: str, means: str = "") -> fields.Nested:
    return fields.Nested(
        MoneySchema, required=True, attribute=f"amounts.{name}", metadata={"description": means} if means else {}
    )


class CollectionResponse(Schema):
    """What became of dues in the period, in one currency: opening + billed - collected - written_off = outstanding."""

    opening = _money("opening", "owed on the eve of the period")
    invoiced = _money("invoiced")
    credited = _money("credited", "by credit notes")
    billed = _money("billed", "invoiced less credited")
    collected = _money("collected", "put on invoices less taken off again")
    written_off = _money("written_off")
    outstanding = _money("outstanding", "owed at the period's end")
    rate = fields.Float(
        required=True,
        allow_none=True,
        metadata={
            "example": 0.87,
            "description": "collected of opening and billed; null where there was nothing to collect",
        },
    )


class CountryCollectionResponse(CollectionResponse):
    """The members of a country, as known at the instant of the report."""

    country = fields.String(required=True, attribute="key", metadata={"example": "AR"})


class CategoryCollectionResponse(CollectionResponse):
    """The members of a category."""

    category = fields.String(required=True, attribute="key", validate=CATEGORY)


class BillingResponse(Schema):
    """What became of dues in the period, an entry for each currency."""

    total = fields.List(fields.Nested(CollectionResponse), required=True)
    countries = fields.List(fields.Nested(CountryCollectionResponse), required=True)
    categories = fields.List(fields.Nested(CategoryCollectionResponse), required=True)


class GrowthReportResponse(Period):
    """How the membership grew. Asked again with its `known_at`, the answer is the same for good."""

    known_at = fields.DateTime(required=True)
    total = fields.Nested(TallyResponse, required=True)
    countries = fields.List(fields.Nested(CountryGrowthResponse), required=True)
    sectors = fields.List(fields.Nested(SectorGrowthResponse), required=True)
    categories = fields.List(fields.Nested(CategoryGrowthResponse), required=True)
    reasons = fields.List(fields.Nested(LeavingReasonResponse), required=True)
    intervals = fields.List(fields.Nested(IntervalResponse), required=True)
    cohorts = fields.List(fields.Nested(CohortRetentionResponse), required=True)
    funnel = fields.Nested(PeriodFunnelResponse, required=True)
    dues = fields.List(fields.Nested(AssessedResponse), required=True, metadata={"description": "assessed"})
    billing = fields.Nested(BillingResponse, required=True)
