"""Affiliations and an organization's history, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.model.history import ChangeKind
from services.membership.schemas.checks import TEXT
from services.membership.schemas.organizations import OrganizationReference


class AffiliationChange(Schema):
    """What to change of an affiliation; it ends with its last day."""

    since_on = fields.Date(allow_none=True, metadata={"example": "2019-03-01"})
    until_on = fields.Date(allow_none=True, metadata={"example": "2026-05-04"})
    note = fields.String(
        validate=TEXT, data_key="note", attribute="note_text", metadata={"example": "By its letter of May 2026"}
    )


class AffiliationRequest(AffiliationChange):
    """The federation the organization belongs to, and since when."""

    federation_id = fields.UUID(required=True)


class AffiliationFilter(Schema):
    """Which affiliations to list."""

    current = fields.Boolean(metadata={"description": "those that have not ended, or that have"})


class AffiliationResponse(Schema):
    """Which organization belongs to which federation, and when; a day that is not known is null."""

    id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True)
    federation = fields.Nested(OrganizationReference, required=True)
    since_on = fields.Date(required=True, allow_none=True)
    until_on = fields.Date(required=True, allow_none=True)
    note = fields.String(required=True)
    version = fields.Integer(required=True)


class OrganizationChangeResponse(Schema):
    """One line of a history: who changed what, when and why; [before, after] by field.

    Of contacts the names of the changed fields alone are kept.
    """

    id = fields.UUID(required=True)
    organization_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(get_args(ChangeKind)), metadata={"example": "changed"})
    changed_at = fields.DateTime(required=True)
    changed_by = fields.String(required=True)
    reason = fields.String(required=True)
    fields_ = fields.Dict(
        required=True,
        data_key="fields",
        attribute="fields",
        keys=fields.String(),
        metadata={"example": {"locality": ["Río Cuarto", "Tandil"]}},
    )
