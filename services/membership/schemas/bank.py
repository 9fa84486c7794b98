"""Bank statements and what they may pay, as callers send and get them."""

import codecs
from typing import get_args

from marshmallow import Schema, ValidationError, fields, validate

from services.membership.banking.matching import Reason
from services.membership.model.bank import LineState
from services.membership.schemas.formulas import REASON
from services.membership.schemas.payments import CURRENCY, RATE
from shared.http.money import MoneySchema

_COLUMNS = ("date", "amount", "credit", "debit", "currency", "remittance", "payer", "iban", "reference")
_ACCOUNT = validate.Length(1, 40)
_AMONG = "Must be columns among: date, amount, credit, debit, currency, remittance, payer, iban, reference."
_DATE_FORMAT = validate.Regexp(
    r"^(?=[^d]*d[^d]*\Z)(?=[^mbB]*[mbB][^mbB]*\Z)(?=[^yY]*[yY][^yY]*\Z)(%[dmyYbB]|[-/. ])+\Z",
    error="Must be a format of dates such as %d/%m/%Y.",
)
"""Day, month and year once each, or some dates could not be read, and others would be of 1900."""
_HEAD = validate.Length(1, 80)
_ENCODINGS = ("utf-8-sig", "utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "utf-16")
_STATE = validate.OneOf(get_args(LineState))
assert all(codecs.lookup(name) for name in _ENCODINGS)


def _columns(named: dict[str, str]) -> None:
    unknown = sorted(named.keys() - set(_COLUMNS))
    if unknown:
        raise ValidationError(_AMONG)


class BankProfileRequest(Schema):
    """How a bank writes its CSV files: `columns` gives the head of the column in which something stands.

    date, remittance, and either amount or credit and debit are needed; currency, payer, iban and reference may be
    there. `date_format` is strptime's.
    """

    name = fields.String(required=True, validate=validate.Length(1, 80), metadata={"example": "Banco Nacional, USD"})
    account = fields.String(required=True, validate=_ACCOUNT, metadata={"example": "CR05015202001026284066"})
    currency = fields.String(required=True, validate=CURRENCY, metadata={"example": "USD"})
    columns = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=_HEAD),
        required=True,
        validate=_columns,
        metadata={"example": {"date": "Fecha", "amount": "Importe", "remittance": "Concepto"}},
    )
    delimiter = fields.String(validate=validate.OneOf([";", ",", "\t", "|"]), load_default=";")
    encoding = fields.String(validate=validate.OneOf(_ENCODINGS), load_default="utf-8-sig")
    decimal = fields.String(validate=validate.OneOf([",", "."]), load_default=",")
    date_format = fields.String(
        validate=_DATE_FORMAT,
        load_default="%d/%m/%Y",
    )
    skip = fields.Integer(validate=validate.Range(0, 100), load_default=0)


class BankProfileResponse(Schema):
    """A bank's way to write."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    facts = fields.Dict(keys=fields.String(), required=True)
    recorded_at = fields.DateTime(required=True)
    recorded_by = fields.String(required=True)


class StatementUpload(Schema):
    """CSV needs the profile that says how to read it."""

    profile_id = fields.UUID()


class BankStatementResponse(Schema):
    """A statement as it was first taken in."""

    id = fields.UUID(required=True)
    account = fields.String(required=True)
    reference = fields.String(required=True)
    entries = fields.Integer(required=True)
    imported_at = fields.DateTime(required=True)
    imported_by = fields.String(required=True)


class TakenStatement(Schema):
    """A statement of the file; `new` entries were not known yet."""

    statement = fields.Nested(BankStatementResponse, required=True)
    new = fields.Integer(required=True)


class TakenStatements(Schema):
    """What the file held."""

    statements = fields.List(fields.Nested(TakenStatement), required=True)


class BankStatementFilter(Schema):
    """Which statements to list."""

    account = fields.String(validate=validate.Length(1, 40), metadata={"example": "CR05015202001026284066"})


class BankLineFilter(Schema):
    """Which entries to list; what is not matched yet with state=open."""

    state = fields.String(validate=_STATE, metadata={"example": "open"})
    statement_id = fields.UUID()


class BankLineResponse(Schema):
    """An entry of a bank account."""

    id = fields.UUID(required=True)
    statement_id = fields.UUID(required=True)
    account = fields.String(required=True)
    booked_on = fields.Date(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    remittance = fields.String(required=True)
    payer = fields.String(required=True)
    iban = fields.String(required=True)
    state = fields.String(required=True, validate=_STATE)
    payment_id = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True)
    decided_at = fields.DateTime(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)


class MatchReason(Schema):
    """What speaks for a match, or against it."""

    reason = fields.String(required=True, validate=validate.OneOf(get_args(Reason)))
    weight = fields.Integer(required=True)
    explanation = fields.String(required=True)


class ProposalResponse(Schema):
    """An invoice an entry may pay; 100 is the most a score can be."""

    invoice_id = fields.UUID(required=True)
    number = fields.String(required=True)
    member_id = fields.UUID(required=True)
    open = fields.Nested(MoneySchema, required=True)
    score = fields.Integer(required=True)
    reasons = fields.List(fields.Nested(MatchReason), required=True)


class ProposalsResponse(Schema):
    """The likeliest first; none where nothing speaks clearly enough, or the entry is settled."""

    proposals = fields.List(fields.Nested(ProposalResponse), required=True)


class MatchRequest(Schema):
    """Whose payment an entry is, and what it pays; see payments for the rate."""

    member_id = fields.UUID(required=True)
    invoice_ids = fields.List(
        fields.UUID(),
        validate=validate.Length(max=50),
        metadata={"description": "the invoices it goes on, in their order; without them all of it stays on account"},
    )
    credited_currency = fields.String(validate=CURRENCY, metadata={"example": "USD"})
    rate = fields.String(validate=RATE, metadata={"example": "0.00105"})
    rate_on = fields.Date()
    rate_source = fields.String(validate=validate.Length(1, 200), metadata={"example": "Banco Central de Chile"})


class MatchRejection(Schema):
    """Which invoice it does not pay, and why."""

    invoice_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=REASON, metadata={"example": "Paid for a course"})


class LineRefusal(Schema):
    """Why it is no dues at all."""

    reason = fields.String(required=True, validate=REASON, metadata={"example": "Interest"})
