"""A believable value for every field, so that each event has an example nobody had to write."""

from dataclasses import MISSING, fields
from datetime import date
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from shared.contracts import Event

_ID = "00000000-0000-7000-8000-{:012x}"
"""Ids of examples and of sandbox events: no clock ever gave such a UUIDv7, so they are told from real ones by sight."""

_WORDS = {
    "name": "Cooperativa de ejemplo",
    "country": "AR",
    "currency": "USD",
    "language": "es",
    "sectors": "agriculture",
    "email": "ejemplo@example.org",
}


def example_id(number: int) -> UUID:
    """An id of the form reserved for examples and sandbox events; `number` has at most 48 bits."""
    return UUID(_ID.format(number))


def is_example_id(value: UUID) -> bool:
    """Whether the id has the reserved form."""
    return str(value).startswith(_ID[:24])


def example(event: type[Event]) -> Event:
    """An event of this class with a value in every field, always the same one."""
    hints = get_type_hints(event)
    return event(
        **{
            field.name: _value(field.name, hints[field.name], number)
            for number, field in enumerate(fields(event), start=1)  # type: ignore[arg-type] # each Event is a dataclass
            if field.default is MISSING or hints[field.name] is not bool
        }
    )


def _value(name: str, kind: Any, number: int) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return _value(name, get_args(kind)[0], number)
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) is tuple:
        return (_value(name, get_args(kind)[0], number),)
    simple = {UUID: example_id(number), date: date(2026, 1, 31), int: number, bool: True, str: _word(name)}
    return simple[kind]


def _word(name: str) -> str:
    return _WORDS.get(name, f"{name.replace('_', ' ')} of the example")
