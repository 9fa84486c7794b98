"""Statistic rounds and declarations, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.model.statistics import Age, DeclarationState, DeclarationStep, Sex
from services.membership.plausibility import DEFAULT_THRESHOLDS, FigureName, WarningCode
from services.membership.schemas.checks import COUNTRY, TEXT
from services.membership.schemas.formulas import REASON, YEAR
from services.membership.schemas.organizations import OrganizationReference
from services.membership.schemas.statistic_files import EvidenceResponse, LinkEvidenceResponse
from shared.contracts.membership import Occasion
from shared.http.money import MoneySchema

STATE = validate.OneOf(get_args(DeclarationState))
_COUNT = validate.Range(0, 10_000_000_000)
_PERCENT = validate.Range(1, 1_000_000)


class ThresholdSchema(Schema):
    """A change of more than so many percent is warned of, unless both figures are below `ignore_below`."""

    rise_percent = fields.Integer(required=True, strict=True, validate=_PERCENT, metadata={"example": 25})
    fall_percent = fields.Integer(required=True, strict=True, validate=_PERCENT, metadata={"example": 20})
    ignore_below = fields.Integer(required=True, strict=True, validate=_COUNT, metadata={"example": 20})


class ThresholdsSchema(Schema):
    """What is warned of beside the year before; what is left out stays as it was."""

    persons = fields.Nested(ThresholdSchema)
    workers = fields.Nested(ThresholdSchema)
    turnover = fields.Nested(ThresholdSchema, metadata={"description": "ignore_below in minor units"})


class RoundPlan(Schema):
    """When declarations are asked for, due, and taken no more."""

    opens_on = fields.Date(metadata={"example": "2027-01-15"})
    due_on = fields.Date(metadata={"example": "2027-03-31"})
    closes_on = fields.Date(metadata={"example": "2027-05-31"})
    thresholds = fields.Nested(ThresholdsSchema, metadata={"example": dict(DEFAULT_THRESHOLDS)})


class RoundAmendment(RoundPlan):
    """What to change of a round, and why; what is left out stays."""

    reason = fields.String(required=True, validate=REASON, metadata={"example": "Extended by the Board"})


class RoundRequest(RoundPlan):
    """A yearly round: `year` is the year the figures are of."""

    year = fields.Integer(required=True, strict=True, validate=YEAR, metadata={"example": 2026})
    opens_on = fields.Date(required=True, metadata={"example": "2027-01-15"})
    due_on = fields.Date(required=True, metadata={"example": "2027-03-31"})
    closes_on = fields.Date(required=True, metadata={"example": "2027-05-31"})


class RoundSummary(Schema):
    """A round; links work until the end of `closes_on` everywhere on earth, which is `closes_at`."""

    id = fields.UUID(required=True)
    year = fields.Integer(required=True)
    opens_on = fields.Date(required=True)
    due_on = fields.Date(required=True)
    closes_on = fields.Date(required=True)
    closes_at = fields.DateTime(required=True)
    thresholds = fields.Nested(ThresholdsSchema, required=True)
    opened_at = fields.DateTime(required=True)
    opened_by = fields.String(required=True)
    version = fields.Integer(required=True)


class RoundChangeResponse(Schema):
    """One line of a round's history: what was planned from then on."""

    facts = fields.Dict(required=True)
    reason = fields.String(required=True)
    changed_at = fields.DateTime(required=True)
    changed_by = fields.String(required=True)


class RoundResponse(RoundSummary):
    """A round with its history, oldest first."""

    history = fields.List(fields.Nested(RoundChangeResponse), required=True)


class CountsSchema(Schema):
    """How many declarations are where; `without_contact` have nobody who could be written to."""

    members = fields.Integer(required=True)
    requested = fields.Integer(required=True)
    declared = fields.Integer(required=True)
    questioned = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    without_contact = fields.Integer(required=True)
    persons_accepted = fields.Integer(required=True, metadata={"description": "represented, as accepted so far"})


class CountryCountsSchema(CountsSchema):
    """The same for one country."""

    country = fields.String(required=True)


class RoundOverviewResponse(CountsSchema):
    """A round at a glance."""

    round_id = fields.UUID(required=True)
    by_country = fields.List(fields.Nested(CountryCountsSchema), required=True)


class AskRequest(Schema):
    """A reminder's number; the same number goes to each member once, whatever is repeated."""

    step = fields.Integer(required=True, strict=True, validate=validate.Range(1, 20), metadata={"example": 1})


class AskedResponse(Schema):
    """How many were written to now, and how many have not declared and have nobody to write to."""

    asked = fields.Integer(required=True)
    without_contact = fields.Integer(required=True)


class StatisticFilter(Schema):
    """Which declarations to list."""

    round_id = fields.UUID()
    year = fields.Integer(validate=YEAR, metadata={"example": 2026})
    state = fields.String(validate=STATE, metadata={"example": "declared"})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    member_id = fields.UUID()
    reachable = fields.Boolean(metadata={"description": "with a contact who can be written to, or without"})


class PartSchema(Schema):
    """A part of the persons represented, by sex and age."""

    sex = fields.String(required=True, validate=validate.OneOf(get_args(Sex)), metadata={"example": "women"})
    age = fields.String(
        load_default="unknown", validate=validate.OneOf(get_args(Age)), metadata={"example": "18_to_35"}
    )
    persons = fields.Integer(required=True, strict=True, validate=_COUNT, metadata={"example": 4200})


