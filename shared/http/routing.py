"""`@route`: an HTTP address of a service, said once: who may, what comes in, what goes out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, TypedDict, TypeVar, Unpack

from eventlet.event import Event
from marshmallow import Schema
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import register_entrypoint
from nameko.web.handlers import HttpRequestHandler
from sqlalchemy import Engine
from werkzeug.wrappers import Response

from shared.http.auth import Authenticator
from shared.http.exchange import admit, answer
from shared.http.paging import Sort
from shared.http.problems import Problem, Unavailable
from shared.http.request import HttpRequest
from shared.http.server import HttpServer
from shared.settings import Settings

Method = TypeVar("Method", bound=Callable[..., Any])
MIB = 1024 * 1024
JSON = "application/json"
Guard = Callable[[Settings, Mapping[str, Any]], None]


class Options(TypedDict, total=False):
    """What `@route` need not be told.

    `status` of a success; 204 has no body. `location` is the address of what was made: "/v1/prospects/{id}", filled
    from the answer. With `sort` the route is a list: the method returns `call.page(select(...))`, callers get limit,
    cursor and sort, and `returns` dumps each item. `requires_if_match` answers 428 without If-Match, and the method
    must call `call.match(aggregate)`. `consumes` other types than JSON gives the method the bytes as call.raw, and with
    `upload` as a file, call.upload, which may take longer to arrive.
    `idempotent=False` refuses an Idempotency-Key where the answer must not be stored, since it shows a secret.
    `at_once` answers while all workers are taken too; the method gets no dependencies, and must not take long.
    `waits`: the method waits or streams, with short transactions of its own on call.engine; it has no session, so that
    no connection is held meanwhile. `refuses` names problems that only this route answers with.
    `guard` refuses by the path, before an upload is read: a DomainError; for routes that no scope guards.
    `cached` seconds anybody on the way may keep the answer of a public route, which has an ETag of its bytes.
    """

    status: int
    sort: Sort | None
    requires_if_match: bool
    location: str | None
    consumes: tuple[str, ...]
    produces: str
    max_body: int
    upload: bool
    idempotent: bool
    at_once: bool
    waits: bool
    refuses: tuple[type[Problem], ...]
    cached: int
    guard: Guard | None


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What `@route` was told."""

    method: str
    path: str
    scope: str | None
    body: Schema | None
    query: Schema
    returns: Schema | None
    status: int = 200
    sort: Sort | None = None
    requires_if_match: bool = False
    location: str | None = None
    consumes: tuple[str, ...] = (JSON,)
    produces: str = JSON
    max_body: int = MIB
    upload: bool = False
    idempotent: bool = True
    at_once: bool = False
    waits: bool = False
    refuses: tuple[type[Problem], ...] = ()
    cached: int = 0
    guard: Guard | None = None

    @property
    def takes_body(self) -> bool:
        """A body is read; without one, whatever the caller sends is ignored."""
        return self.body is not None or self.consumes != (JSON,)


class Route(HttpRequestHandler):  # type: ignore[misc]  # nameko ships no types
    """nameko's HTTP entrypoint with the kit around the method."""

    server = HttpServer()

    def __init__(self, declaration: Declaration) -> None:
        # The kit answers and logs every exception itself.
        super().__init__(declaration.method, declaration.path, expected_exceptions=(Exception,))
        self.declaration = declaration

    def setup(self) -> None:
        super().setup()
        self.engine: Engine = self.container.config["engine"]
        self.settings: Settings = self.container.config["settings"]
        self.authenticator: Authenticator = self.container.config["authenticator"]

    def admit(self, request: HttpRequest) -> None:
        """As exchange.admit."""
        admit(self, request)

    def handle_request(self, request: HttpRequest) -> Response:
        if self.declaration.at_once:
            response = getattr(self.container.service_cls(), self.method_name)(self, request)
        else:
            with self.server.place():
                response = self._work(request)
        assert isinstance(response, Response)
        return response

    def _work(self, request: HttpRequest) -> Any:
        done = Event()
        try:
            self.container.spawn_worker(self, (self, request), {}, handle_result=partial(self.handle_result, done))
        except ContainerBeingKilled:
            raise Unavailable(headers={"Retry-After": "1"}) from None
        return done.wait()

    def stop(self) -> None:
        self.server.close()
        super().stop()


def route(
    method: str,
    path: str,
    *,
    scope: str | None,
    body: type[Schema] | None = None,
    query: type[Schema] | None = None,
    returns: type[Schema] | None = None,
    **options: Unpack[Options],
) -> Callable[[Method], Method]:
    """The decorated method answers `method` at `path`; its first argument is a Call, path parts are keyword arguments.

    `path` is a template: /v1/prospects/<uuid:prospect_id>. Converters: uuid, int, string (the default).
    `scope` is what the token must hold; None makes the route public, and has to be written.
    `body` loads the JSON body into call.body, `query` the parameters into call.query; unknown fields are refused.
    `returns` dumps what the method returns. The rest is said at Options.
    What the method returns with an integer `version` gets an ETag. A werkzeug Response goes out as it is.
    """
    declaration = Declaration(
        method=method,
        path=path,
        scope=scope,
        body=body() if body else None,
        query=(query or Schema)(),
        returns=returns() if returns else None,
        **options,
    )

    def decorate(function: Method) -> Method:
        @wraps(function)
        def entry(service: Any, bound: Route, request: HttpRequest) -> Response:
            return answer(bound, request, partial(function, service))

        register_entrypoint(entry, Route(declaration))
        return entry  # type: ignore[return-value]  # nameko calls it by name; nobody else does

    return decorate


def routes_of(service: type) -> Iterator[tuple[str, Callable[..., Any], Declaration]]:
    """Every route of the service class: the method's name, the method, what it was told."""
    for name in dir(service):
        method = getattr(service, name)
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            if isinstance(entrypoint, Route):
                yield name, method, entrypoint.declaration
