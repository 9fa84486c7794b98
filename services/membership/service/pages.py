"""What every web page of a signed link has in common."""

from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import parse_qsl

from werkzeug.wrappers import Response

from services.membership import web_page
from shared.errors import DomainError, SeveralWrong
from shared.http.call import Call
from shared.http.documentation import HTML
from shared.http.problems import InvalidInput, PreconditionFailed, Problem, problem_response, say, say_wrong
from shared.i18n import Language, gettext

FORM = "application/x-www-form-urlencoded"
MOST_BYTES = 50_000
_NO_LABELS: Mapping[str, str] = {}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""The address is a secret: it is neither stored nor told to other sites."""


def page(call: Call, make: Callable[[], str]) -> Response:
    """A browser gets a refusal as a page to read; anybody else as a problem."""
    try:
        return Response(make(), content_type=HTML, headers=_HEADERS)
    except (DomainError, Problem) as refusal:
        if HTML.partition(";")[0] not in call.request.headers.get("Accept", ""):
            raise
        call.session.rollback()
        told = problem_response(refusal, call.request.context)
        body = web_page.document(escape(sentence(refusal, call.language)), "", call.language)
        return Response(body, status=told.status_code, content_type=HTML, headers=_HEADERS)


def typed_in(call: Call) -> dict[str, str]:
    """What the page's form sends."""
    return dict(parse_qsl(call.raw.decode("utf-8", "replace"), keep_blank_values=True))


def match_typed(typed: dict[str, str], version: int) -> None:
    """Hold the version the page was made from against the present one.

    Raises:
        PreconditionFailed
    """
    if typed.get("version") != str(version):
        raise PreconditionFailed


def sentence(refusal: DomainError | Problem, language: Language, labels: Mapping[str, str] = _NO_LABELS) -> str:
    """Why not, in one text; `labels` says what the page calls a field, by its pointer."""
    if isinstance(refusal, InvalidInput):
        named = ((fault.where.removeprefix("#/"), fault.message) for fault in refusal.faults)
        return " ".join(
            f"{gettext(language, labels.get(where, where))}: {gettext(language, message)}" for where, message in named
        )
    if isinstance(refusal, SeveralWrong):
        asked = dict.fromkeys(labels[field] for one in refusal.wrong if (field := one.pointer[1:]) in labels)
        said = (say_wrong(one, language)["detail"] for one in refusal.wrong)
        return " ".join([*(gettext(language, label) for label in asked), *said])
    return say(refusal, language)
