"""Coverage, targets and the forecast, as callers ask for them and get them."""

from marshmallow import Schema, fields, validate

from services.membership.funnel import ON_THE_WAY
from services.membership.schemas.checks import COUNTRY, SECTOR, TEXT

_YEAR = validate.Range(2000, 2100)


class CoverageFilter(Schema):
    """What to look at, and how many white spots to name."""

    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    sector = fields.String(validate=SECTOR, metadata={"example": "agriculture"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 200))


class CellResponse(Schema):
    """How many organizations are known and how many are members.

    `persons` are those its members declared to represent; null is unknown: none declared any. `silent` members did not.
    """

    known = fields.Integer(required=True)
    members = fields.Integer(required=True)
    share = fields.Float(required=True, allow_none=True, metadata={"example": 0.012})
    persons = fields.Integer(required=True, allow_none=True)
    persons_share = fields.Float(
        required=True, allow_none=True, metadata={"description": "of all persons the members represent; null: unknown"}
    )
    silent = fields.Integer(required=True)


class SectorCoverageResponse(CellResponse):
    """A sector of a country. An organization of several sectors counts in each."""

    sector = fields.String(required=True, validate=SECTOR)


class CountryCoverageResponse(CellResponse):
    """A country and its sectors."""

    country = fields.String(required=True)
    sectors = fields.List(fields.Nested(SectorCoverageResponse), required=True)


class WhiteSpotResponse(Schema):
    """`missing`: so many more members would make it as well covered as the region on average."""

    country = fields.String(required=True, attribute="cell.country")
    sector = fields.String(required=True, attribute="cell.sector")
    known = fields.Integer(required=True, attribute="cell.known")
    members = fields.Integer(required=True, attribute="cell.members")
    missing = fields.Float(required=True)


class CoverageResponse(Schema):
    """The region, its countries with their sectors, and the white spots: where members are missing most."""

    total = fields.Nested(CellResponse, required=True)
    countries = fields.List(fields.Nested(CountryCoverageResponse), required=True)
    white_spots = fields.List(fields.Nested(WhiteSpotResponse), required=True)


class TargetRequest(Schema):
    """How many admissions a year is meant to bring; without a country, in the whole region."""

    year = fields.Integer(required=True, strict=True, validate=_YEAR, metadata={"example": 2030})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    admissions = fields.Integer(
        required=True, strict=True, validate=validate.Range(0, 100_000), metadata={"example": 12}
    )
    reason = fields.String(load_default="", validate=TEXT, metadata={"example": "Plan 2026, line 2.F"})


class TargetFilter(Schema):
    """Which settings of targets to list."""

    year = fields.Integer(validate=_YEAR, metadata={"example": 2030})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})


class ProgressFilter(Schema):
    """Of which year; without a country, of the whole region."""

    year = fields.Integer(required=True, validate=_YEAR, metadata={"example": 2030})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})


class TargetResponse(Schema):
    """A target as somebody set it; of a year and country the highest `version` counts. Country "" is the region."""

    id = fields.UUID(required=True)
    year = fields.Integer(required=True)
    country = fields.String(required=True)
    admissions = fields.Integer(required=True)
    reason = fields.String(required=True)
    set_at = fields.DateTime(required=True)
    set_by = fields.String(required=True)
    version = fields.Integer(required=True)


class StageForecastResponse(Schema):
    """What the open prospects of a stage promise.

    Of those `decided` in the last three years that came to it, `in_time` were admitted within the days the year has
    left; `chance` is null when fewer than five were decided, and counts as 0.
    """

    stage = fields.String(required=True, validate=validate.OneOf(ON_THE_WAY))
    open = fields.Integer(required=True)
    decided = fields.Integer(required=True)
    in_time = fields.Integer(required=True)
    chance = fields.Float(required=True, allow_none=True)
    expected = fields.Float(required=True)


class ForecastResponse(Schema):
    """Admissions of the year, forecast in two ways; each is null while there is nothing to rest on.

    `by_run_rate` goes on as the year began; `by_pipeline` adds to those so far what the open prospects promise.
    """

    admitted = fields.Integer(required=True)
    days_gone = fields.Integer(required=True)
    days_left = fields.Integer(required=True)
    by_run_rate = fields.Float(required=True, allow_none=True)
    by_pipeline = fields.Float(required=True, allow_none=True)
    stages = fields.List(fields.Nested(StageForecastResponse), required=True)
    basis = fields.List(fields.String(), required=True, metadata={"description": "in words, in the caller's language"})


class ProgressResponse(Schema):
    """A target, what has come of it, how many members left meanwhile, and what is to be expected."""

    year = fields.Integer(required=True)
    country = fields.String(required=True)
    target = fields.Nested(TargetResponse, required=True, allow_none=True)
    left = fields.Integer(required=True)
    forecast = fields.Nested(ForecastResponse, required=True)
