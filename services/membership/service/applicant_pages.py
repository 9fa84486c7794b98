"""An applicant's own form as a web page, for whoever follows the link in a mail."""

from collections.abc import Callable
from uuid import UUID

import msgspec
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from services.membership import applicant_form, operations, schemas
from services.membership.model import ApplicantLink, MembershipApplication, UnknownDocument
from services.membership.service.applicant_addresses import LINK, ensure_signed
from services.membership.service.applicant_links import actor_of, checks_of, form_of, opened
from services.membership.service.application_documents import taken_in
from services.membership.service.files import MOST_BYTES
from services.membership.service.pages import FORM, MULTIPART, match_typed, page, sent_in, sentence, typed_in
from shared.errors import DomainError, SeveralWrong, Wrong
from shared.http.call import Call
from shared.http.documentation import HTML
from shared.http.loading import load_body, load_query
from shared.http.problems import BadRequest, InvalidInput, PreconditionFailed, Problem
from shared.http.request import Upload
from shared.http.routing import route
from shared.i18n import Language, gettext

_DRAFT, _ANSWER, _DOCUMENT = schemas.ApplicantDraft(), schemas.ApplicantAnswer(), schemas.DocumentFilter()
_MOST_TYPED = 500_000
_AROUND = 10_000
"""What a browser sends around the file."""

_ABOVE = "../form"
"""The form as seen from where files are sent, whose answer is the same page at another address."""

Typed = dict[str, str]


class ApplicantPageRoutes:
    """Apply in a browser, without login."""

    @route("GET", f"{LINK}/form", scope=None, produces=HTML)
    def show_applicant_page(self, call: Call, *, token: str) -> Response:
        """The form as a web page, which is what the link in a mail leads to."""
        return page(call, lambda: _shown(call, token))

    @route("POST", f"{LINK}/form", scope=None, consumes=(FORM,), produces=HTML, max_body=_MOST_TYPED)
    def send_applicant_page(self, call: Call, *, token: str) -> Response:
        """What the page sends: save, submit, answer, or remove a paper; what is not right is said on the page."""
        typed = typed_in(call)
        return page(call, lambda: _done(call, token, typed))

    @route(
        "POST",
        f"{LINK}/form/documents",
        scope=None,
        consumes=(MULTIPART,),
        produces=HTML,
        max_body=MOST_BYTES + _AROUND,
        upload=True,
        guard=ensure_signed,
    )
    def send_applicant_file(self, call: Call, *, token: str) -> Response:
        """A paper as a browser sends it; what is not right is said on the page."""
        return page(call, lambda: _added(call, token))


def _shown(call: Call, token: str, told: str = "", typed: Typed | None = None, *, here: str = "form") -> str:
    of, link = opened(call, token)
    shown = applicant_form.Page(
        form=form_of(call, of, link), checks=checks_of(call, of)["checks"], typed=typed or {}, told=told, here=here
    )
    return applicant_form.page(shown, call.language)


def _done(call: Call, token: str, typed: Typed) -> str:
    of, link = opened(call, token)
    act = _ACTS.get(typed.get("do", ""))
    if not act:
        raise BadRequest
    try:
        match_typed(typed, of.version)
        told = act(call, of, link, typed)
    except (DomainError, InvalidInput, PreconditionFailed) as refusal:
        return _shown(call, token, _why(refusal, of, call.language), typed)
    call.session.flush()
    return _shown(call, token, gettext(call.language, applicant_form.WORDS[told]))


def _save(call: Call, of: MembershipApplication, link: ApplicantLink, typed: Typed) -> str:
    answers = applicant_form.read(of.form.fields_of(of.kind), typed)
    given = load_body(_DRAFT, msgspec.json.encode({"answers": answers}))
    operations.update_application(call.session, of, **given, actor=actor_of(link), now=call.now)
    return "saved"


def _submit(call: Call, of: MembershipApplication, link: ApplicantLink, typed: Typed) -> str:
    _save(call, of, link, typed)
    operations.submit_application(call.session, of, actor=actor_of(link), now=call.now)
    return "submitted"


def _answer(call: Call, of: MembershipApplication, link: ApplicantLink, typed: Typed) -> str:
    given = load_body(_ANSWER, msgspec.json.encode({"answer": typed.get("answer", "")}))
    operations.answer_question(call.session, of, **given, actor=actor_of(link), now=call.now)
    return "answered"


def _remove(call: Call, of: MembershipApplication, link: ApplicantLink, typed: Typed) -> str:
    try:
        document_id = UUID(typed.get("document_id", ""))
    except ValueError as error:
        raise UnknownDocument from error
    operations.remove_document(call.session, of, document_id=document_id, actor=actor_of(link), now=call.now)
    return "saved"


_ACTS: dict[str, Callable[[Call, MembershipApplication, ApplicantLink, Typed], str]] = {
    "save": _save,
    "submit": _submit,
    "answer": _answer,
    "remove": _remove,
}


def _added(call: Call, token: str) -> str:
    of, link = opened(call, token)
    given, upload = _file_in(call)
    try:
        taken_in(call, of, upload, **load_query(_DOCUMENT, given), actor=actor_of(link))
    except (DomainError, InvalidInput) as refusal:
        return _shown(call, token, _why(refusal, of, call.language), here=_ABOVE)
    call.session.flush()
    return _shown(call, token, gettext(call.language, applicant_form.WORDS["saved"]), here=_ABOVE)


def _file_in(call: Call) -> tuple[MultiDict[str, str], Upload]:
    """Kind and name, as the API's query has them, and the file of what a browser sends."""
    fields, name, upload = sent_in(call, most_typed=_AROUND)
    if not upload:
        raise BadRequest
    return MultiDict({"kind": fields.get("kind", ""), "name": name}), upload


def _why(refusal: DomainError | Problem, of: MembershipApplication, language: Language) -> str:
    if not isinstance(refusal, SeveralWrong):
        return sentence(refusal, language)
    labels = {one.name: one.label for one in of.form.fields_of(of.kind)}
    return " ".join(_line(one, labels, language) for one in refusal.wrong)


def _line(wrong: Wrong, labels: dict[str, str], language: Language) -> str:
    params = {name: gettext(language, value) if name == "label" else value for name, value in wrong.params.items()}
    text = gettext(language, wrong.message, **params)
    label = labels.get(wrong.pointer.rpartition("/")[2]) if "label" not in wrong.params else None
    return f"{gettext(language, label)}: {text}" if label else text
