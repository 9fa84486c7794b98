"""Sends a service requests made up from its API document: `python -m tests.contracts.fuzzing URL RIGHT WRONG`.

RIGHT and WRONG are how many for each route that the document allows, and that it does not; TOKEN is the caller's.
Prints, as a JSON list, every answer outside the document and how it was got.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import FailedHealthCheck, Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def cases(operation: Any, mode: GenerationMode, examples: int) -> list[Any]:
    """Requests for one route, all made up before the first is sent.

    hypothesis calls a test again with what failed in it, and takes a server that answers otherwise by then for
    flakiness; here no answer has a say in what is generated.
    """
    found: list[Any] = []

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=set(HealthCheck) - {HealthCheck.filter_too_much},
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def keep(case: Any) -> None:
        found.append(case)

    try:
        keep()
    except (FailedHealthCheck, Unsatisfiable):
        # A route to which any text is right can't be sent anything wrong. Of 50 tries in vain hypothesis says so at
        # once; it gave up after 459, which took most of the time that all routes together did.
        assert mode is GenerationMode.NEGATIVE, operation.label
        assert not found, f"{operation.label} can be sent something wrong, but too seldom is"
    return found


def complaints(case: Any, headers: dict[str, str]) -> list[str]:
    """What is wrong with the answer to one request."""
    if isinstance(case.query, dict):
        case.query.pop("wait", None)  # a long poll would do as it is told
    try:
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=30)
    except FailureGroup as group:
        return [str(failure) for failure in group.exceptions]
    return []


def all_complaints(url: str, numbers: dict[GenerationMode, int], headers: dict[str, str]) -> Iterator[str]:
    """Route by route, first with what the document allows and then with what it does not."""
    for result in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations():
        operation = result.ok()
        for mode, examples in numbers.items():
            for case in cases(operation, mode, examples):
                yield from (f"{mode.value} {operation.label}: {found}" for found in complaints(case, headers))


if __name__ == "__main__":
    caller = {"Authorization": f"Bearer {os.environ['TOKEN']}", "Accept-Language": "es"}
    _, address, right, wrong = sys.argv
    asked = {GenerationMode.POSITIVE: int(right), GenerationMode.NEGATIVE: int(wrong)}
    json.dump(list(all_complaints(address, asked, caller)), sys.stdout)
