"""Organizations and their contacts, as callers send and get them."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.membership.schemas.checks import COUNTRY, LANGUAGE, LINE, ORG_ID_SCHEME, SECTOR, STANDING, STRUCTURE, line


class IdentifierRequest(Schema):
    """An identifier, by its org-id.guide list."""

    scheme = fields.String(required=True, validate=ORG_ID_SCHEME, metadata={"example": "AR-CUIT"})
    value = fields.String(required=True, validate=validate.Length(1, 100), metadata={"example": "30-50012088-2"})


class IdentifierResponse(IdentifierRequest):
    """`valid` is false when it fails its check; it is kept, and not taken for identity."""

    valid = fields.Boolean(required=True)


class OrganizationChange(Schema):
    """What to change of an organization; what is left out stays. `identifiers` replace the present ones."""

    name = fields.String(validate=LINE, metadata={"example": "Cooperativa La Unión Ltda."})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    subdivision = line("Córdoba")
    locality = line("Río Cuarto")
    address = line("San Martín 120")
    postal_code = line("X5800")
    website = line("https://union.example")
    sectors = fields.List(fields.String(validate=SECTOR), metadata={"example": ["agriculture"]})
    structure = fields.String(validate=STRUCTURE, metadata={"example": "cooperative"})
    founded_on = fields.Date(allow_none=True, metadata={"example": "1958-03-01"})
    language = fields.String(validate=LANGUAGE, metadata={"example": "es"})
    identifiers = fields.List(fields.Nested(IdentifierRequest), validate=validate.Length(max=20))

    @post_load
    def _trim(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        if "sectors" in data:
            data["sectors"] = list(dict.fromkeys(data["sectors"]))
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
        metadata={"example": "union agr", "description": "beginnings of words, accents and case aside"},
    )
    identifier = fields.String(
        validate=validate.Length(1, 100), metadata={"example": "30-50012088-2", "description": "of any list"}
    )
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    subdivision = fields.String(validate=LINE, metadata={"example": "Córdoba"})
    sector = fields.String(validate=SECTOR, metadata={"example": "agriculture"})
    registry = fields.String(validate=validate.Length(1, 50), metadata={"example": "ar-inaes"})
    standing = fields.String(validate=STANDING, metadata={"example": "current"})
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
    language = fields.String(validate=LANGUAGE, metadata={"example": "es"})


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
