"""Problem details (RFC 9457): every answer that is not a success says why, in the caller's language."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
from werkzeug.wrappers import Response

from shared.errors import Conflict, DomainError, Forbidden, NotFound, Rejected, SeveralWrong, Wrong
from shared.i18n import Language, gettext

MEDIA_TYPE = "application/problem+json"
_STATES = frozenset({"state", "standing", "stage", "wanted", "possible"})
"""Parameters of refusals that are codes of states, or several with commas between; catalogues may translate them."""

KINDS: tuple[tuple[type[DomainError], int, str], ...] = (
    (NotFound, 404, "Not found"),
    (Conflict, 409, "Conflict"),
    (Forbidden, 403, "Forbidden"),
    (Rejected, 422, "Refused by a rule"),
)
"""Kind of refusal -> status and title, told apart by isinstance."""


class Problem(Exception):  # noqa: N818 -- the word of RFC 9457
    """A call the kit itself refuses, before or around the method. Subclasses give the sentence and the status."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "Malformed request"
    message: ClassVar[str] = "The request can not be understood."

    def __init__(self, *, headers: dict[str, str] | None = None, **params: object) -> None:
        self.headers = headers or {}
        self.params = params
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """The stable name, as in the problem's `type`."""
        return code_of(type(self))


def code_of(kind: type[Exception]) -> str:
    """ProspectClosed -> prospect-closed."""
    return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(kind.__name__))


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the input: where (JSON pointer, or a parameter's name) and what."""

    where: str
    message: str
    params: dict[str, Any] = field(default_factory=dict)
    parameter: bool = False


class InvalidInput(Problem):
    """Body, query or path are not as the API document says; `errors` lists each place."""

    message = "The request is not valid; see errors."

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__()
        self.faults = faults


class BadParameter(InvalidInput):
    """One query parameter is wrong."""

    def __init__(self, name: str, message: str, **params: object) -> None:
        super().__init__([Fault(name, message, params, parameter=True)])

    @property
    def code(self) -> str:
        return code_of(InvalidInput)


class MalformedJson(Problem):
    """The body is not JSON."""

    message = "The body is not valid JSON."


class ValueNotStorable(Problem):
    """A value is outside of what can be stored, such as a number that is too large."""

    message = "A value is outside of what can be stored."


class BadRequest(Problem):
    """The request breaks HTTP."""


class BadIfMatch(Problem):
    """The If-Match is no ETag, or no list of them."""

    message = 'If-Match must be an ETag as it was sent, with its quotes: "3".'


class BadIdempotencyKey(Problem):
    """The Idempotency-Key has no usable form, or the route takes none."""

    message = "Idempotency-Key must be 1 to 255 printable characters."


class KeyNotTaken(Problem):
    """The answer shows a secret, so it is not kept to be given again."""

    message = "This address takes no Idempotency-Key, since its answer is shown only once."


class Unauthorized(Problem):
    """No token, or one that does not hold."""

    status, title = 401, "Not authenticated"
    message = "A valid bearer token is needed."


class MissingScope(Problem):
    """The token is valid but not for this."""

    status, title = 403, "Forbidden"
    message = "The token lacks the scope {scope}."


class RouteNotFound(Problem):
    """Nothing is at this address."""

    status, title = 404, "Not found"
    message = "There is nothing at this address."


class MethodNotAllowed(Problem):
    """The address exists, the method does not; Allow names those that do."""

    status, title = 405, "Method not allowed"
    message = "This address does not know the method; Allow lists those it knows."


class InProgress(Problem):
    """The same call, by its idempotency key, is running now."""

    status, title = 409, "Conflict"
    message = "A call with this Idempotency-Key is still running; ask again shortly."


class ConcurrentChange(Problem):
    """Somebody else changed the same thing at the same time; the same call may work now."""

    status, title = 409, "Conflict"
    message = "Somebody else changed it at the same time; read it again and repeat."


class PreconditionFailed(Problem):
    """If-Match names another version than the present one."""

    status, title = 412, "Precondition failed"
    message = "It has changed since it was read; read it again."


class ContentTooLarge(Problem):
    """The body is over the route's limit."""

    status, title = 413, "Content too large"
    message = "The body may have at most {limit} bytes."


class UnsupportedMediaType(Problem):
    """The body is of a type the route does not read."""

    status, title = 415, "Unsupported media type"
    message = "The body must be of type {expected}."


class KeyReused(Problem):
    """The idempotency key was used for another call."""

    status, title = 422, "Refused by a rule"
    message = "This Idempotency-Key was used for another request."


class PreconditionRequired(Problem):
    """This change needs If-Match."""

    status, title = 428, "Precondition required"
    message = "If-Match with the ETag last read is needed."


class InternalError(Problem):
    """A fault of ours; the correlation id leads to it in the log."""

    status, title = 500, "Internal error"
    message = "Something went wrong here; quote the correlation id."


class Unavailable(Problem):
    """The database can not be reached, or the service is stopping."""

    status, title = 503, "Temporarily unavailable"
    message = "The service can not answer now; try again shortly."


@dataclass(frozen=True, kw_only=True)
class Context:
    """What of the call shows in its problem."""

    language: Language
    path: str
    correlation_id: str


def problem_response(error: Problem | DomainError, context: Context) -> Response:
    """The answer that says `error`."""
    status, title, headers = _kind(error)
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": gettext(context.language, title),
        "status": status,
        "detail": say(error, context.language),
        "instance": context.path,
        "correlation_id": context.correlation_id,
    }
    if isinstance(error, DomainError):
        body |= {name: error.params[name] for name in error.shown}
    if errors := _errors(error, context.language):
        body["errors"] = errors
    response = Response(msgspec.json.encode(body), status=status, content_type=MEDIA_TYPE, headers=headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def _kind(error: Problem | DomainError) -> tuple[int, str, dict[str, str]]:
    if isinstance(error, Problem):
        return error.status, error.title, error.headers
    for kind, status, title in KINDS:
        if isinstance(error, kind):
            return status, title, {}
    return 422, "Refused by a rule", {}


def say(error: Problem | DomainError, language: Language) -> str:
    """The refusal as a sentence in `language`."""
    return _filled(error.message, error.params, language)


def _filled(message: str, params: dict[str, Any], language: Language) -> str:
    """States are codes of the API; in English they are read as they are."""
    named = {name: _words(value, language) for name, value in params.items() if name in _STATES and value}
    return gettext(language, message, **params | named)


def _words(codes: object, language: Language) -> str:
    return ", ".join(gettext(language, code) for code in str(codes).split(", "))


def say_wrong(one: Wrong, language: Language) -> dict[str, str]:
    """What is wrong, and where, in `language`."""
    params = dict(one.params)
    if "label" in params:
        params["label"] = gettext(language, params["label"])
    return {"detail": _filled(one.message, params, language), "pointer": f"#{one.pointer}"}


def _errors(error: Problem | DomainError, language: Language) -> list[dict[str, str]]:
    if isinstance(error, InvalidInput):
        return [
            {
                "detail": gettext(language, fault.message, **fault.params),
                "parameter" if fault.parameter else "pointer": fault.where,
            }
            for fault in error.faults
        ]
    if isinstance(error, SeveralWrong):
        return [say_wrong(one, language) for one in error.wrong]
    if isinstance(error, DomainError) and error.pointer:
        return [{"detail": say(error, language), "pointer": f"#{error.pointer}"}]
    return []
