"""What callers get is what marshmallow would have dumped, for every schema that a route answers with."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import Schema, fields

from services.comms.service import CommsService
from services.events.service import EventsService
from services.funding.service import FundingService
from services.membership.service import MembershipService
from shared.http.dumping import dump
from shared.http.routing import routes_of

SERVICES = (MembershipService, FundingService, EventsService, CommsService)
SCHEMAS = {
    type(declaration.returns).__name__: declaration.returns
    for service in SERVICES
    for _, _, declaration in routes_of(service)
    if declaration.returns is not None
}

_moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis adds the zone
VALUES: dict[type[Any], st.SearchStrategy[Any]] = {
    fields.String: st.text(max_size=9) | st.integers() | st.sampled_from([b"bytes", UUID(int=7)]),
    fields.Email: st.just("a@b.invalid"),
    fields.UUID: st.uuids(),
    fields.Integer: st.integers() | st.booleans(),
    fields.Float: st.floats(allow_nan=False),
    fields.Boolean: st.booleans(),
    fields.Date: st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    fields.DateTime: _moments,
    fields.AwareDateTime: _moments,
    fields.Raw: st.integers() | st.text(max_size=3),
    fields.Field: st.integers(),
}


class Named(SimpleNamespace):
    """Read by attribute."""


class Proxy:
    """Read by attributes that are looked up elsewhere."""

    def __init__(self, inside: Named) -> None:
        self._inside = inside

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inside, name)


def of_field(field: fields.Field[Any]) -> st.SearchStrategy[Any]:
    if isinstance(field, fields.Nested):
        nested = of_schema(field.schema)
        return st.lists(nested, max_size=2) if field.many or field.schema.many else nested
    if isinstance(field, fields.List):
        return st.lists(st.none() | of_field(field.inner), max_size=2).map(lambda some: tuple(some) or some)
    if isinstance(field, fields.Dict):
        values = of_field(field.value_field) if field.value_field else st.text(max_size=3)
        return st.dictionaries(st.text(max_size=3), st.none() | values, max_size=2)
    return VALUES[type(field)]


@st.composite
def of_schema(draw: st.DrawFn, schema: Schema) -> Any:
    """Something with a value for most of what the schema shows, nothing for some, and some left out."""
    values: dict[str, Any] = {}
    for name, field in schema.dump_fields.items():
        match draw(st.integers(0, 9)):
            case 0 if not hasattr(dict, name):  # or a dictionary's own method would be found
                pass
            case 0 | 1:
                _put(values, field.attribute or name, None)
            case _:
                _put(values, field.attribute or name, draw(of_field(field)))
    shape = draw(st.sampled_from([dict, Named, Proxy]))
    return values if shape is dict else Named(**values) if shape is Named else Proxy(Named(**values))


def _put(values: dict[str, Any], path: str, value: Any) -> None:
    first, _, rest = path.partition(".")
    if rest:
        _put(values.setdefault(first, {}), rest, value)
    else:
        values[first] = value


@pytest.mark.parametrize("name", sorted(SCHEMAS))
@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_answer_is_what_marshmallow_makes_of_it(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]
    several = data.draw(st.lists(of_schema(schema), max_size=2))
    assert msgspec.json.encode(dump(schema, several, many=True)) == msgspec.json.encode(schema.dump(several, many=True))
    for one in several[:1]:
        assert dump(schema, one) == schema.dump(one)
