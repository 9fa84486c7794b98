"""Dues runs and invoices, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.model.dues_runs import NoInvoiceReason, RunState
from services.membership.model.invoices import InvoiceState
from services.membership.model.ledger import Account, PostingKind
from services.membership.schemas.checks import COUNTRY
from services.membership.schemas.dues import year
from services.membership.schemas.organizations import OrganizationReference
from shared.http.money import MoneySchema

SERIES = validate.Regexp(r"^[A-Z][A-Z0-9]{0,9}\Z", error="Must be up to ten capital letters and digits, such as D.")
NUMBER = validate.Regexp(r"^[A-Z][A-Z0-9]{0,9}-[0-9]{4}-[0-9]{6,9}\Z", error="Must be a number such as D-2026-000123.")
_PERCENT = validate.Regexp(
    r"^(100|[1-9][0-9]?(\.[0-9]{1,4})?|0\.[0-9]{0,3}[1-9])\Z", error="Must be above 0 and up to 100, like 12.5."
)
_OUTCOMES = ["ready", *get_args(NoInvoiceReason)]
_INVOICE_STATE = validate.OneOf(get_args(InvoiceState))
_RUN_STATE = validate.OneOf(get_args(RunState))


class InstalmentPlan(Schema):
    """A part of each invoice and the day it is due."""

    percent = fields.String(required=True, validate=_PERCENT, metadata={"example": "50"})
    due_on = fields.Date(required=True, metadata={"example": "2026-06-30"})


class RunRequest(Schema):
    """Which year to invoice, in which series of numbers and by which plan.

    With `again` those are invoiced anew whose invoice was cancelled by a credit note.
    """

    year = year(required=True)
    series = fields.String(required=True, validate=SERIES, metadata={"example": "D"})
    instalments = fields.List(
        fields.Nested(InstalmentPlan),
        required=True,
        validate=validate.Length(1, 12),
        metadata={
            "example": [{"percent": "50", "due_on": "2026-06-30"}, {"percent": "50", "due_on": "2026-09-30"}],
        },
    )
    again = fields.Boolean(load_default=False)


class RunFilter(Schema):
    """Which runs to list."""

    year = year()
    state = fields.String(validate=_RUN_STATE)


class RunCount(Schema):
    """Invoices of one state and currency."""

    state = fields.String(required=True, validate=_INVOICE_STATE)
    invoices = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema, required=True)


class RunSummary(Schema):
    """A dues run: drafts until it is issued, then numbered in batches until none is left."""

    id = fields.UUID(required=True)
    year = fields.Integer(required=True)
    series = fields.String(required=True)
    state = fields.String(required=True, validate=_RUN_STATE)
    instalments = fields.List(fields.Nested(InstalmentPlan), required=True)
    again = fields.Boolean(required=True)
    planned_at = fields.DateTime(required=True)
    planned_by = fields.String(required=True)
    started_at = fields.DateTime(required=True, allow_none=True)
    started_by = fields.String(required=True, allow_none=True)
    finished_at = fields.DateTime(required=True, allow_none=True)
    version = fields.Integer(required=True)


class RunResponse(RunSummary):
    """With how far it is."""

    counts = fields.List(fields.Nested(RunCount), required=True)


class PreviewFilter(Schema):
    """Of which year; `outcome` is ready, or why a member is skipped."""

    year = year(required=True)
    again = fields.Boolean(load_default=False)
    outcome = fields.String(validate=validate.OneOf(_OUTCOMES), metadata={"example": "no_contact"})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})


class PreviewTotalsFilter(Schema):
    """Of which year."""

    year = year(required=True)
    again = fields.Boolean(load_default=False)


class PreviewContact(Schema):
    """Who would be written to."""

    id = fields.UUID(required=True)
    role = fields.String(required=True)
    name = fields.String(required=True)


class PreviewResponse(Schema):
    """A member of the year: what it would be invoiced and who would be written to, or why it is skipped."""

    member_id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True)
    assessment_id = fields.UUID(required=True, allow_none=True)
    amount = fields.Nested(MoneySchema, required=True, allow_none=True)
    contact = fields.Nested(PreviewContact, required=True, allow_none=True)
    outcome = fields.String(required=True, validate=validate.OneOf(_OUTCOMES))
    explanation = fields.String(required=True, metadata={"description": "of the outcome; empty when it is ready"})


class PreviewTotal(Schema):
    """How many have one outcome, and how much it is in one currency."""

    outcome = fields.String(required=True, validate=validate.OneOf(_OUTCOMES))
    explanation = fields.String(required=True)
    members = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema, required=True, allow_none=True)


class PreviewTotals(Schema):
    """The whole year."""

    year = fields.Integer(required=True)
    outcomes = fields.List(fields.Nested(PreviewTotal), required=True)


class InvoiceFilter(Schema):
    """Which invoices to list; `due_before` those of which something was due before a day and is open."""

    year = year()
    state = fields.String(validate=_INVOICE_STATE, metadata={"example": "overdue"})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    member_id = fields.UUID()
    run_id = fields.UUID()
    number = fields.String(validate=NUMBER, metadata={"example": "D-2026-000123"})
    due_before = fields.Date(metadata={"example": "2026-07-01"})


class InvoiceSummary(Schema):
    """An invoice: what was asked for and what is open."""

    id = fields.UUID(required=True)
    run_id = fields.UUID(required=True)
    member_id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True, attribute="member.organization")
    assessment_id = fields.UUID(required=True)
    year = fields.Integer(required=True)
    number = fields.String(required=True, attribute="reference", metadata={"description": "empty while it is a draft"})
    state = fields.String(required=True, validate=_INVOICE_STATE)
    amount = fields.Nested(MoneySchema, required=True)
    open = fields.Nested(MoneySchema, required=True)
    issued_on = fields.Date(required=True, allow_none=True)
    due_on = fields.Date(required=True)
    next_due_on = fields.Date(required=True, allow_none=True)
    language = fields.String(required=True)
    version = fields.Integer(required=True)


class InstalmentResponse(Schema):
    """A part of an invoice; settled from a day on, or open in part or wholly."""

    number = fields.Integer(required=True)
    due_on = fields.Date(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    open = fields.Nested(MoneySchema, required=True)
    settled_on = fields.Date(required=True, allow_none=True)


class EntryResponse(Schema):
    """A line of a posting; positive is a debit."""

    account = fields.String(required=True, validate=validate.OneOf(get_args(Account)))
    member_id = fields.UUID(required=True)
    invoice_id = fields.UUID(required=True, allow_none=True)
    payment_id = fields.UUID(required=True, allow_none=True)
    amount = fields.Nested(MoneySchema, required=True)


class PostingResponse(Schema):
    """One thing that happened to money, by whom and why; its lines balance in each currency."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(get_args(PostingKind)))
    booked_on = fields.Date(required=True)
    reason = fields.String(required=True)
    reference = fields.String(required=True)
    recorded_at = fields.DateTime(required=True)
    recorded_by = fields.String(required=True)
    entries = fields.List(fields.Nested(EntryResponse), required=True)


