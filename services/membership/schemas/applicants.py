"""An application as its applicant gets it by a link, and the links."""

from marshmallow import Schema, fields, validate

from services.membership.model.application_states import STATES
from services.membership.schemas.application_forms import ApplicationFormResponse
from services.membership.schemas.applications import ANSWERS, MissingResponse

_ENDS_ON = {"description": "the last day it works"}


class ApplicantLinkResponse(Schema):
    """A link that was made; where it leads is in the mail alone."""

    id = fields.UUID(required=True)
    contact_id = fields.UUID(required=True, allow_none=True, metadata={"description": "whom it was mailed to"})
    ends_on = fields.Date(required=True, metadata=_ENDS_ON)
    made_at = fields.DateTime(required=True)
    made_by = fields.String(required=True)
    revoked_at = fields.DateTime(required=True, allow_none=True)
    revoked_by = fields.String(required=True, allow_none=True)


class NewApplicantLinkResponse(Schema):
    """The link, this once."""

    id = fields.UUID(required=True)
    url = fields.String(required=True)
    ends_on = fields.Date(required=True, metadata=_ENDS_ON)


class ApplicantDraft(Schema):
    """Answers, one by one or all, in any order; null takes one away."""

    answers = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 100)),
        values=fields.Raw(allow_none=True),
        required=True,
        validate=validate.Length(max=100),
        metadata=ANSWERS,
    )


class ApplicantDocumentResponse(Schema):
    """A paper that was sent."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, metadata={"example": "bylaws"})
    name = fields.String(required=True, metadata={"example": "estatuto.pdf"})
    media_type = fields.String(required=True, metadata={"example": "application/pdf"})
    size = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    added_at = fields.DateTime(required=True)


class OpenQuestionResponse(Schema):
    """What the secretariat asks: until when an answer is awaited, and the last day on which one is taken."""

    question = fields.String(required=True)
    due_on = fields.Date(required=True)
    lapses_on = fields.Date(required=True)


class ApplicantFormResponse(Schema):
    """The form in the caller's language, filled in as far as it is; what is missing, and what comes next."""

    organization_name = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    next_action = fields.String(required=True)
    editable = fields.Boolean(required=True)
    form = fields.Nested(ApplicationFormResponse, required=True)
    answers = fields.Dict(keys=fields.String(), required=True, metadata=ANSWERS)
    documents = fields.List(fields.Nested(ApplicantDocumentResponse), required=True)
    missing = fields.List(fields.Nested(MissingResponse), required=True)
    question = fields.Nested(OpenQuestionResponse, required=True, allow_none=True)
    ends_on = fields.Date(required=True, metadata=_ENDS_ON)
    submitted_at = fields.DateTime(required=True, allow_none=True)
    version = fields.Integer(required=True)
