"""The contract of an event in JSON Schema 2020-12, made from its class."""

import inspect
from typing import Any

import msgspec

from shared.contracts import Event
from shared.contracts.examples import example

Schema = dict[str, Any]


def schema_id(event: type[Event]) -> str:
    """The absolute URI that names the schema wherever the platform runs; the services serve it under /schemas.

    It is no address: an event outlives the host name of the machine that said it.
    """
    return f"urn:intercoop:schema:{event.routing_key()}"


def schema(event: type[Event]) -> Schema:
    """The schema of the event's `data`, with what the contract fixes beside it as x- annotations, and an example."""
    _, components = msgspec.json.schema_components([event], ref_template="#/$defs/{name}")
    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_id(event),
        "x-type": event.type_name(),
        "x-topic": event.topic,
        "x-version": event.version,
        "x-visibility": event.visibility,
        "x-subject": f"{event.entity()}/{{{event.subject_field}}}",
        **components[event.__name__],
        # msgspec takes the docstring as Python keeps it, and how it is indented depends on Python's version.
        "description": inspect.getdoc(event),
        "examples": [example(event)],
    }
    # As it will be read: a default of several values is a tuple in Python and a list in JSON.
    return msgspec.json.decode(msgspec.json.encode(found), type=Schema)
