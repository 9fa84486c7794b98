"""The form of an application, as callers get it."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.application_form import FORM, FieldType
from services.membership.schemas.checks import CATEGORY

APPLICANT_KIND = validate.OneOf(list(FORM.kinds))


class ApplicationFormFilter(Schema):
    """Whose form."""

    kind = fields.String(required=True, validate=APPLICANT_KIND, metadata={"example": "second_degree"})


class FormChoice(Schema):
    """One of the answers possible."""

    value = fields.String(required=True)
    label = fields.String(required=True)


class FormFieldResponse(Schema):
    """A question in the caller's language."""

    name = fields.String(required=True, metadata={"example": "persons_represented"})
    label = fields.String(required=True)
    type = fields.String(required=True, validate=validate.OneOf(get_args(FieldType)))
    required = fields.Boolean(required=True)
    choices = fields.List(fields.Nested(FormChoice), required=True)


class FormDocumentResponse(Schema):
    """A paper of the checklist, in the caller's language."""

    kind = fields.String(required=True, metadata={"example": "bylaws"})
    label = fields.String(required=True)
    required = fields.Boolean(required=True)


class ApplicationFormResponse(Schema):
    """The form of a kind of applicant: questions, papers, and how many members have to support it."""

    form_version = fields.Integer(required=True)
    kind = fields.String(required=True)
    label = fields.String(required=True)
    category = fields.String(required=True, validate=CATEGORY)
    fields_ = fields.List(fields.Nested(FormFieldResponse), required=True, data_key="fields", attribute="fields")
    documents = fields.List(fields.Nested(FormDocumentResponse), required=True)
    endorsements = fields.Integer(required=True)


class ApplicantKindResponse(Schema):
    """A kind of applicant, in the caller's language."""

    kind = fields.String(required=True)
    label = fields.String(required=True)
    category = fields.String(required=True, validate=CATEGORY)


class ApplicantKindsResponse(Schema):
    """Every kind there is."""

    kinds = fields.List(fields.Nested(ApplicantKindResponse), required=True)


class DocumentFilter(Schema):
    """Which paper of the checklist the file is, and what it is called."""

    kind = fields.String(required=True, validate=validate.Length(1, 100), metadata={"example": "bylaws"})
    name = fields.String(required=True, validate=validate.Length(1, 300), metadata={"example": "estatuto.pdf"})


class EndorsementRequest(Schema):
    """Which member supports it, since when (today when left out), and where that is written."""

    member_id = fields.UUID(required=True)
    reference = fields.String(
        required=True, validate=validate.Length(1, 500), metadata={"example": "Letter of 4 May 2026"}
    )
    given_on = fields.Date(metadata={"example": "2026-05-04"})
