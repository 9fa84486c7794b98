"""Organizations and their contacts, as callers send and get them."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.membership.schemas.checks import (
    CONTACT_ROLE,
    COUNTRY,
    DEGREE,
    IDENTIFIER_KIND,
    LANGUAGE,
    LANGUAGE_TAG,
    LINE,
    ORG_ID_SCHEME,
    SECTOR,
    STANDING,
    STRUCTURE,
    line,
)


class IdentifierRequest(Schema):
    """An identifier, by its org-id.guide list; without a kind, the list says whether it is a tax office's.

    Only tax and registration numbers are taken for identity: one decree may incorporate several organizations.
    """

    scheme = fields.String(required=True, validate=ORG_ID_SCHEME, metadata={"example": "AR-CUIT"})
    value = fields.String(required=True, validate=validate.Length(1, 100), metadata={"example": "30-50012088-2"})
    kind = fields.String(validate=IDENTIFIER_KIND, metadata={"example": "tax"})


class IdentifierResponse(IdentifierRequest):
    """`valid` is false when it fails its check; it is kept, and not taken for identity."""

    kind = fields.String(required=True, validate=IDENTIFIER_KIND)
    valid = fields.Boolean(required=True)


class OrganizationChange(Schema):
    """What to change of an organization; what is left out stays. `identifiers` replace the present ones.

    `reason` stands in the history beside what changed.
    """

    name = fields.String(validate=LINE, metadata={"example": "Cooperativa La Unión Ltda."})
    acronym = fields.String(validate=validate.Length(max=50), metadata={"example": "COOPUNION"})
    trade_names = fields.List(
        fields.String(validate=LINE), validate=validate.Length(max=10), metadata={"example": ["La Unión"]}
    )
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    subdivision = line("Córdoba")
    locality = line("Río Cuarto")
    address = line("San Martín 120")
    postal_code = line("X5800")
    website = line("https://union.example")
    sectors = fields.List(fields.String(validate=SECTOR), metadata={"example": ["agriculture"]})
    structure = fields.String(validate=STRUCTURE, metadata={"example": "cooperative"})
    degree = fields.String(validate=DEGREE, metadata={"example": "primary"})
    founded_on = fields.Date(allow_none=True, metadata={"example": "1958-03-01"})
    language = fields.String(validate=LANGUAGE, metadata={"example": "es", "description": "the one to write to it in"})
    languages = fields.List(
        fields.String(validate=LANGUAGE_TAG), validate=validate.Length(max=10), metadata={"example": ["es", "gn"]}
    )
    reason = line("letter of 4 May 2026")
    identifiers = fields.List(
        fields.Nested(IdentifierRequest),
        validate=validate.Length(max=20),
        metadata={"example": [{"scheme": "AR-CUIT", "value": "30-50001091-2"}]},
    )

    @post_load
    def _trim(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        for several in ("sectors", "trade_names", "languages"):
            if several in data:
                data[several] = list(dict.fromkeys(one.strip() for one in data[several]))
        return {name: value.strip() if isinstance(value, str) else value for name, value in data.items()}


class OrganizationRequest(OrganizationChange):
    """A cooperative or body the secretariat came to know of."""

    name = fields.String(required=True, validate=LINE, metadata={"example": "Cooperativa La Unión Ltda."})
    country = fields.String(required=True, validate=COUNTRY, metadata={"example": "AR"})
    sectors = fields.List(fields.String(validate=SECTOR), load_default=list, metadata={"example": ["agriculture"]})


class OrganizationFilter(Schema):
    """Which organizations to list."""

    name = fields.String(
        validate=validate.Length(1, 200),
        metadata={"example": "union agr", "description": "beginnings of words of name, acronym and trade names"},
    )
    identifier = fields.String(
        validate=validate.Length(1, 100), metadata={"example": "30-50012088-2", "description": "of any list"}
    )
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    subdivision = fields.String(validate=LINE, metadata={"example": "Córdoba"})
    sector = fields.String(validate=SECTOR, metadata={"example": "agriculture"})
    degree = fields.String(validate=DEGREE, metadata={"example": "secondary"})
    federation_id = fields.UUID(metadata={"description": "those that belong to this federation now"})
    registry = fields.String(validate=validate.Length(1, 50), metadata={"example": "ar-inaes"})
    standing = fields.String(validate=STANDING, metadata={"example": "current"})
    member = fields.Boolean(metadata={"description": "with a membership that has not ended, or without"})
    gone = fields.Boolean(metadata={"description": "no longer in their register, or still there"})


class OrganizationSummary(Schema):
    """An organization, as lists show it."""

    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"example": "Cooperativa La Unión Ltda."})
    acronym = fields.String(required=True, metadata={"example": "COOPUNION"})
    country = fields.String(required=True, metadata={"example": "AR"})
    subdivision = fields.String(required=True)
    locality = fields.String(required=True)
    sectors = fields.List(fields.String(), required=True)
    structure = fields.String(required=True)
    degree = fields.String(required=True, metadata={"example": "primary"})
    language = fields.String(required=True)
    registry = fields.String(required=True, allow_none=True, attribute="register")
    registry_key = fields.String(required=True, allow_none=True, attribute="register_key")
    gone_at = fields.DateTime(required=True, allow_none=True)
    updated_at = fields.DateTime(required=True)
    version = fields.Integer(required=True)


class ContactChange(Schema):
    """What to change of a contact; what is left out stays."""

    role = fields.String(validate=CONTACT_ROLE, metadata={"example": "presidency"})
    name = fields.String(validate=validate.Length(max=200), metadata={"example": "Presidencia"})
    email = fields.Email(validate=validate.Length(max=254), metadata={"example": "presidency@union.example"})
    phone = fields.String(validate=validate.Length(max=100), metadata={"example": "+598 2 000 0000"})
    language = fields.String(validate=LANGUAGE, metadata={"example": "es"})


class ContactRequest(ContactChange):
    """A way to reach an organization, or somebody who acts for it; at least an address or a number."""

    role = fields.String(required=True, validate=CONTACT_ROLE, metadata={"example": "presidency"})

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


class RegistrationResponse(Schema):
    """A register's entry: its key there, its name there, and since when the register lists it no more."""

    registry = fields.String(required=True, attribute="register", metadata={"example": "ar-inaes"})
    registry_key = fields.String(required=True, attribute="register_key", metadata={"example": "964"})
    name = fields.String(required=True)
    gone_at = fields.DateTime(required=True, allow_none=True)


class OrganizationResponse(OrganizationSummary):
    """An organization with all that is known of it."""

    trade_names = fields.List(fields.String(), required=True)
    languages = fields.List(fields.String(), required=True, metadata={"example": ["es", "gn"]})
    address = fields.String(required=True)
    postal_code = fields.String(required=True)
    website = fields.String(required=True)
    founded_on = fields.Date(required=True, allow_none=True)
    identifiers = fields.List(fields.Nested(IdentifierResponse), required=True)
    contacts = fields.List(fields.Nested(ContactResponse), required=True)
    registrations = fields.List(
        fields.Nested(RegistrationResponse),
        required=True,
        metadata={"description": "its entries in registers, those of organizations merged into it included"},
    )
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
