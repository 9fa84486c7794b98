"""Ageing, statements of account and reminders, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.dues.ageing import NAMES
from services.membership.model.ledger import PostingKind
from services.membership.schemas.checks import COUNTRY
from services.membership.schemas.formulas import REASON
from shared.http.money import MoneySchema


class AgeingFilter(Schema):
    """At the end of which day, today without one; and of which country."""

    on = fields.Date(metadata={"example": "2026-12-31"})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})


AgeingRow = Schema.from_dict(
    {
        "currency": fields.String(required=True),
        "country": fields.String(required=True, allow_none=True, metadata={"description": "null for all countries"}),
        "invoices": fields.Integer(required=True),
        "total": fields.Nested(MoneySchema, required=True),
        **{name: fields.Nested(MoneySchema, required=True) for name in NAMES},
    },
    name="AgeingRow",
)


class AgeingResponse(Schema):
    """What is owed by how many days it is late: in all by currency, and by currency and country."""

    on = fields.Date(required=True)
    currencies = fields.List(fields.Nested(AgeingRow), required=True)
    countries = fields.List(fields.Nested(AgeingRow), required=True)


class AccountFilter(Schema):
    """From the beginning of one day to the end of another."""

    begins = fields.Date(required=True, metadata={"example": "2026-01-01"})
    ends = fields.Date(required=True, metadata={"example": "2026-12-31"})


class MovementResponse(Schema):
    """What happened: positive makes the member owe more. `balance` is what it owes then, on account if negative."""

    posting_id = fields.UUID(required=True)
    on = fields.Date(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(get_args(PostingKind)))
    explanation = fields.String(required=True)
    reference = fields.String(required=True)
    reason = fields.String(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    balance = fields.Nested(MoneySchema, required=True)


class CurrencyAccount(Schema):
    """One currency of an account."""

    currency = fields.String(required=True)
    opening = fields.Nested(MoneySchema, required=True)
    movements = fields.List(fields.Nested(MovementResponse), required=True)
    closing = fields.Nested(MoneySchema, required=True)


class AccountResponse(Schema):
    """A member's account over a period, by currency."""

    member_id = fields.UUID(required=True)
    begins = fields.Date(required=True)
    ends = fields.Date(required=True)
    accounts = fields.List(fields.Nested(CurrencyAccount), required=True)


class ReminderPlanRequest(Schema):
    """On which days members are reminded: so many after an instalment was due, before where negative."""

    days = fields.List(
        fields.Integer(validate=validate.Range(-365, 1095)),
        required=True,
        validate=validate.Length(1, 20),
        metadata={"example": [-14, 1, 15, 45]},
    )
    reason = fields.String(required=True, validate=REASON, metadata={"example": "Executive Committee, minutes 3/2026"})


class ReminderPlanResponse(Schema):
    """A version of the plan; the latest counts."""

    version = fields.Integer(required=True)
    days = fields.List(fields.Integer(), required=True)
    reason = fields.String(required=True)
    recorded_at = fields.DateTime(required=True)
    recorded_by = fields.String(required=True)


class ReminderFilter(Schema):
    """Which reminders to list."""

    invoice_id = fields.UUID()
    member_id = fields.UUID()


class SendingResponse(Schema):
    """An invoice sent to a contact, whose link opens the document."""

    id = fields.UUID(required=True)
    invoice_id = fields.UUID(required=True)
    contact_id = fields.UUID(required=True)
    sent_at = fields.DateTime(required=True)
    sent_by = fields.String(required=True, metadata={"example": "finance-1"})


class ReminderResponse(Schema):
    """A step taken; not sent where a later one came too, money on account covers it, or nobody can be written to."""

    id = fields.UUID(required=True)
    invoice_id = fields.UUID(required=True)
    instalment = fields.Integer(required=True)
    days = fields.Integer(required=True)
    due_on = fields.Date(required=True)
    sent = fields.Boolean(required=True)
    contact_id = fields.UUID(required=True, allow_none=True)
    taken_at = fields.DateTime(required=True)
