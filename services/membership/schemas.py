"""What callers of membership may send and will get."""

from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.membership.identifiers import SCHEME
from services.membership.model.imports import Kind, State
from services.membership.model.prospects import Stage
from services.membership.model.review import Decision, Reason
from services.membership.registers.entries import MAX_LENGTH
from services.membership.vocabulary import SECTORS, STRUCTURES
from shared.contracts.membership import Category, Standing
from shared.i18n import LANGUAGES

_COUNTRY = validate.Regexp(r"^[A-Z]{2}\Z", error="Must be two capital letters, as in ISO 3166-1.")
_SECTOR = validate.OneOf(list(SECTORS))
_STRUCTURE = validate.OneOf(list(STRUCTURES))
_LANGUAGE = validate.OneOf(LANGUAGES)
_STANDING = validate.OneOf(get_args(Standing))
_CATEGORY = validate.OneOf(get_args(Category))
_SCHEME = validate.Regexp(rf"^{SCHEME.pattern}\Z", error="Must be an org-id.guide list code such as AR-CUIT.")
_LINE = validate.Length(1, MAX_LENGTH)
_TEXT = validate.Length(max=2000)


def _line(example: str = "", **options: Any) -> fields.String:
    """Text of one line."""
    return fields.String(validate=validate.Length(max=MAX_LENGTH), metadata={"example": example}, **options)


class IdentifierRequest(Schema):
    """An identifier, by its org-id.guide list."""

    scheme = fields.String(required=True, validate=_SCHEME, metadata={"example": "AR-CUIT"})
    value = fields.String(required=True, validate=validate.Length(1, 100), metadata={"example": "30-50012088-2"})


class IdentifierResponse(IdentifierRequest):
    """`valid` is false when it fails its check; it is kept, and not taken for identity."""

    valid = fields.Boolean(required=True)


class OrganizationChange(Schema):
    """What to change of an organization; what is left out stays. `identifiers` replace the present ones."""

    name = fields.String(validate=_LINE, metadata={"example": "Cooperativa La Unión Ltda."})
    country = fields.String(validate=_COUNTRY, metadata={"example": "AR"})
    subdivision = _line("Córdoba")
    locality = _line("Río Cuarto")
    address = _line("San Martín 120")
    postal_code = _line("X5800")
    website = _line("https://union.example")
    sectors = fields.List(fields.String(validate=_SECTOR), metadata={"example": ["agriculture"]})
    structure = fields.String(validate=_STRUCTURE, metadata={"example": "cooperative"})
    founded_on = fields.Date(allow_none=True, metadata={"example": "1958-03-01"})
    language = fields.String(validate=_LANGUAGE, metadata={"example": "es"})
    identifiers = fields.List(fields.Nested(IdentifierRequest), validate=validate.Length(max=20))

    @post_load
    def _trim(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        if "sectors" in data:
            data["sectors"] = list(dict.fromkeys(data["sectors"]))
        return {name: value.strip() if isinstance(value, str) else value for name, value in data.items()}


class OrganizationRequest(OrganizationChange):
    """A cooperative or body the secretariat came to know of."""

    name = fields.String(required=True, validate=_LINE, metadata={"example": "Cooperativa La Unión Ltda."})
    country = fields.String(required=True, validate=_COUNTRY, metadata={"example": "AR"})
    sectors = fields.List(fields.String(validate=_SECTOR), load_default=list, metadata={"example": ["agriculture"]})


class OrganizationFilter(Schema):
    """Which organizations to list."""

    name = fields.String(
        validate=validate.Length(1, 200),
        metadata={"example": "union agr", "description": "beginnings of words, accents and case aside"},
    )
    identifier = fields.String(
        validate=validate.Length(1, 100), metadata={"example": "30-50012088-2", "description": "of any list"}
    )
    country = fields.String(validate=_COUNTRY, metadata={"example": "AR"})
    subdivision = fields.String(validate=_LINE, metadata={"example": "Córdoba"})
    sector = fields.String(validate=_SECTOR, metadata={"example": "agriculture"})
    registry = fields.String(validate=validate.Length(1, 50), metadata={"example": "ar-inaes"})
    standing = fields.String(validate=_STANDING, metadata={"example": "current"})
    member = fields.Boolean(metadata={"description": "with a membership that has not ended, or without"})
    gone = fields.Boolean(metadata={"description": "no longer in their register, or still there"})


class OrganizationSummary(Schema):
    """An organization, as lists show it."""

    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"example": "Cooperativa La Unión Ltda."})
    country = fields.String(required=True, metadata={"example": "AR"})
    subdivision = fields.String(required=True)
    locality = fields.String(required=True)
    sectors = fields.List(fields.String(), required=True)
    structure = fields.String(required=True)
    language = fields.String(required=True)
    registry = fields.String(required=True, allow_none=True, attribute="register")
    registry_key = fields.String(required=True, allow_none=True, attribute="register_key")
    gone_at = fields.DateTime(required=True, allow_none=True)
    updated_at = fields.DateTime(required=True)
    version = fields.Integer(required=True)


