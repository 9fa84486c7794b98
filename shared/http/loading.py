"""Body and query into what the route's schemas load; whatever is wrong is said by place."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from marshmallow import Schema, ValidationError, fields
from werkzeug.datastructures import MultiDict

from shared.http.problems import BadParameter, Fault, InvalidInput, MalformedJson, UnsupportedMediaType

_NUL = "Text may not contain the character NUL."


def check_media_type(content_type: str, consumes: tuple[str, ...]) -> None:
    """Refuse (415) a body of a type the route does not read."""
    if content_type not in consumes:
        raise UnsupportedMediaType(expected=", ".join(consumes), headers={"Accept": ", ".join(consumes)})


def load_body(schema: Schema, raw: bytes) -> dict[str, Any]:
    """The JSON body as the schema loads it."""
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedJson from error
    if b"\\u0000" in raw and _has_nul(document):
        raise InvalidInput([Fault("#", _NUL)])
    try:
        return _loaded(schema, document)
    except ValidationError as error:
        raise InvalidInput([Fault(_pointer(path), text) for path, text in _flatten(error.messages)]) from error


def load_query(schema: Schema, args: MultiDict[str, str]) -> dict[str, Any]:
    """The query parameters as the schema loads them; a list field takes a repeated parameter."""
    document: dict[str, Any] = {}
    for name, values in args.lists():
        many = isinstance(_field(schema, name), fields.List)
        if len(values) > 1 and not many:
            raise BadParameter(name, "Given more than once.")
        if any("\0" in value for value in values):
            raise BadParameter(name, _NUL)
        document[name] = values if many else values[0]
    try:
        return _loaded(schema, document)
    except ValidationError as error:
        faults = [Fault(str(path[0]) if path else "", text, parameter=True) for path, text in _flatten(error.messages)]
        raise InvalidInput(faults) from error


def _field(schema: Schema, name: str) -> fields.Field[Any] | None:
    for field_name, field in schema.fields.items():
        if (field.data_key or field_name) == name:
            return field
    return None


def _loaded(schema: Schema, document: Any) -> dict[str, Any]:
    loaded = schema.load(document, unknown="raise")
    assert isinstance(loaded, dict)
    return loaded


def _flatten(messages: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(messages, Mapping):
        for part, inner in messages.items():
            yield from _flatten(inner, path if part == "_schema" else (*path, part))
    elif isinstance(messages, list):
        for message in messages:
            yield from _flatten(message, path)
    else:
        yield path, str(messages)


def _pointer(path: tuple[Any, ...]) -> str:
    """RFC 6901 as a URI fragment: #/lines/0/amount."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_has_nul, value))
