"""`@route`: an HTTP address of a service, said once: who may, what comes in, what goes out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from marshmallow import Schema

from shared.http.paging import Sort

Method = TypeVar("Method", bound=Callable[..., Any])
MIB = 1024 * 1024
JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What `@route` was told."""

    method: str
    path: str
    scope: str | None
    body: Schema | None
    query: Schema | None
    returns: Schema | None
    status: int
    sort: Sort | None
    requires_if_match: bool
    location: str | None
    consumes: tuple[str, ...]
    produces: str
    max_body: int
    idempotent: bool


def route(
    method: str,
    path: str,
    *,
    scope: str | None,
    body: type[Schema] | None = None,
    query: type[Schema] | None = None,
    returns: type[Schema] | None = None,
    status: int = 200,
    sort: Sort | None = None,
    requires_if_match: bool = False,
    location: str | None = None,
    consumes: tuple[str, ...] = (JSON,),
    produces: str = JSON,
    max_body: int = MIB,
    idempotent: bool = True,
) -> Callable[[Method], Method]:
    """The decorated method answers `method` at `path`; its first argument is a Call, path parts are keyword arguments.

    `path` is a template: /v1/prospects/<uuid:prospect_id>. Converters: uuid, int, string (the default).
    `scope` is what the token must hold; None makes the route public, and has to be written.
    `body` loads the JSON body into call.body, `query` the parameters into call.query; unknown fields are refused.
    `returns` dumps what the method returns. With `sort` the route is a list: the method returns
    `call.page(select(...))`, callers get limit, cursor and sort, and `returns` dumps each item.
    `status` of a success; 204 has no body. `location` is the address of what was made: "/v1/prospects/{id}", filled
    from the answer. `requires_if_match` answers 428 without If-Match, and the method must call `call.match(aggregate)`.
    `consumes` other types than JSON gives the method the bytes as call.raw. `idempotent=False` refuses an
    Idempotency-Key where the answer must not be stored, since it shows a secret.
    What the method returns with an integer `version` gets an ETag. A werkzeug Response goes out as it is.
    """
    raise NotImplementedError