class ContactChange(Schema):
    """What to change of a contact; what is left out stays."""

    role = fields.String(validate=validate.Length(1, 50), metadata={"example": "presidency"})
    name = fields.String(validate=validate.Length(max=200))
    email = fields.Email(validate=validate.Length(max=254), metadata={"example": "presidency@union.example"})
    phone = fields.String(validate=validate.Length(max=100))
    language = fields.String(validate=_LANGUAGE, metadata={"example": "es"})


class ContactRequest(ContactChange):
    """A way to reach an organization, or somebody who acts for it; at least an address or a number."""

    role = fields.String(required=True, validate=validate.Length(1, 50), metadata={"example": "presidency"})

    @validates_schema
    def _reachable(self, data: dict[str, Any], **_options: Any) -> None:
        if not (data.get("email") or data.get("phone")):
            raise ValidationError("Give an e-mail address or a telephone number.", "email")


class ContactResponse(Schema):
    """A contact; `from_registry` ones follow the register until somebody changes them."""

    id = fields.UUID(required=True)
    role = fields.String(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    phone = fields.String(required=True)
    language = fields.String(required=True)
    from_registry = fields.Boolean(required=True, attribute="from_register")
    version = fields.Integer(required=True)


class OrganizationResponse(OrganizationSummary):
    """An organization with all that is known of it."""

    address = fields.String(required=True)
    postal_code = fields.String(required=True)
    website = fields.String(required=True)
    founded_on = fields.Date(required=True, allow_none=True)
    identifiers = fields.List(fields.Nested(IdentifierResponse), required=True)
    contacts = fields.List(fields.Nested(ContactResponse), required=True)
    created_at = fields.DateTime(required=True)


class OrganizationReference(Schema):
    """Which organization is meant."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    country = fields.String(required=True)
    locality = fields.String(required=True)
    sectors = fields.List(fields.String(), required=True)
    registry = fields.String(required=True, allow_none=True, attribute="register")
    registry_key = fields.String(required=True, allow_none=True, attribute="register_key")


class ProspectRequest(Schema):
    """An organization to win; `source` says where it was met."""

    organization_id = fields.UUID(required=True)
    source = fields.String(required=True, validate=validate.Length(1, 200), metadata={"example": "regional summit"})
    note = fields.String(validate=_TEXT)


class ProspectFilter(Schema):
    """Which prospects to list."""

    stage = fields.String(validate=validate.OneOf(get_args(Stage)), metadata={"example": "opened"})
    country = fields.String(validate=_COUNTRY, metadata={"example": "AR"})
    organization_id = fields.UUID()


class ProspectLoss(Schema):
    """Why nobody tries any more."""

    reason = fields.String(required=True, validate=validate.Length(1, 2000), metadata={"example": "no interest"})


class ProspectResponse(Schema):
    """A prospect, open or closed."""

    id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True)
    stage = fields.String(required=True, validate=validate.OneOf(get_args(Stage)))
    source = fields.String(required=True)
    note = fields.String(required=True)
    lost_reason = fields.String(required=True)
    opened_at = fields.DateTime(required=True)
    opened_by = fields.String(required=True)
    closed_at = fields.DateTime(required=True, allow_none=True)
    closed_by = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)


class AdmissionRequest(Schema):
    """The decision to admit; `reason` names it, as in the minutes. Without a day it counts from today."""

    category = fields.String(required=True, validate=_CATEGORY, metadata={"example": "full"})
    reason = fields.String(
        required=True, validate=validate.Length(1, 2000), metadata={"example": "Board, minutes 12/2026"}
    )
    admitted_on = fields.Date(metadata={"example": "2026-05-04"})


class StandingRequest(Schema):
    """A change of standing, and why. Without a day it counts from today."""

    standing = fields.String(required=True, validate=_STANDING, metadata={"example": "suspended"})
    reason = fields.String(required=True, validate=validate.Length(1, 2000), metadata={"example": "two years' arrears"})
    effective_on = fields.Date(metadata={"example": "2026-05-04"})


class MemberFilter(Schema):
    """Which members to list."""

    name = fields.String(validate=validate.Length(1, 200), metadata={"example": "union"})
    country = fields.String(validate=_COUNTRY, metadata={"example": "AR"})
    sector = fields.String(validate=_SECTOR, metadata={"example": "agriculture"})
    category = fields.String(validate=_CATEGORY, metadata={"example": "full"})
    standing = fields.String(validate=_STANDING, metadata={"example": "current"})
    organization_id = fields.UUID()


class MemberSummary(Schema):
    """A member, as lists show it."""

    id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True)
    category = fields.String(required=True, validate=_CATEGORY)
    standing = fields.String(required=True, validate=_STANDING)
    admitted_on = fields.Date(required=True)
    version = fields.Integer(required=True)


class StandingChangeResponse(Schema):
    """One line of a member's history; the first is its admission."""

    previous = fields.String(required=True, allow_none=True)
    standing = fields.String(required=True, validate=_STANDING)
    effective_on = fields.Date(required=True)
    reason = fields.String(required=True)
    changed_at = fields.DateTime(required=True)
    changed_by = fields.String(required=True)


class MemberResponse(MemberSummary):
    """A member with its history, oldest first."""

    history = fields.List(fields.Nested(StandingChangeResponse), required=True)


class ReviewFilter(Schema):
    """Which pairs to list."""

    decided = fields.Boolean(metadata={"example": False})
    reason = fields.String(validate=validate.OneOf(get_args(Reason)), metadata={"example": "shared_identifier"})
    organization_id = fields.UUID()


class DecisionRequest(Schema):
    """Whether the two are one. "same" is recorded; it joins nothing by itself."""

    decision = fields.String(required=True, validate=validate.OneOf(get_args(Decision)))
    note = fields.String(load_default="", validate=_TEXT)


class ReviewItemResponse(Schema):
    """Two organizations that may be one, why it is thought so, and what was decided."""

    id = fields.UUID(required=True)
    first = fields.Nested(OrganizationReference, required=True)
    second = fields.Nested(OrganizationReference, required=True)
    reason = fields.String(required=True, validate=validate.OneOf(get_args(Reason)))
    evidence = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    opened_at = fields.DateTime(required=True)
    decision = fields.String(required=True, allow_none=True)
    decided_at = fields.DateTime(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    note = fields.String(required=True)
    version = fields.Integer(required=True)


class ImportFilter(Schema):
    """Which imports to list."""

    registry = fields.String(validate=validate.Length(1, 50), metadata={"example": "ar-inaes"})


class ImportResponse(Schema):
    """One reading of a register's file. Each row is counted once: created to rejected add up to rows.

    `missing` organizations of the register were not in the file, `gone` of them were marked so.
    """

    id = fields.UUID(required=True)
    registry = fields.String(required=True, attribute="register")
    profile = fields.String(required=True)
    file = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(get_args(State)))
    started_at = fields.DateTime(required=True)
    finished_at = fields.DateTime(required=True, allow_none=True)
    rows = fields.Integer(required=True)
    created = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    in_review = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    flagged_identifiers = fields.Integer(required=True)
    missing = fields.Integer(required=True)
    gone = fields.Integer(required=True)


class FindingFilter(Schema):
    """Which rows to list."""

    outcome = fields.String(validate=validate.OneOf(get_args(Kind)), metadata={"example": "rejected"})


class FindingResponse(Schema):
    """What is to be said about a row; `explanation` is in the caller's language."""

    line = fields.Integer(required=True)
    key = fields.String(required=True)
    column = fields.String(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(get_args(Kind)))
    reason = fields.String(required=True)
    explanation = fields.String(required=True)


class TermResponse(Schema):
    """A word of the Alliance: our code, its code in the ESSGlobal vocabulary, its name in the caller's language."""

    code = fields.String(required=True, metadata={"example": "agriculture"})
    ica = fields.String(required=True, metadata={"example": "ICA10"})
    name = fields.String(required=True, metadata={"example": "Agricultura"})


class VocabularyResponse(Schema):
    """Sectors (economic activities) and structures."""

    sectors = fields.List(fields.Nested(TermResponse), required=True)
    structures = fields.List(fields.Nested(TermResponse), required=True)
