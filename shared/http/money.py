"""Money in JSON: {"amount": "1234.50", "currency": "USD"}."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from shared.money import DIGITS, Money, NotMoney


class MoneySchema(Schema):
    """An exact amount of one currency: digits and a point, no more decimals than the currency has."""

    amount = fields.String(
        required=True,
        validate=validate.Regexp(
            r"^-?[0-9]{1,20}(\.[0-9]{1,4})?\Z",
            error="Must be written like 1234.50: digits, and a point before decimals.",
        ),
        metadata={"example": "1234.50"},
    )
    currency = fields.String(
        required=True, validate=validate.OneOf(sorted(DIGITS)), metadata={"example": "USD", "description": "ISO 4217"}
    )

    @post_load
    def money(self, data: dict[str, str], **_: Any) -> Money:
        """Load as Money."""
        try:
            return Money.parse(data["amount"], data["currency"])
        except NotMoney as error:
            raise ValidationError(str(error), "amount") from error
