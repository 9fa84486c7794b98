"""Payments and corrections, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.model.corrections import WriteOffState
from services.membership.model.payments import PaymentState
from services.membership.schemas.checks import COUNTRY, TEXT
from services.membership.schemas.formulas import REASON
from services.membership.schemas.invoices import SERIES, InvoiceSummary
from services.membership.schemas.organizations import OrganizationReference
from shared.http.money import MoneySchema
from shared.money import DIGITS

_REFERENCE = validate.Length(1, 140)
RATE = validate.Regexp(r"^(?!0+(\.0+)?\Z)[0-9]{1,9}(\.[0-9]{1,12})?\Z", error="Must be a number above 0, like 0.00105.")
CURRENCY = validate.OneOf(sorted(DIGITS))
_STATE = validate.OneOf(get_args(PaymentState))


class PaymentRequest(Schema):
    """Money that came in for a member. `reference` is the recorder's own: recorded again, nothing is changed.

    Invoices in another currency need `credited_currency` with the rate, its day and source: so many units of it for
    one unit paid. It goes on `invoice_ids` in their order; what is left stays on the member's account.
    """

    reference = fields.String(required=True, validate=_REFERENCE, metadata={"example": "TRF-2026-05-04-0017"})
    member_id = fields.UUID(required=True)
    received_on = fields.Date(required=True, metadata={"example": "2026-05-04"})
    amount = fields.Nested(MoneySchema, required=True)
    credited_currency = fields.String(validate=CURRENCY, metadata={"example": "USD"})
    rate = fields.String(validate=RATE, metadata={"example": "0.00105"})
    rate_on = fields.Date(metadata={"example": "2026-05-04"})
    rate_source = fields.String(validate=validate.Length(1, 200), metadata={"example": "Banco Central de Chile"})
    invoice_ids = fields.List(
        fields.UUID(),
        validate=validate.Length(max=50),
        metadata={"description": "the invoices it goes on, in their order; without them all of it stays on account"},
    )
    note = fields.String(validate=validate.Length(max=2000), metadata={"example": "Paid by its federation."})


class PaymentFilter(Schema):
    """Which payments to list; `with_credit` those of which something is free."""

    member_id = fields.UUID()
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    state = fields.String(validate=_STATE)
    reference = fields.String(validate=_REFERENCE, metadata={"example": "TRF-2026-05-04-0017"})
    received_from = fields.Date()
    received_to = fields.Date()
    with_credit = fields.Boolean()


class PaymentSummary(Schema):
    """A payment as it came in, and what it counts for."""

    id = fields.UUID(required=True)
    reference = fields.String(required=True)
    member_id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True, attribute="member.organization")
    received_on = fields.Date(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    credited = fields.Nested(MoneySchema, required=True)
    rate = fields.String(required=True, allow_none=True)
    rate_on = fields.Date(required=True, allow_none=True)
    rate_source = fields.String(required=True)
    note = fields.String(required=True)
    state = fields.String(required=True, validate=_STATE)
    recorded_at = fields.DateTime(required=True)
    recorded_by = fields.String(required=True)
    version = fields.Integer(required=True)


class PaymentUse(Schema):
    """Where a part of a payment is: on an invoice, or on a member's account."""

    member_id = fields.UUID(required=True)
    invoice_id = fields.UUID(required=True, allow_none=True)
    number = fields.String(required=True, allow_none=True)
    amount = fields.Nested(MoneySchema, required=True)


class PaymentResponse(PaymentSummary):
    """With where its money is."""

    uses = fields.List(fields.Nested(PaymentUse), required=True)


class AllocationRequest(Schema):
    """Onto which invoice; without an amount all that fits."""

    invoice_id = fields.UUID(required=True)
    amount = fields.Nested(MoneySchema)
    reason = fields.String(validate=TEXT, load_default="", metadata={"example": "As the member asked"})


class MoveRequest(Schema):
    """Money that went astray: from a member's account or invoice to the right one, and why."""

    from_member_id = fields.UUID(required=True)
    from_invoice_id = fields.UUID()
    to_member_id = fields.UUID(required=True)
    to_invoice_id = fields.UUID()
    amount = fields.Nested(MoneySchema)
    reason = fields.String(required=True, validate=REASON, metadata={"example": "Paid for its federation"})


class RefundRequest(Schema):
    """What a member has free of a payment goes back."""

    member_id = fields.UUID(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    reason = fields.String(required=True, validate=REASON, metadata={"example": "Paid twice"})
    reference = fields.String(
        validate=validate.Length(max=140), load_default="", metadata={"example": "TRF-2026-06-01-0003"}
    )


class ReversalRequest(Schema):
    """Why the payment never was."""

    reason = fields.String(required=True, validate=REASON, metadata={"example": "The cheque bounced"})
    reference = fields.String(
        validate=validate.Length(max=140), load_default="", metadata={"example": "TRF-2026-06-01-0003"}
    )


class CreditNoteRequest(Schema):
    """What to take back of an invoice; without an amount all that is left."""

    series = fields.String(validate=SERIES, load_default="NC", metadata={"example": "NC"})
    amount = fields.Nested(MoneySchema)
    reason = fields.String(required=True, validate=REASON, metadata={"example": "Statistic corrected after the audit"})


class CreditNoteFilter(Schema):
    """Which credit notes to list."""

    invoice_id = fields.UUID()
    member_id = fields.UUID()


class CreditNoteResponse(Schema):
    """A credit note."""

    id = fields.UUID(required=True)
    number = fields.String(required=True, attribute="reference")
    invoice_id = fields.UUID(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    reason = fields.String(required=True)
    issued_on = fields.Date(required=True)
    issued_at = fields.DateTime(required=True)
    issued_by = fields.String(required=True)
    invoice = fields.Nested(InvoiceSummary, required=True)


class WriteOffRequest(Schema):
    """What to give up of an invoice; without an amount all that is open."""

    amount = fields.Nested(MoneySchema)
    reason = fields.String(required=True, validate=REASON, metadata={"example": "The member was dissolved"})


class WriteOffDecision(Schema):
    """Why it is approved or rejected."""

    reason = fields.String(required=True, validate=REASON, metadata={"example": "Board, minutes 9/2026"})


class WriteOffFilter(Schema):
    """Which write-offs to list."""

    state = fields.String(validate=validate.OneOf(get_args(WriteOffState)))
    invoice_id = fields.UUID()


class WriteOffResponse(Schema):
    """A write-off, proposed or decided."""

    id = fields.UUID(required=True)
    invoice_id = fields.UUID(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    state = fields.String(required=True, validate=validate.OneOf(get_args(WriteOffState)))
    reason = fields.String(required=True)
    proposed_at = fields.DateTime(required=True)
    proposed_by = fields.String(required=True)
    decision = fields.String(required=True)
    decided_at = fields.DateTime(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    invoice = fields.Nested(InvoiceSummary, required=True)
    version = fields.Integer(required=True)
