"""What every web page of a signed link has in common."""

from collections.abc import Callable, Mapping
from hashlib import file_digest
from html import escape
from os import SEEK_END
from typing import Any, cast
from urllib.parse import parse_qsl

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header
from werkzeug.wrappers import Response

from services.membership import web_page
from shared.errors import DomainError, SeveralWrong
from shared.http.call import Call
from shared.http.documentation import HTML
from shared.http.problems import (
    BadRequest,
    ContentTooLarge,
    InvalidInput,
    PreconditionFailed,
    Problem,
    problem_response,
    say,
    say_wrong,
)
from shared.http.request import Upload
from shared.i18n import Language, gettext

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MOST_BYTES = 50_000
_MOST_PARTS = 50
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


def sent_in(call: Call, *, most_typed: int) -> tuple[dict[str, str], str, Upload | None]:
    """What a page's form sends on a route with `upload`: the fields, and the name and content of its file if any.

    Raises:
        BadRequest, ContentTooLarge: also when what was typed is more than `most_typed` bytes.
    """
    assert call.upload
    _, options = parse_options_header(call.request.headers.get("Content-Type", ""))
    if call.request.mimetype == FORM and call.upload.size > most_typed:
        raise ContentTooLarge(limit=most_typed)  # the parser bounds only what stands beside a file
    parser = FormDataParser(silent=False, max_form_memory_size=most_typed, max_form_parts=_MOST_PARTS)
    try:
        _, fields, files = parser.parse(cast("Any", call.upload.file), call.request.mimetype, call.upload.size, options)
    except RequestEntityTooLarge as error:
        raise ContentTooLarge(limit=most_typed) from error
    except ValueError as error:
        raise BadRequest from error
    found = files.get("file")
    if not found:
        return fields.to_dict(), "", None
    file = cast("Any", found.stream)
    digest = file_digest(file, "sha256").hexdigest()
    size = file.seek(0, SEEK_END)
    file.seek(0)
    return fields.to_dict(), found.filename or "", Upload(file=file, size=size, sha256=digest)


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
