"""Applications, as callers send and get them."""

from typing import get_args

from marshmallow import Schema, fields, validate

from services.membership.eligibility import RULES, Outcome
from services.membership.model.application_history import ApplicationEntryKind
from services.membership.model.application_states import OPEN, STATES
from services.membership.schemas.application_forms import APPLICANT_KIND
from services.membership.schemas.checks import CATEGORY, COUNTRY, TEXT
from services.membership.schemas.consultations import ConsultationResponse
from services.membership.schemas.organizations import OrganizationReference
from shared.contracts.membership import Verdict

_OWNER = validate.Length(1, 200)
_WORDS = validate.Length(1, 5000)
_STATE = validate.OneOf(STATES)
_VERDICT = validate.OneOf(get_args(Verdict))
_OUTCOME = validate.OneOf(get_args(Outcome))
ANSWERS = {"example": {"aims": "Savings and credit of its members", "persons_represented": 12000}}


class ApplicationRequest(Schema):
    """Who applies, and as what; the category follows from the kind. An open prospect is joined by itself."""

    organization_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=APPLICANT_KIND, metadata={"example": "primary_cooperative"})
    owner = fields.String(validate=_OWNER, allow_none=True, metadata={"example": "ana@ica.example"})


class ApplicationChange(Schema):
    """What to change; what is left out stays, null takes an answer away. Answers may come one by one, in any order."""

    answers = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 100)),
        values=fields.Raw(allow_none=True),
        validate=validate.Length(max=100),
        metadata=ANSWERS,
    )
    kind = fields.String(validate=APPLICANT_KIND, metadata={"example": "second_degree"})
    owner = fields.String(validate=_OWNER, allow_none=True, metadata={"example": "ana@ica.example"})


class ApplicationNote(Schema):
    """A word on it; may be empty."""

    note = fields.String(load_default="", validate=TEXT, metadata={"example": "All papers are there."})


class ApplicationRemark(Schema):
    """What was said or done."""

    text = fields.String(required=True, validate=_WORDS, metadata={"example": "Told the applicant by telephone."})


class ApplicationWithdrawal(Schema):
    """Why the applicant takes it back."""

    reason = fields.String(required=True, validate=_WORDS, metadata={"example": "Its assembly voted against it."})


class ApplicationFindingRequest(Schema):
    """What looking showed of a rule; it counts instead of what follows from the papers."""

    rule = fields.String(required=True, validate=validate.OneOf(RULES), metadata={"example": "duly_constituted"})
    outcome = fields.String(required=True, validate=_OUTCOME, metadata={"example": "passed"})
    reason = fields.String(
        required=True, validate=_WORDS, metadata={"example": "Certificate 118/2026 seen at the register."}
    )


class ApplicantQuestionRequest(Schema):
    """What the applicant is asked, and until when."""

    question = fields.String(required=True, validate=_WORDS, metadata={"example": "Which societies are members?"})
    due_on = fields.Date(required=True, metadata={"example": "2030-05-04"})


class ApplicantAnswer(Schema):
    """What the applicant said, or where it is written."""

    answer = fields.String(required=True, validate=_WORDS, metadata={"example": "See the list attached."})


class ApplicationDecisionRequest(Schema):
    """What the Board decided, on what day, and where it is written.

    A rejection says why. An approval in spite of a rule that is not met says why as `despite`. `until` is the first
    day without membership of an associate for a limited time; left out, the day its application names.
    """

    verdict = fields.String(required=True, validate=_VERDICT, metadata={"example": "approved"})
    decided_on = fields.Date(required=True, metadata={"example": "2026-05-04"})
    minutes = fields.String(
        required=True, validate=validate.Length(1, 200), metadata={"example": "Board, minutes 12/2026, item 4"}
    )
    reason = fields.String(validate=TEXT, metadata={"example": "It meets every rule of article 7."})
    conditions = fields.String(validate=TEXT, metadata={"example": "To hand in the audited accounts by June"})
    despite = fields.String(validate=TEXT, metadata={"example": "Its balance sheet is being audited."})
    until = fields.Date(metadata={"example": "2028-05-04"})


class ApplicationFilter(Schema):
    """Which applications to list. State "open" is all that have not ended."""

    state = fields.String(validate=validate.OneOf([*STATES, "open"]), metadata={"example": "open"})
    category = fields.String(validate=CATEGORY, metadata={"example": "full"})
    kind = fields.String(validate=APPLICANT_KIND, metadata={"example": "second_degree"})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    owner = fields.String(validate=_OWNER, metadata={"example": "ana@ica.example"})
    owned = fields.Boolean(metadata={"description": "somebody's, or nobody's"})
    organization_id = fields.UUID()
    due_by = fields.Date(metadata={"description": "somebody has to answer by that day", "example": "2030-05-04"})
    ends_by = fields.Date(metadata={"description": "a limited time that ends by that day", "example": "2030-05-04"})


class ApplicationBoardFilter(Schema):
    """Which open applications stand on the board, and how many of each state are shown."""

    category = fields.String(validate=CATEGORY, metadata={"example": "full"})
    country = fields.String(validate=COUNTRY, metadata={"example": "AR"})
    owner = fields.String(validate=_OWNER, metadata={"example": "ana@ica.example"})
    owned = fields.Boolean(metadata={"description": "somebody's, or nobody's"})
    size = fields.Integer(load_default=20, validate=validate.Range(1, 50))


class MissingResponse(Schema):
    """One thing it needs and has not, in the caller's language."""

    pointer = fields.String(required=True, metadata={"example": "#/documents/bylaws"})
    detail = fields.String(required=True, metadata={"example": "This document is missing: Rules or bylaws"})


