"""Applications for membership: from the draft to what the Board decided."""

from functools import partial
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import ApplicationEntry, MembershipApplication
from services.membership.model.application_states import SCHEDULE
from services.membership.service.applicant_addresses import address_of
from services.membership.service.application_showing import (
    shown,
    shown_checks,
    shown_form,
    shown_kinds,
    shown_lines,
    summaries,
)
from services.membership.service.scopes import APPROVE, READ, WRITE
from shared.clock import utc_now
from shared.database import transaction
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.schedule import Turn, every

APPLICATION = "/v1/applications/<uuid:application_id>"
_RESPONSE = schemas.ApplicationResponse


class ApplicationRoutes:
    """Who applies, as what, how it stands, and what was decided."""

    @route("GET", "/v1/application-kinds", scope=READ, returns=schemas.ApplicantKindsResponse)
    def list_application_kinds(self, call: Call) -> dict[str, Any]:
        """As what an organization may apply, by category."""
        return shown_kinds(call.language)

    @route(
        "GET",
        "/v1/application-form",
        scope=READ,
        query=schemas.ApplicationFormFilter,
        returns=schemas.ApplicationFormResponse,
    )
    def show_application_form(self, call: Call) -> dict[str, Any]:
        """The questions and papers of a kind of applicant, in the caller's language."""
        return shown_form(call.query["kind"], call.language)

    @route(
        "POST",
        "/v1/applications",
        scope=WRITE,
        body=schemas.ApplicationRequest,
        returns=_RESPONSE,
        status=201,
        location="/v1/applications/{id}",
    )
    def open_application(self, call: Call) -> Any:
        """Begin a draft; an organization has one open application at a time."""
        given = {"owner": call.actor, **call.body}
        return shown(call, operations.open_application(call.session, **given, actor=call.actor, now=call.now))

    @route(
        "GET",
        "/v1/applications",
        scope=READ,
        query=schemas.ApplicationFilter,
        returns=schemas.ApplicationSummary,
        sort={"-changed_at": MembershipApplication.changed_at, "opened_at": MembershipApplication.opened_at},
    )
    def list_applications(self, call: Call) -> Page[Any]:
        """Applications, open and closed, with what comes next and what is missing."""
        page = call.page(operations.applications(**call.query).options(*operations.whole()))
        return Page(items=summaries(call, page.items), next_cursor=page.next_cursor)

    @route(
        "GET",
        "/v1/applications/board",
        scope=READ,
        query=schemas.ApplicationBoardFilter,
        returns=schemas.ApplicationBoardResponse,
    )
    def show_application_board(self, call: Call) -> dict[str, Any]:
        """The open applications by state, those that stand there longest first."""
        found = operations.application_board(call.session, **call.query, today=call.now.date())
        columns = [{**vars(one), "applications": summaries(call, one.applications)} for one in found.columns]
        return {"columns": columns}

    @route("GET", APPLICATION, scope=READ, returns=_RESPONSE)
    def show_application(self, call: Call, *, application_id: UUID) -> Any:
        """One application with all that belongs to it."""
        return shown(call, operations.application(call.session, application_id=application_id))

    @route("GET", f"{APPLICATION}/eligibility", scope=READ, returns=schemas.EligibilityResponse)
    def check_eligibility(self, call: Call, *, application_id: UUID) -> dict[str, Any]:
        """The rules of the Alliance as they stand for it now, each with what is known and why."""
        checked = operations.application(call.session, application_id=application_id)
        return shown_checks(call, checked)

    @route(
        "GET",
        f"{APPLICATION}/history",
        scope=READ,
        returns=schemas.ApplicationEntryResponse,
        sort={"at": ApplicationEntry.id},
    )
    def list_application_history(self, call: Call, *, application_id: UUID) -> Page[Any]:
        """All that happened to it: who did what, when and why."""
        page = call.page(operations.application_history(call.session, application_id=application_id))
        return Page(items=shown_lines(page.items, call.language), next_cursor=page.next_cursor)

    @route(
        "PATCH",
        APPLICATION,
        scope=WRITE,
        body=schemas.ApplicationChange,
        returns=_RESPONSE,
        requires_if_match=True,
    )
    def update_application(self, call: Call, *, application_id: UUID) -> Any:
        """Keep what is filled in so far; it is held against the form in full when it is submitted."""
        return _changed(call, application_id, operations.update_application)

    @route("POST", f"{APPLICATION}/notes", scope=WRITE, body=schemas.ApplicationRemark, returns=_RESPONSE)
    def note_application(self, call: Call, *, application_id: UUID) -> Any:
        """Add to its history what was said or done."""
        return _changed(call, application_id, operations.note_application)

    @route("POST", f"{APPLICATION}/submit", scope=WRITE, returns=_RESPONSE, requires_if_match=True)
    def submit_application(self, call: Call, *, application_id: UUID) -> Any:
        """Hand it in; refused with one line for each thing that is missing."""
        return _changed(call, application_id, operations.submit_application)

    @route(
        "POST",
        f"{APPLICATION}/screen",
        scope=WRITE,
        body=schemas.ApplicationNote,
        returns=_RESPONSE,
        requires_if_match=True,
    )
    def screen_application(self, call: Call, *, application_id: UUID) -> Any:
        """Begin to look at it, or take it back from before the Board to look again."""
        return _changed(call, application_id, operations.screen_application)

    @route("POST", f"{APPLICATION}/findings", scope=WRITE, body=schemas.ApplicationFindingRequest, returns=_RESPONSE)
    def find_application(self, call: Call, *, application_id: UUID) -> Any:
        """Record what looking showed of a rule of eligibility."""
        return _changed(call, application_id, operations.find_application)

    @route(
        "POST",
        f"{APPLICATION}/questions",
        scope=WRITE,
        body=schemas.ApplicantQuestionRequest,
        returns=_RESPONSE,
        requires_if_match=True,
    )
    def ask_applicant(self, call: Call, *, application_id: UUID) -> Any:
        """Ask for more information; answers and papers may be changed until it is answered, or it lapses."""
        ask = partial(operations.ask_applicant, address=address_of(call.settings))
        return _changed(call, application_id, ask)

    @route(
        "POST",
        f"{APPLICATION}/answer",
        scope=WRITE,
        body=schemas.ApplicantAnswer,
        returns=_RESPONSE,
        requires_if_match=True,
    )
    def answer_question(self, call: Call, *, application_id: UUID) -> Any:
        """The applicant has answered; the screening goes on."""
        return _changed(call, application_id, operations.answer_question)

    @route(
        "POST",
        f"{APPLICATION}/prepare",
        scope=WRITE,
        body=schemas.ApplicationNote,
        returns=_RESPONSE,
        requires_if_match=True,
    )
    def prepare_application(self, call: Call, *, application_id: UUID) -> Any:
        """Ready for the Board without another consultation, where one was held."""
        return _changed(call, application_id, operations.prepare_application)

    @route(
        "POST",
        f"{APPLICATION}/withdraw",
        scope=WRITE,
        body=schemas.ApplicationWithdrawal,
        returns=_RESPONSE,
        requires_if_match=True,
    )
    def withdraw_application(self, call: Call, *, application_id: UUID) -> Any:
        """The applicant takes it back."""
        return _changed(call, application_id, operations.withdraw_application)

    @route(
        "POST",
        f"{APPLICATION}/decide",
        scope=APPROVE,
        body=schemas.ApplicationDecisionRequest,
        returns=_RESPONSE,
        requires_if_match=True,
    )
    def decide_application(self, call: Call, *, application_id: UUID) -> Any:
        """Record what the Board decided; nobody who worked on it may. Whom it approves is a member."""
        return _changed(call, application_id, operations.decide_application)

    @every(seconds=60)
    def lapse_applications(self, turn: Turn) -> None:
        """End those whose question nobody answered; late is no harm, since nothing else happens to them meanwhile."""
        while not turn.stopping():
            with transaction(turn.engine) as session:
                if not operations.lapse_applications(session, actor=SCHEDULE, now=utc_now()):
                    return


def _changed(call: Call, application_id: UUID, change: Any) -> Any:
    changed = operations.application_to_change(call.session, application_id=application_id)
    call.match(changed)
    change(call.session, changed, **call.body, actor=call.actor, now=call.now)
    return shown(call, changed)