class FiguresSchema(Schema):
    """The figures of one year."""

    persons = fields.Integer(required=True, strict=True, validate=_COUNT, metadata={"example": 12345})
    breakdown = fields.List(
        fields.Nested(PartSchema),
        validate=validate.Length(max=20),
        metadata={
            "description": "parts that add up to the persons; the rest as unknown",
            "example": [
                {"sex": "women", "age": "18_to_35", "persons": 5000},
                {"sex": "unknown", "age": "unknown", "persons": 7345},
            ],
        },
    )
    workers = fields.Integer(strict=True, allow_none=True, validate=_COUNT, metadata={"example": 310})
    turnover = fields.Nested(MoneySchema, allow_none=True)
    source = fields.String(validate=TEXT, metadata={"example": "Member register at 31 December"})
    evidence = fields.String(validate=TEXT, metadata={"example": "https://union.example/annual-report-2026.pdf"})


class DeclarationRequest(FiguresSchema):
    """The figures, and why they hold if they differ much from last year's."""

    confirmation = fields.String(validate=TEXT, metadata={"example": "Two cooperatives merged into ours in May."})


class WarningResponse(Schema):
    """A figure that differs much from the year before."""

    code = fields.String(required=True, validate=validate.OneOf(get_args(WarningCode)))
    figure = fields.String(required=True, validate=validate.OneOf(get_args(FigureName)))
    explanation = fields.String(
        required=True, metadata={"example": "persons: 45 % more than last year (1000 to 1450)."}
    )


class CheckResponse(Schema):
    """What would have to be confirmed; nothing was changed."""

    warnings = fields.List(fields.Nested(WarningResponse), required=True)


class AcceptanceRequest(Schema):
    """A remark, if there is one."""

    note = fields.String(validate=TEXT, metadata={"example": "Checked against the annual report."})


class QuestionRequest(Schema):
    """What the member is asked, in its own language: it is sent as it stands."""

    question = fields.String(required=True, validate=REASON, metadata={"example": "¿Incluye a las personas asociadas?"})


class StatisticSummary(Schema):
    """A declaration, as lists show it."""

    id = fields.UUID(required=True)
    round_id = fields.UUID(required=True)
    year = fields.Integer(required=True)
    member_id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True, attribute="member.organization")
    state = fields.String(required=True, validate=STATE)
    persons = fields.Integer(required=True, allow_none=True)
    workers = fields.Integer(required=True, allow_none=True)
    turnover = fields.Nested(MoneySchema, required=True, allow_none=True)
    changed_at = fields.DateTime(required=True)
    version = fields.Integer(required=True)


class StatisticStepResponse(Schema):
    """One line of a declaration's history; `figures` are those declared then."""

    step = fields.String(required=True, validate=validate.OneOf(get_args(DeclarationStep)))
    note = fields.String(required=True)
    figures = fields.Dict(required=True, allow_none=True)
    at = fields.DateTime(required=True)
    by = fields.String(required=True)


class LinkResponse(Schema):
    """A way in without login, without its secret."""

    id = fields.UUID(required=True)
    contact_id = fields.UUID(required=True, allow_none=True)
    made_at = fields.DateTime(required=True)
    made_by = fields.String(required=True)
    revoked_at = fields.DateTime(required=True, allow_none=True)
    revoked_by = fields.String(required=True, allow_none=True)


class SentRequestResponse(Schema):
    """One time a contact was written to."""

    occasion = fields.String(required=True, validate=validate.OneOf(get_args(Occasion)))
    step = fields.Integer(required=True)
    contact_id = fields.UUID(required=True)
    link_id = fields.UUID(required=True)
    at = fields.DateTime(required=True)
    by = fields.String(required=True)


class NewLinkResponse(Schema):
    """The address itself, this once."""

    id = fields.UUID(required=True)
    url = fields.String(required=True, metadata={"example": "https://membership.example/v1/links/statistics/WyI…"})
    closes_at = fields.DateTime(required=True)


class LinkRevocation(Schema):
    """Why it should open nothing any more."""

    reason = fields.String(required=True, validate=REASON, metadata={"example": "Sent to a former president"})


class FormResponse(Schema):
    """What the form begins with and shows: figures as declared, or as accepted for the year before."""

    organization_name = fields.String(required=True)
    year = fields.Integer(required=True)
    due_on = fields.Date(required=True)
    closes_on = fields.Date(required=True)
    state = fields.String(required=True, validate=STATE)
    question = fields.String(required=True, metadata={"description": "what the secretariat asks; empty if nothing"})
    figures = fields.Nested(FiguresSchema, required=True, allow_none=True)
    previous_year = fields.Integer(required=True, allow_none=True)
    previous = fields.Nested(FiguresSchema, required=True, allow_none=True)
    files = fields.List(fields.Nested(LinkEvidenceResponse), required=True)
    warnings = fields.List(fields.Nested(WarningResponse), required=True)
    version = fields.Integer(required=True)


class StatisticResponse(StatisticSummary):
    """A declaration with last year's figures beside it, its warnings, letters, links and history, oldest first."""

    breakdown = fields.List(fields.Nested(PartSchema), required=True)
    source = fields.String(required=True)
    evidence = fields.String(required=True)
    files = fields.List(
        fields.Nested(EvidenceResponse), required=True, metadata={"description": "evidence that was not taken back"}
    )
    confirmation = fields.String(required=True)
    question = fields.String(required=True)
    warnings = fields.List(fields.Nested(WarningResponse), required=True)
    previous_year = fields.Integer(required=True, allow_none=True)
    previous = fields.Nested(FiguresSchema, required=True, allow_none=True)
    requests = fields.List(fields.Nested(SentRequestResponse), required=True)
    links = fields.List(fields.Nested(LinkResponse), required=True)
    history = fields.List(fields.Nested(StatisticStepResponse), required=True)
