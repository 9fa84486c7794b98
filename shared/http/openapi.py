"""The API document (OpenAPI 3.1), written from the routes and their schemas, so that it can't say anything else."""

import inspect
import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from shared.http import problems
from shared.http.exchange import READS
from shared.http.paging import DEFAULT_LIMIT, MAX_LIMIT
from shared.http.routing import JSON, Declaration, routes_of
from shared.i18n import LANGUAGES

_PART = re.compile(r"<(?:(\w+):)?(\w+)>")
_PATH_TYPES: dict[str | None, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "string": {"type": "string", "minLength": 1},
    None: {"type": "string", "minLength": 1},
}


@cache
def api_document(service: type) -> dict[str, Any]:
    """The document of one service class."""
    spec = APISpec(
        title=f"Intercoop {service.name}",  # type: ignore[attr-defined]  # every service class has one
        version=version("intercoop"),
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=_schema_name)],
        info={
            "description": inspect.getdoc(inspect.getmodule(service)) or "",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        servers=[{"url": "/"}],
    )
    _add_common(spec)
    for name, method, declaration in routes_of(service):
        operation = _operation(spec, name, method, declaration)
        spec.path(path=_PART.sub(r"{\2}", declaration.path), operations={declaration.method.lower(): operation})
    document: dict[str, Any] = spec.to_dict()
    _forbid_unknown_fields(document)
    return document


def _schema_name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return str(kind.__name__)


_NO_RESOURCE = re.compile(r"v\d+|docs|health|metrics|problems|.*\..*")


def _add_common(spec: APISpec) -> None:
    spec.components.security_scheme(
        "bearer",
        {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token of the organisation's identity provider, or an integrator's key (ick_…).",
        },
    )
    spec.components.schema("Problem", _PROBLEM)


def _operation(spec: APISpec, name: str, method: Callable[..., Any], declaration: Declaration) -> dict[str, Any]:
    summary, _, description = (inspect.getdoc(method) or name.replace("_", " ").capitalize()).partition("\n")
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary.rstrip("."),
        "tags": [_tag(declaration.path)],
        "parameters": _parameters(declaration),
        "responses": _responses(spec, declaration),
        "security": [{"bearer": [declaration.scope]}] if declaration.scope else [],
    }
    if description.strip():
        operation["description"] = description.strip()
    if declaration.takes_body:
        operation["requestBody"] = {"required": True, "content": _body_content(declaration)}
    return operation


def _tag(path: str) -> str:
    parts = [part for part in path.split("/") if part and not part.startswith("<")]
    return next((part for part in parts if not _NO_RESOURCE.fullmatch(part)), "service")


def _body_content(declaration: Declaration) -> dict[str, Any]:
    schema: Any = declaration.body if declaration.body is not None else {"type": "string", "format": "binary"}
    return {media_type: {"schema": schema} for media_type in declaration.consumes}


def _parameters(declaration: Declaration) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"in": "path", "name": name, "required": True, "schema": _PATH_TYPES[converter or None]}
        for converter, name in _PART.findall(declaration.path)
    ]
    if declaration.query.fields:
        found.append({"in": "query", "schema": declaration.query})
    if declaration.sort is not None:
        found += _list_parameters(list(declaration.sort))
    if declaration.method not in READS and declaration.scope and declaration.idempotent:
        found.append(_header("Idempotency-Key", "The same key and call within 24 hours: the same answer, one effect."))
    if declaration.requires_if_match:
        found.append(_header("If-Match", "The ETag last read.", required=True))
    found.append(_header("Accept-Language", f"Language of texts: {', '.join(LANGUAGES)}."))
    return found


def _list_parameters(names: list[str]) -> list[dict[str, Any]]:
    plain = [name.removeprefix("-") for name in names]
    sorts = [f"{sign}{name}" for name in plain for sign in ("", "-")]
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    return [
        {"in": "query", "name": "limit", "schema": limit},
        {"in": "query", "name": "cursor", "schema": {"type": "string"}, "description": "next_cursor of a page"},
        {"in": "query", "name": "sort", "schema": {"type": "string", "enum": sorts, "default": names[0]}},
    ]


def _header(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "in": "header",
        "name": name,
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }


def _responses(spec: APISpec, declaration: Declaration) -> dict[str, Any]:
    found: dict[str, Any] = {str(declaration.status): _success(spec, declaration)}
    tagged = declaration.method in READS and declaration.returns is not None and declaration.sort is None
    if tagged or declaration.cached:
        found["304"] = {"description": "Not changed since the version If-None-Match names."}
    for status, title in sorted(_refusals(declaration).items()):
        found[str(status)] = {
            "description": title,
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return found


def _refusals(declaration: Declaration) -> dict[int, str]:
    kinds: list[type[problems.Problem]] = [problems.InvalidInput, problems.InternalError, problems.Unavailable]
    kinds += declaration.refuses
    if declaration.scope:
        kinds += [problems.Unauthorized, problems.MissingScope]
    if declaration.takes_body:
        kinds += [problems.ContentTooLarge, problems.UnsupportedMediaType]
    if declaration.requires_if_match:
        kinds.append(problems.PreconditionRequired)
    if declaration.method not in READS:
        kinds += [problems.ConcurrentChange, problems.PreconditionFailed, problems.KeyReused]
    if "<" in declaration.path:
        kinds.append(problems.RouteNotFound)
    found = {kind.status: kind.title for kind in kinds}
    if declaration.path.startswith("/v1"):
        found |= {status: title for _, status, title in problems.KINDS}
    return found


def _success(spec: APISpec, declaration: Declaration) -> dict[str, Any]:
    response: dict[str, Any] = {"description": "Success"}
    if declaration.status != 204:  # noqa: PLR2004 -- No Content
        schema = _returned(spec, declaration)
        response["content"] = {declaration.produces.partition(";")[0]: {"schema": schema} if schema else {}}
    headers = {}
    if "version" in (declaration.returns.fields if declaration.returns else {}) and declaration.sort is None:
        headers["ETag"] = {"schema": {"type": "string"}, "description": "The version, for If-Match and If-None-Match."}
    if declaration.cached:
        headers["ETag"] = {"schema": {"type": "string"}, "description": "The answer's, for If-None-Match."}
    if declaration.location:
        headers["Location"] = {"schema": {"type": "string"}, "description": "Where it is now."}
    if declaration.sort is not None:
        headers["Link"] = {"schema": {"type": "string"}, "description": 'The next page, rel="next".'}
    return response | ({"headers": headers} if headers else {})


def _returned(spec: APISpec, declaration: Declaration) -> Any:
    if declaration.sort is None:
        return declaration.returns or ({"type": "object"} if declaration.produces == JSON else None)
    assert declaration.returns is not None, "a list has items"
    item = type(declaration.returns)
    name = f"{item.__name__.removesuffix('Response')}Page"
    if name not in spec.components.schemas:
        spec.components.schema(name, schema=_page_schema(name, item))
    return name


def _page_schema(name: str, item: type[Schema]) -> type[Schema]:
    following = {"description": "cursor of the next page; null on the last one"}
    found: type[Schema] = Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True, metadata=following),
        },
        name=name,
    )
    return found


def _forbid_unknown_fields(document: dict[str, Any]) -> None:
    """What may be sent is closed; what is answered may grow."""
    schemas = document["components"]["schemas"]
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    waiting = [name for operation in operations for name in _references(operation.get("requestBody", {}))]
    sent: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in sent:
            sent.add(name)
            schemas[name].setdefault("additionalProperties", False)
            waiting += _references(schemas[name])
    for name in schemas.keys() - sent:
        schemas[name].pop("additionalProperties", None)


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"].rpartition("/")[2]] if isinstance(value.get("$ref"), str) else []
        return own + [name for part in value.values() for name in _references(part)]
    return [name for part in value for name in _references(part)] if isinstance(value, list) else []


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `type` leads to a page that explains it; `detail` is in the caller's language.",
    "required": ["type", "title", "status", "detail", "instance", "correlation_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "correlation_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "description": "JSON pointer into the body, as a URI fragment"},
                    "parameter": {"type": "string", "description": "name of the query parameter"},
                },
            },
        },
    },
    "example": {
        "type": "/problems/invalid-input",
        "title": "Malformed request",
        "status": 400,
        "detail": "The request is not valid; see errors.",
        "instance": "/v1/organizations",
        "correlation_id": "01981a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b",
        "errors": [{"detail": "Missing data for required field.", "pointer": "#/name"}],
    },
}
