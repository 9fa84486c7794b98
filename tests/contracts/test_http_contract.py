"""No service answers anything its API document does not say, whatever is sent; least of all a 500."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup

from intercoop.instance import SERVICES
from tests.conftest import Servers
from tests.system import System, system

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture(scope="module")
def house(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """All four services, without relays: nothing here waits for an event."""
    with system(servers, tmp_path_factory.mktemp("house")) as house:
        house.start(*SERVICES)
        yield house


def exercise(operation: Any, mode: GenerationMode, headers: dict[str, str], examples: int) -> None:
    """Send one route `examples` requests and hold every answer against the document."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        if isinstance(case.query, dict):
            case.query.pop("wait", None)  # a long poll would do as it is told
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=30)

    send()


def complaints(url: str, token: str, examples: int) -> list[str]:
    """Every route with an answer outside the document, and how it was got."""
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "es"}
    found = []
    for result in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations():
        operation = result.ok()
        for mode in MODES:
            try:
                exercise(operation, mode, headers, examples)
            except FailureGroup as group:
                found += [f"{mode.value} {operation.label}: {failure}" for failure in group.exceptions]
            except Unsatisfiable:
                # A route without body, path part or parameter can't be sent anything wrong.
                assert mode is GenerationMode.NEGATIVE, operation.label
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_no_answer_is_outside_the_document(house: System, service: str) -> None:
    url = house.plan.instance.services[service].url
    assert complaints(url, house.plan.instance.token(), examples=5) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("service", SERVICES)
def test_no_answer_is_outside_the_document_however_often(house: System, service: str) -> None:
    url = house.plan.instance.services[service].url
    assert complaints(url, house.plan.instance.token(), examples=100) == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_is_valid_openapi(house: System, service: str, standards: Path) -> None:
    with house.api(service) as api:
        document = api.get("/openapi.json").json()
    validate(document)
    official = yaml.safe_load((standards / "openapi" / "3.1-schema.yaml").read_text())
    jsonschema.Draft202012Validator(official).validate(document)


@pytest.mark.parametrize("service", SERVICES)
def test_without_a_token_nothing_but_what_is_public_answers(house: System, service: str) -> None:
    public = {"/", "/docs", "/docs/{name}", "/problems/{code}", "/openapi.json", "/asyncapi.json", "/metrics"}
    public |= {"/schemas", "/schemas/{routing_key}.json", "/health/live", "/health/ready"}
    with house.api(service) as api:
        del api.headers["Authorization"]
        document = api.get("/openapi.json").json()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                filled = path.replace("{", "00000000-0000-7000-8000-").replace("}", "")
                if operation["security"]:
                    status = api.request(method, filled).status_code
                    assert status in {401, 404}, f"{method} {path}"
                else:
                    assert path in public or path.startswith("/v1/links/"), f"{method} {path} is public"
