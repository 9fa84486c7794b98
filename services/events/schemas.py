"""What callers of events may send and will get."""

from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.events.model import Interest, Kind, PriceReason
from shared.contracts.events import PriceTier
from shared.http.money import MoneySchema

_COUNTRY = validate.Regexp(r"^[A-Z]{2}\Z", error="Must be two capital letters, as in ISO 3166-1.")
_KIND = validate.OneOf(get_args(Kind))
_INTEREST = validate.OneOf(get_args(Interest))


class Prices(Schema):
    """What a place costs, for members and for everybody else, in one currency."""

    member = fields.Nested(MoneySchema, required=True, metadata={"example": {"amount": "100.00", "currency": "USD"}})
    standard = fields.Nested(MoneySchema, required=True, metadata={"example": {"amount": "150.00", "currency": "USD"}})


class GatheringRequest(Schema):
    """A gathering to announce."""

    kind = fields.String(required=True, validate=_KIND, metadata={"example": "summit"})
    name = fields.String(
        required=True, validate=validate.Length(1, 200), metadata={"example": "Cumbre de cooperativas"}
    )
    place = fields.String(required=True, validate=validate.Length(1, 200), metadata={"example": "Asunción"})
    country = fields.String(required=True, validate=_COUNTRY, metadata={"example": "PY"})
    starts_on = fields.Date(required=True, metadata={"example": "2030-09-01"})
    ends_on = fields.Date(required=True, metadata={"example": "2030-09-03"})
    prices = fields.Nested(Prices, required=True)


class GatheringFilter(Schema):
    """Which gatherings to list."""

    kind = fields.String(validate=_KIND, metadata={"example": "summit"})
    country = fields.String(validate=_COUNTRY, metadata={"example": "PY"})


class GatheringResponse(GatheringRequest):
    """A gathering as it was announced."""

    id = fields.UUID(required=True)
    announced_at = fields.DateTime(required=True)
    version = fields.Integer(required=True)


class RegistrationFilter(Schema):
    """Whose registrations to list."""

    organization_id = fields.UUID(metadata={"description": "also of those merged into it"})


class RegistrationRequest(Schema):
    """A place for one person. `person` is the caller's own reference to them; no name or address."""

    person = fields.String(
        required=True, validate=validate.Length(1, 100), metadata={"example": "delegate-17", "description": "reference"}
    )
    organization_id = fields.UUID(
        metadata={"description": "Whom the person comes for; decides between member and standard price."}
    )


class QuoteFilter(Schema):
    """For whom the price is asked."""

    organization_id = fields.UUID()


class QuoteResponse(Schema):
    """What a place costs at this moment. `text` says why in the caller's language."""

    tier = fields.String(required=True, validate=validate.OneOf(get_args(PriceTier)))
    price = fields.Nested(MoneySchema, required=True)
    reason = fields.String(required=True, validate=validate.OneOf(get_args(PriceReason)))
    text = fields.String(required=True, metadata={"example": "The membership is in good standing."})


class RegistrationResponse(Schema):
    """A place taken, with the price promised for good."""

    id = fields.UUID(required=True)
    gathering_id = fields.UUID(required=True)
    person = fields.String(required=True, metadata={"example": "delegate-17"})
    organization_id = fields.UUID(required=True, allow_none=True)
    member_id = fields.UUID(required=True, allow_none=True)
    tier = fields.String(required=True, validate=validate.OneOf(get_args(PriceTier)))
    price = fields.Nested(MoneySchema, required=True)
    price_reason = fields.String(required=True, validate=validate.OneOf(get_args(PriceReason)))
    registered_at = fields.DateTime(required=True)


class LeadRequest(Schema):
    """An organization that showed interest: by its id where it is known, else by name and country.

    `note` stays here: it may say who spoke, and nobody else is told.
    """

    organization_id = fields.UUID()
    name = fields.String(validate=validate.Length(1, 300), metadata={"example": "Cooperativa Horizonte Ltda."})
    country = fields.String(validate=_COUNTRY, metadata={"example": "UY"})
    interest = fields.String(load_default="membership", validate=_INTEREST)
    note = fields.String(
        load_default="",
        validate=validate.Length(max=2000),
        metadata={"example": "Wants to know what a membership costs"},
    )

    @validates_schema
    def _tells_who(self, data: dict[str, Any], **_options: Any) -> None:
        if "organization_id" not in data and not (data.get("name", "").strip() and "country" in data):
            raise ValidationError("Give organization_id, or name and country.", "organization_id")


class LeadResponse(Schema):
    """A lead as it was captured."""

    id = fields.UUID(required=True)
    gathering_id = fields.UUID(required=True)
    organization_id = fields.UUID(required=True, allow_none=True)
    name = fields.String(required=True)
    country = fields.String(required=True)
    interest = fields.String(required=True, validate=_INTEREST)
    note = fields.String(required=True)
    captured_at = fields.DateTime(required=True)
    captured_by = fields.String(required=True)