class InvoiceResponse(InvoiceSummary):
    """With its instalments, to whom it was addressed, and who issued it."""

    instalments = fields.List(fields.Nested(InstalmentResponse), required=True)
    addressee = fields.Dict(keys=fields.String(), required=True)
    drafted_at = fields.DateTime(required=True)
    drafted_by = fields.String(required=True)
    issued_at = fields.DateTime(required=True, allow_none=True)
    issued_by = fields.String(required=True, allow_none=True)


class BalanceResponse(Schema):
    """What a member owes in one currency on invoices, and what it has on account."""

    receivable = fields.Nested(MoneySchema, required=True)
    on_account = fields.Nested(MoneySchema, required=True)


class BalancesFilter(Schema):
    """At the end of which day; without one as of now."""

    on = fields.Date(metadata={"example": "2026-12-31"})


class BalancesResponse(Schema):
    """By currency."""

    member_id = fields.UUID(required=True)
    balances = fields.List(fields.Nested(BalanceResponse), required=True)


class ReconciliationRow(Schema):
    """Every account in one currency. `difference` and `invoices_differ` are zero, or something is wrong."""

    receivable = fields.Nested(MoneySchema, required=True)
    on_account = fields.Nested(MoneySchema, required=True)
    income = fields.Nested(MoneySchema, required=True)
    bank = fields.Nested(MoneySchema, required=True)
    exchange = fields.Nested(MoneySchema, required=True)
    written_off = fields.Nested(MoneySchema, required=True)
    difference = fields.Nested(MoneySchema, required=True)
    invoices_differ = fields.Nested(MoneySchema, required=True)


class ReconciliationFilter(Schema):
    """At the end of which day."""

    on = fields.Date(metadata={"example": "2026-12-31"})


class ReconciliationResponse(Schema):
    """The ledger at the end of a day."""

    on = fields.Date(required=True)
    balanced = fields.Boolean(required=True)
    currencies = fields.List(fields.Nested(ReconciliationRow), required=True)