class EligibilityCheckResponse(Schema):
    """A rule of eligibility: what it asks, its source, and what is known of it and why, in the caller's language."""

    rule = fields.String(required=True, metadata={"example": "legal_personality"})
    outcome = fields.String(required=True, validate=_OUTCOME)
    code = fields.String(required=True, metadata={"example": "legal_personality_proven"})
    requirement = fields.String(required=True)
    source = fields.String(required=True)
    explanation = fields.String(required=True)


class ApplicationSummary(Schema):
    """An application as lists show it: whose, since when, what comes next until when, and what is missing."""

    id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True)
    prospect_id = fields.UUID(required=True, allow_none=True)
    category = fields.String(required=True, validate=CATEGORY)
    kind = fields.String(required=True)
    state = fields.String(required=True, validate=_STATE)
    state_since = fields.DateTime(required=True)
    age_days = fields.Integer(required=True, metadata={"description": "whole days since it was opened"})
    days_in_state = fields.Integer(required=True)
    owner = fields.String(required=True, allow_none=True)
    next_action = fields.String(required=True, metadata={"example": "Begin the screening."})
    due_on = fields.Date(required=True, allow_none=True)
    missing = fields.List(fields.Nested(MissingResponse), required=True)
    until = fields.Date(required=True, allow_none=True, metadata={"description": "the end of a limited time"})
    opened_at = fields.DateTime(required=True)
    submitted_at = fields.DateTime(required=True, allow_none=True)
    changed_at = fields.DateTime(required=True)
    version = fields.Integer(required=True)


class ApplicationDocumentResponse(Schema):
    """A paper; `media_type` is what its content shows."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, metadata={"example": "bylaws"})
    name = fields.String(required=True, metadata={"example": "estatuto.pdf"})
    media_type = fields.String(required=True, metadata={"example": "application/pdf"})
    size = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    added_at = fields.DateTime(required=True)
    added_by = fields.String(required=True)
    removed_at = fields.DateTime(required=True, allow_none=True)
    file_deleted_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "the file of an application that came to nothing is deleted a year later"},
    )


class EndorsementResponse(Schema):
    """A member that supports it; `counts` while it is in good standing or in grace."""

    member_id = fields.UUID(required=True)
    organization = fields.Nested(OrganizationReference, required=True, attribute="member.organization")
    given_on = fields.Date(required=True)
    reference = fields.String(required=True)
    counts = fields.Boolean(required=True)
    recorded_at = fields.DateTime(required=True)
    recorded_by = fields.String(required=True)


class ApplicantQuestionResponse(Schema):
    """What the applicant was asked, by whom and until when, and what came of it."""

    id = fields.UUID(required=True)
    question = fields.String(required=True)
    due_on = fields.Date(required=True)
    asked_at = fields.DateTime(required=True)
    asked_by = fields.String(required=True)
    answer = fields.String(required=True)
    answered_at = fields.DateTime(required=True, allow_none=True)
    answered_by = fields.String(required=True, allow_none=True)
    lapsed_at = fields.DateTime(required=True, allow_none=True)


class ApplicationDecisionResponse(Schema):
    """What the Board decided, with the rules as they stood then."""

    verdict = fields.String(required=True, validate=_VERDICT)
    decided_on = fields.Date(required=True)
    minutes = fields.String(required=True)
    reason = fields.String(required=True)
    conditions = fields.String(required=True)
    despite = fields.String(required=True)
    until = fields.Date(required=True, allow_none=True)
    member_id = fields.UUID(required=True, allow_none=True)
    decided_at = fields.DateTime(required=True)
    decided_by = fields.String(required=True)
    checks = fields.List(fields.Nested(EligibilityCheckResponse), required=True)


class ApplicationResponse(ApplicationSummary):
    """An application with its answers, papers, supporters, questions, consultations and decision."""

    form_version = fields.Integer(required=True)
    answers = fields.Dict(keys=fields.String(), required=True, metadata=ANSWERS)
    makers = fields.List(fields.String(), required=True, metadata={"description": "none of them may decide it"})
    opened_by = fields.String(required=True)
    documents = fields.List(fields.Nested(ApplicationDocumentResponse), required=True)
    endorsements = fields.List(fields.Nested(EndorsementResponse), required=True)
    questions = fields.List(fields.Nested(ApplicantQuestionResponse), required=True)
    consultations = fields.List(fields.Nested(ConsultationResponse), required=True)
    decision = fields.Nested(ApplicationDecisionResponse, required=True, allow_none=True)


class ApplicationColumnResponse(Schema):
    """A state: how many stand there, and the first of them, the oldest first."""

    state = fields.String(required=True, validate=validate.OneOf(OPEN))
    count = fields.Integer(required=True)
    overdue = fields.Integer(required=True, metadata={"description": "somebody should have answered before today"})
    applications = fields.List(fields.Nested(ApplicationSummary), required=True)


class ApplicationBoardResponse(Schema):
    """Every state in which applications are open. The rest of one is in the list of applications, by state."""

    columns = fields.List(fields.Nested(ApplicationColumnResponse), required=True)


class ApplicationEntryResponse(Schema):
    """A line of its history: who did what, when and why; `previous` and `state` where it moved."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(get_args(ApplicationEntryKind)))
    previous = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, allow_none=True)
    text = fields.String(required=True)
    details = fields.Dict(keys=fields.String(), required=True)
    at = fields.DateTime(required=True)
    by = fields.String(required=True)


class EligibilityResponse(Schema):
    """The rules as they stand at this moment; as they stood when it was decided is in the decision."""

    on = fields.Date(required=True)
    checks = fields.List(fields.Nested(EligibilityCheckResponse), required=True)
