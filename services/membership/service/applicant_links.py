"""Applicants fill in their own application without an account: a signed link opens one, and nothing else."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from werkzeug.wrappers import Response

from services.membership import operations, schemas
from services.membership.application_words import NEXT_OF_APPLICANT
from services.membership.file_types import EXTENSIONS
from services.membership.model import ApplicantLink, MembershipApplication
from services.membership.model.application_questions import lapses_on
from services.membership.model.application_states import EDITABLE
from services.membership.service.applicant_addresses import LINK, ensure_signed, link_in
from services.membership.service.application_documents import handed_out, taken_in
from services.membership.service.application_showing import explained, shown_form
from services.membership.service.files import ANY_TYPE, MOST_BYTES
from shared.http.call import Call
from shared.http.problems import say_wrong
from shared.http.routing import route
from shared.i18n import gettext

_RESPONSE = schemas.ApplicantFormResponse


class ApplicantLinkRoutes:
    """Read the form, fill it in, hand it in, and answer what is asked."""

    @route("GET", LINK, scope=None, returns=_RESPONSE)
    def show_applicant_form(self, call: Call, *, token: str) -> SimpleNamespace:
        """The form in the caller's language with what is filled in so far, what is missing and what comes next."""
        of, link = opened(call, token)
        return form_of(call, of, link)

    @route("PATCH", LINK, scope=None, body=schemas.ApplicantDraft, returns=_RESPONSE, requires_if_match=True)
    def fill_in_applicant_form(self, call: Call, *, token: str) -> SimpleNamespace:
        """Keep what is filled in so far, as often as you like; what is left out stays, null takes an answer away."""
        return _changed(call, token, operations.update_application)

    @route("GET", f"{LINK}/eligibility", scope=None, returns=schemas.EligibilityResponse)
    def check_applicant_eligibility(self, call: Call, *, token: str) -> dict[str, Any]:
        """The rules of the Alliance by what was filled in, each with what is known and why."""
        of, _ = opened(call, token)
        return checks_of(call, of)

    @route("POST", f"{LINK}/submit", scope=None, returns=_RESPONSE, requires_if_match=True)
    def submit_applicant_form(self, call: Call, *, token: str) -> SimpleNamespace:
        """Hand it in; refused with one line for each thing that is missing."""
        return _changed(call, token, operations.submit_application)

    @route(
        "POST",
        f"{LINK}/answer",
        scope=None,
        body=schemas.ApplicantAnswer,
        returns=_RESPONSE,
        requires_if_match=True,
    )
    def answer_by_link(self, call: Call, *, token: str) -> SimpleNamespace:
        """Answer what the secretariat asked; the screening goes on."""
        return _changed(call, token, operations.answer_question)

    @route(
        "POST",
        f"{LINK}/documents",
        scope=None,
        query=schemas.DocumentFilter,
        returns=schemas.ApplicantDocumentResponse,
        status=201,
        consumes=(ANY_TYPE, *EXTENSIONS),
        max_body=MOST_BYTES,
        upload=True,
        guard=ensure_signed,
    )
    def add_document_by_link(self, call: Call, *, token: str) -> Any:
        """Add a paper of the checklist: the file is the body, at most 20 MiB. What counts is its content."""
        of, link = opened(call, token)
        call.match(of)
        return taken_in(call, of, call.upload, **call.query, actor=actor_of(link))

    @route("GET", f"{LINK}/documents/<uuid:document_id>/content", scope=None, produces=ANY_TYPE)
    def download_document_by_link(self, call: Call, *, token: str, document_id: UUID) -> Response:
        """A paper of this application, to be saved."""
        of, _ = opened(call, token)
        return handed_out(call, operations.current_document(of, document_id=document_id))

    @route("DELETE", f"{LINK}/documents/<uuid:document_id>", scope=None, status=204)
    def remove_document_by_link(self, call: Call, *, token: str, document_id: UUID) -> None:
        """Take a paper back, while the application may be changed."""
        of, link = opened(call, token)
        call.match(of)
        operations.remove_document(call.session, of, document_id=document_id, actor=actor_of(link), now=call.now)


def opened(call: Call, token: str) -> tuple[MembershipApplication, ApplicantLink]:
    """What the token opens, locked."""
    return operations.application_by_link(call.session, link_id=link_in(call.settings, token), now=call.now)


def checks_of(call: Call, of: MembershipApplication) -> dict[str, Any]:
    """The rules by what the applicant told."""
    today = call.now.date()
    return explained(operations.eligibility_as_told(call.session, of, on=today), today, call.language)


def actor_of(link: ApplicantLink) -> str:
    """Whoever holds the link."""
    return f"link/{link.id}"


def form_of(call: Call, of: MembershipApplication, link: ApplicantLink) -> SimpleNamespace:
    """The application as its applicant sees it: nothing of what the secretariat thinks of it."""
    asked = of.question
    question = asked and {"question": asked.question, "due_on": asked.due_on, "lapses_on": lapses_on(of, asked)}
    missing = operations.missing(of) if of.state in EDITABLE else ()
    return SimpleNamespace(
        organization_name=of.organization.name,
        state=of.state,
        next_action=gettext(call.language, NEXT_OF_APPLICANT[of.state]),
        editable=of.state in EDITABLE,
        form=shown_form(of.kind, call.language, of.form),
        answers=of.answers,
        documents=of.current_documents,
        missing=[say_wrong(each, call.language) for each in missing],
        question=question,
        ends_on=link.ends_on,
        submitted_at=of.submitted_at,
        version=of.version,
    )


def _changed(call: Call, token: str, change: Any) -> SimpleNamespace:
    of, link = opened(call, token)
    call.match(of)
    change(call.session, of, **call.body, actor=actor_of(link), now=call.now)
    call.session.flush()
    return form_of(call, of, link)
