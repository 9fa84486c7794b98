"""Whatever a caller may send is shown by an example in the API's document, or says by itself what it is."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.comms.service import CommsService
from services.events.service import EventsService
from services.funding.service import FundingService
from services.membership.service import MembershipService
from shared.http.openapi import api_document

SERVICES = (MembershipService, FundingService, EventsService, CommsService)
TELLING = {"example", "enum", "format", "const", "$ref", "allOf", "anyOf", "oneOf"}
BY_PAGING = {"cursor"}
"""What an answer before gives, and nobody makes up."""


def is_told(node: dict[str, Any]) -> bool:
    """An example, a closed list, a known form, a yes or no, or a default that is more than nothing."""
    kinds = {node["type"]} if isinstance(node.get("type"), str) else set(node.get("type", ()))
    if TELLING & node.keys() or kinds == {"boolean"} or node.get("default") not in (None, ""):
        return True
    if "array" in kinds:
        return is_told(node["items"])
    return "object" in kinds and bool(node.get("properties"))


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value.rpartition("/")[2] for name, value in node.items() if name == "$ref")
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def sent(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every query parameter, and every field of a body, however deep."""
    schemas = document["components"]["schemas"]
    waiting, seen = set(), set()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            waiting |= set(references(operation.get("requestBody")))
            for one in operation.get("parameters", ()):
                if one.get("in") == "query" and one["name"] not in BY_PAGING:
                    yield f"{path}?{one['name']}", one["schema"] | {name: one[name] for name in TELLING & one.keys()}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting |= set(references(schemas[name])) - seen
        for field, node in schemas[name].get("properties", {}).items():
            yield f"{name}.{field}", node


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_nothing_a_caller_sends_is_without_an_example(service: type) -> None:
    found = list(sent(api_document(service)))
    assert len(found) > 10
    assert [name for name, node in found if not is_told(node)] == []
