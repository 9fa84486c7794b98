"""The statistic form as a web page, for whoever follows the link in a mail."""

from collections.abc import Callable
from html import escape
from urllib.parse import parse_qsl

import msgspec
from werkzeug.wrappers import Response

from services.membership import operations, schemas, statistic_form
from services.membership.model import StatisticDeclaration
from services.membership.service.statistic_links import LINK, opened
from shared.errors import DomainError, Rejected
from shared.http.call import Call
from shared.http.documentation import HTML
from shared.http.loading import load_body
from shared.http.problems import InvalidInput, PreconditionFailed, Problem, problem_response
from shared.http.routing import route
from shared.i18n import Language, gettext

FORM = "application/x-www-form-urlencoded"
MOST_BYTES = 50_000
_FIGURES = schemas.DeclarationRequest()
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""The address is a secret: it is neither stored nor told to other sites."""


class StatisticPageRoutes:
    """Declare in a browser, without login."""

    @route("GET", f"{LINK}/form", scope=None, produces=HTML)
    def show_statistic_page(self, call: Call, *, token: str) -> Response:
        """The form as a web page, which is what the link in a mail leads to."""
        return _page(call, lambda: _shown(call, token))

    @route("POST", f"{LINK}/form", scope=None, consumes=(FORM,), produces=HTML, max_body=MOST_BYTES)
    def send_statistic_page(self, call: Call, *, token: str) -> Response:
        """What the page sends; what is not right is said on the page."""
        return _page(call, lambda: _sent(call, token))


def _page(call: Call, make: Callable[[], str]) -> Response:
    """A browser gets a refusal as a page to read; anybody else as a problem."""
    try:
        return Response(make(), content_type=HTML, headers=_HEADERS)
    except (DomainError, Problem) as refusal:
        if HTML.partition(";")[0] not in call.request.headers.get("Accept", ""):
            raise
        call.session.rollback()
        told = problem_response(refusal, call.request.context)
        text = escape(_sentence(refusal, call.language))
        body = statistic_form.document(text, "", call.language)
        return Response(body, status=told.status_code, content_type=HTML, headers=_HEADERS)


def _shown(call: Call, token: str, notice: str = "", typed: dict[str, str] | None = None) -> str:
    declaration, _ = opened(call, token)
    previous = operations.year_before(call.session, declaration)
    own = statistic_form.known(declaration)
    form = statistic_form.Form(
        declaration=declaration,
        previous=previous,
        typed=typed or own or statistic_form.proposed(previous),
        notice=notice,
    )
    return statistic_form.page(form, call.language)


def _sent(call: Call, token: str) -> str:
    typed = dict(parse_qsl(call.raw.decode("utf-8", "replace")))
    declaration, link = opened(call, token)
    try:
        _match(typed, declaration)
        figures = load_body(_FIGURES, msgspec.json.encode(statistic_form.read(typed)))
        actor = f"link/{link.id}"
        operations.declare_statistic(call.session, declaration, **figures, actor=actor, now=call.now)
    except (Rejected, InvalidInput, PreconditionFailed) as refusal:
        return _shown(call, token, _sentence(refusal, call.language), typed)
    return _shown(call, token, gettext(call.language, statistic_form.WORDS["thanks"]))


def _match(typed: dict[str, str], declaration: StatisticDeclaration) -> None:
    if typed.get("version") != str(declaration.version):
        raise PreconditionFailed


def _sentence(refusal: DomainError | Problem, language: Language) -> str:
    if isinstance(refusal, InvalidInput):
        faults = (f"{fault.where.removeprefix('#/')}: {gettext(language, fault.message)}" for fault in refusal.faults)
        return " ".join(faults)
    return gettext(language, refusal.message, **refusal.params)
