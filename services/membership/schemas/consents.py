"""The public directory and the consents it rests on, as callers send and get them."""

from marshmallow import Schema, fields, validate

from services.membership.model.consents import GROUPS
from services.membership.schemas.checks import CATEGORY, COUNTRY, SECTOR, line

_GROUP = validate.OneOf(GROUPS)


class ConsentRequest(Schema):
    """What a member agrees to show, whole: what is left out is shown no more. Without a day it was agreed today.

    `listing` is name, acronym, country and category; `profile` trade names, sectors, structure, degree, founding day,
    languages and website; `address` the place; `contact` e-mail and telephone of its office, without names.
    """

    shows = fields.List(
        fields.String(validate=_GROUP),
        required=True,
        validate=validate.Length(max=len(GROUPS)),
        metadata={"example": ["listing", "profile"]},
    )
    agreed_by = fields.String(
        required=True, validate=validate.Length(1, 200), metadata={"example": "the general manager"}
    )
    agreed_on = fields.Date(metadata={"example": "2026-05-04"})
    reference = line("letter of 4 May 2026", load_default="")


class ConsentResponse(Schema):
    """What a member agreed to show, who said so and when; of a member the highest `version` counts."""

    member_id = fields.UUID(required=True)
    shows = fields.List(fields.String(validate=_GROUP), required=True)
    agreed_by = fields.String(required=True)
    agreed_on = fields.Date(required=True)
    reference = fields.String(required=True)
    recorded_at = fields.DateTime(required=True)
    recorded_by = fields.String(required=True)
    version = fields.Integer(required=True)


class PublicMemberFilter(Schema):
    """Which members to show; a sector finds those that show their profile."""

    name = fields.String(validate=validate.Length(1, 200), metadata={"example": "union"})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    sector = fields.String(validate=SECTOR, metadata={"example": "agriculture"})


class PublicProfile(Schema):
    """What it does and is."""

    trade_names = fields.List(fields.String(), required=True)
    sectors = fields.List(fields.String(), required=True)
    structure = fields.String(required=True)
    degree = fields.String(required=True)
    founded_on = fields.Date(required=True, allow_none=True)
    languages = fields.List(fields.String(), required=True)
    website = fields.String(required=True)


class PublicAddress(Schema):
    """Where it is."""

    address = fields.String(required=True)
    postal_code = fields.String(required=True)
    locality = fields.String(required=True)
    subdivision = fields.String(required=True)


class PublicContact(Schema):
    """How its office is reached."""

    emails = fields.List(fields.String(), required=True)
    phones = fields.List(fields.String(), required=True)


class PublicMemberResponse(Schema):
    """A member with what it agreed to show; the other parts are null."""

    member_id = fields.UUID(required=True)
    name = fields.String(required=True)
    acronym = fields.String(required=True)
    country = fields.String(required=True)
    category = fields.String(required=True, validate=CATEGORY)
    profile = fields.Nested(PublicProfile, required=True, allow_none=True)
    address = fields.Nested(PublicAddress, required=True, allow_none=True)
    contact = fields.Nested(PublicContact, required=True, allow_none=True)
