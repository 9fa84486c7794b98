"""One call from the checked request to the committed answer."""

import logging
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from shared.clock import utc_now
from shared.database import transaction
from shared.errors import DomainError
from shared.http import idempotency, keys
from shared.http.auth import ANONYMOUS, Principal, bearer
from shared.http.call import Call
from shared.http.dumping import dump
from shared.http.loading import check_media_type, load_body, load_query
from shared.http.paging import Page, read_page_request
from shared.http.preconditions import etag, read_if_match, unchanged
from shared.http.problems import (
    ConcurrentChange,
    InternalError,
    KeyNotTaken,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    Unavailable,
    ValueNotStorable,
    problem_response,
)
from shared.http.request import HttpRequest

if TYPE_CHECKING:
    from shared.http.routing import Route

log = logging.getLogger("intercoop.http")

READS = frozenset({"GET", "HEAD"})
_CONFLICTS = frozenset({"23505", "40001", "40P01", "55P03"})
"""Unique violation, serialization failure, deadlock, lock not available: the same call may work a moment later."""


class Line:
    """What a call's transactions run on: one connection from when one is needed, so that it is waited for once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: Connection | None = None

    @property
    def bind(self) -> Engine | Connection:
        """For a call with one transaction, which may need no connection at all."""
        return self._held or self._engine

    def hold(self) -> Connection:
        """For a call with several transactions."""
        self._held = self._held or self._engine.connect()
        return self._held

    def close(self) -> None:
        """Give the connection back."""
        if self._held is not None:
            self._held.close()
            self._held = None


def answer(route: "Route", request: HttpRequest, method: Callable[..., Any]) -> Response:
    """Whatever happens, an answer: the method's, or the problem that says why not."""
    try:
        with closing(Line(route.engine)) as line:
            request.principal = _authenticate(route, request, line)
            call = _load(route, request)
            claim = _claim(route, request)
            if claim is not None:
                return _once(route, call, method, claim, line.hold())
            if route.declaration.waits:
                line.close()
            with transaction(line.bind, request.trace()) as call.session:
                return _perform(route, call, method)
    except Exception as error:  # noqa: BLE001 -- the edge: each becomes an answer, and what is a fault is logged
        return problem_response(as_problem(error, request), request.context)


def admit(route: "Route", request: HttpRequest) -> None:
    """Refuse who may not call before their file is read.

    Raises:
        Problem: Unauthorized, MissingScope, or that the database is away.
        DomainError: of the route's own guard.
    """
    try:
        with closing(Line(route.engine)) as line:
            _authenticate(route, request, line)
        if route.declaration.guard:
            route.declaration.guard(route.settings, request.path_values)
    except (Problem, DomainError):
        raise
    except Exception as error:
        raise _fault(error, request) from error


def _authenticate(route: "Route", request: HttpRequest, line: Line) -> Principal:
    scope = route.declaration.scope
    if scope is None:
        return ANONYMOUS
    token = bearer(request.headers.get("Authorization"))
    if token.startswith(keys.PREFIX):
        with transaction(line.hold()) as session:
            principal = keys.principal_of(session, token, now=utc_now())
    else:
        principal = route.authenticator.principal(token)
    principal.require(scope)
    return principal


def _load(route: "Route", request: HttpRequest) -> Call:
    declaration, connection = route.declaration, request.environ["intercoop.connection"]
    call = Call(
        session=Session(),
        engine=route.engine,
        settings=route.settings,
        principal=request.principal,
        language=request.context.language,
        now=utc_now(),
        request=request,
        container=route.container,
        closing=lambda: route.server.is_closing() or connection.is_abandoned(),
        raw=request.body,
        upload=request.upload,
        if_match=read_if_match(request.headers.get("If-Match")),
    )
    if declaration.takes_body:
        check_media_type(request.mimetype, declaration.consumes)
    if declaration.body is not None:
        call.body = load_body(declaration.body, request.body)
    _load_query(route, request, call)
    if declaration.requires_if_match and call.if_match.header is None:
        raise PreconditionRequired
    return call


def _load_query(route: "Route", request: HttpRequest, call: Call) -> None:
    args = request.args.copy()
    if route.declaration.sort is not None:
        wanted = {name: args.pop(name) for name in ("limit", "cursor", "sort") if name in args}
        secret = route.settings.link_secret
        call.paging = read_page_request(wanted, route.declaration.sort, secret=secret, route=route.declaration.path)
    call.query = load_query(route.declaration.query, args)


def _claim(route: "Route", request: HttpRequest) -> idempotency.Claim | None:
    if request.method in READS or "Idempotency-Key" not in request.headers:
        return None
    if not route.declaration.idempotent:
        raise KeyNotTaken
    return idempotency.read_claim(request)


