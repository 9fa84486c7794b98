"""What a service says about itself: the API document, a page to read and try it, and a page per kind of problem."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Response

from shared.errors import DomainError
from shared.http.call import Call
from shared.http.openapi import api_document
from shared.http.problems import KINDS, Problem, RouteNotFound, code_of
from shared.http.routing import route
from shared.i18n import Language, gettext

HTML = "text/html; charset=utf-8"
_FILES = Path(__file__).parent / "page"
_TYPES = {"docs.html": HTML, "docs.js": "text/javascript; charset=utf-8", "docs.css": "text/css; charset=utf-8"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class DocumentationRoutes:
    """/docs, /openapi.json and /problems."""

    @route("GET", "/", scope=None, status=302, produces=HTML)
    def home(self, call: Call) -> Response:
        """To the documentation."""
        return Response(status=302, headers={"Location": "/docs"}, content_type=HTML)

    @route("GET", "/docs", scope=None, produces=HTML)
    def docs(self, call: Call) -> Response:
        """The API and the events to read, and the API to try. Works without internet."""
        return _file("docs.html")

    @route("GET", "/docs/<name>", scope=None, produces=HTML)
    def docs_file(self, call: Call, *, name: str) -> Response:
        """What the documentation page is made of."""
        if name not in _TYPES:
            raise RouteNotFound
        return _file(name)

    @route("GET", "/openapi.json", scope=None)
    def openapi(self, call: Call) -> dict[str, Any]:
        """This API, for machines."""
        return api_document(type(self))  # type: ignore[arg-type]  # a class is hashable, whatever __hash__ its objects have

    @route("GET", "/problems/<code>", scope=None, produces=HTML)
    def problem(self, call: Call, *, code: str) -> Response:
        """What a problem's `type` means."""
        for kind in _kinds():
            if code_of(kind) == code:
                return _page(_explanation(kind, call.language), call.language)
        raise RouteNotFound


def _file(name: str) -> Response:
    headers = {"Content-Security-Policy": _POLICY}
    return Response((_FILES / name).read_bytes(), content_type=_TYPES[name], headers=headers)


def _kinds() -> Iterator[type[Problem | DomainError]]:
    waiting: list[type[Any]] = [Problem, DomainError]
    while waiting:
        kind = waiting.pop()
        yield kind
        waiting += kind.__subclasses__()


def _explanation(kind: type[Problem | DomainError], language: Language) -> tuple[int, str, str]:
    """Status, title and sentence, in the reader's language."""
    if issubclass(kind, Problem):
        return kind.status, gettext(language, kind.title), gettext(language, kind.message)
    status, title = next(
        ((status, title) for base, status, title in KINDS if issubclass(kind, base)), (422, "Refused by a rule")
    )
    return status, gettext(language, title), gettext(language, kind.message)


def _page(explanation: tuple[int, str, str], language: Language) -> Response:
    status, title, sentence = explanation
    html = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="/docs/docs.css"><main><h1>{escape(title)}</h1>'
        f'<p>{status}</p><p>{escape(sentence)}</p><p><a href="/docs">/docs</a></p></main></html>'
    )
    return Response(html, content_type=HTML, headers={"Content-Security-Policy": _POLICY})