def _perform(route: "Route", call: Call, method: Callable[..., Any]) -> Response:
    result = method(call, **call.request.path_values)
    if route.declaration.requires_if_match and not call.if_match.checked:
        raise RuntimeError(f"{route.method_name} must hold If-Match against what it changes: call.match(aggregate)")
    call.session.flush()
    response = _render(route, call, result)
    return _kept(call, response, seconds=route.declaration.cached) if route.declaration.cached else response


def _once(
    route: "Route", call: Call, method: Callable[..., Any], claim: idempotency.Claim, connection: Connection
) -> Response:
    trace = call.request.trace()
    try:
        with transaction(connection, trace) as call.session:
            earlier = idempotency.earlier_answer(call.session, claim)
            if earlier is not None:
                return earlier
            response = _perform(route, call, method)
            idempotency.remember(call.session, claim, response)
            return response
    except DomainError as refusal:
        response = problem_response(refusal, call.request.context)
    # The rollback gave the key back, so somebody may have been faster: then theirs is the key's answer.
    with transaction(connection) as session:
        earlier = idempotency.earlier_answer(session, claim, wait=True)
        if earlier is not None:
            return earlier
        idempotency.remember(session, claim, response)
        return response


def _render(route: "Route", call: Call, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    declaration = route.declaration
    if isinstance(result, Page):
        return _render_page(route, call, result)
    if declaration.status == 204:  # noqa: PLR2004 -- No Content
        response = Response(status=204)
        del response.headers["Content-Type"]
    else:
        document = result if declaration.returns is None else dump(declaration.returns, result)
        response = json_response(document, declaration.status)
        if declaration.location:
            response.headers["Location"] = declaration.location.format_map(document)
    return _tagged(call, response, result)


def _render_page(route: "Route", call: Call, page: Page[Any]) -> Response:
    returns = route.declaration.returns
    items = page.items if returns is None else dump(returns, page.items, many=True)
    response = json_response({"items": items, "next_cursor": page.next_cursor}, 200)
    if page.next_cursor is not None:
        following = call.request.args.copy()
        following["cursor"] = page.next_cursor
        response.headers["Link"] = f'<{call.request.path}?{urlencode(list(following.items(multi=True)))}>; rel="next"'
    return response


def _kept(call: Call, response: Response, *, seconds: int) -> Response:
    """Anybody may keep it for a while, and then ask whether it is still the same."""
    tag = f'"{sha256(response.get_data()).hexdigest()[:32]}"'
    if unchanged(call.request.headers.get("If-None-Match"), tag):
        response = Response(status=304, headers={"Link": link} if (link := response.headers.get("Link")) else None)
        del response.headers["Content-Type"]
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    return response


def _tagged(call: Call, response: Response, result: Any) -> Response:
    version = getattr(result, "version", None)
    if not isinstance(version, int):
        return response
    tag = etag(version)
    if call.request.method in READS and unchanged(call.request.headers.get("If-None-Match"), tag):
        response = Response(status=304)
        del response.headers["Content-Type"]
    response.headers["ETag"] = tag
    return response


def json_response(document: Any, status: int) -> Response:
    """JSON as the wire has it; UUIDs, dates and decimals as text."""
    return Response(msgspec.json.encode(document), status=status, content_type="application/json")


def as_problem(error: Exception, request: HttpRequest) -> Problem | DomainError:
    """What the caller is told; what is a fault of ours, or of the database, is logged here with the correlation id."""
    if isinstance(error, Problem | DomainError):
        return error
    if isinstance(error, StaleDataError):
        return PreconditionFailed() if "If-Match" in request.headers else ConcurrentChange()
    return _fault(error, request)


def _fault(error: Exception, request: HttpRequest) -> Problem:
    fields = {"correlation_id": request.context.correlation_id, "route": request.template, "method": request.method}
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _CONFLICTS:
        log.info("conflict in the database", extra=fields | {"error": _first_line(error.orig)})
        return ConcurrentChange()
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout) or _lost_connection(error):
        log.warning("database away or too slow", extra=fields | {"error": _first_line(error)})
        return Unavailable(headers={"Retry-After": "5"})
    if isinstance(error, DataError):
        log.warning("a value the database refuses", extra=fields | {"error": _first_line(error.orig)})
        return ValueNotStorable()
    log.error("unhandled error", extra=fields, exc_info=error)
    return InternalError()


def _lost_connection(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _first_line(error: object) -> str:
    """The rest of a database's message may quote the row."""
    return str(error).partition("\n")[0]
