"""No service answers anything its API document does not say, whatever is sent; least of all a 500."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import validate

from intercoop.instance import SERVICES
from tests.conftest import Servers
from tests.system import System, system

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def house(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """All four services, without relays: nothing here waits for an event."""
    with system(servers, tmp_path_factory.mktemp("house")) as house:
        house.start(*SERVICES)
        yield house


def complaints(url: str, token: str, *, right: int, wrong: int) -> list[str]:
    """Every answer outside the document, and how it was got.

    What is generated follows the order of Python's sets, which is another in every process unless it is told: a
    request that shows a fault must be the same in the next run.
    """
    command = [sys.executable, "-m", "tests.contracts.fuzzing", url, str(right), str(wrong)]
    env = os.environ | {"PYTHONHASHSEED": "0", "TOKEN": token}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.timeout(900)  # grows with the routes, and shares two cores with other tests
def test_no_answer_is_outside_the_document(house: System, service: str) -> None:
    url = house.plan.instance.services[service].url
    assert complaints(url, house.plan.instance.token(), right=2, wrong=1) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("service", SERVICES)
def test_no_answer_is_outside_the_document_however_often(house: System, service: str) -> None:
    url = house.plan.instance.services[service].url
    assert complaints(url, house.plan.instance.token(), right=100, wrong=100) == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_is_valid_openapi(house: System, service: str, standards: Path) -> None:
    with house.api(service) as api:
        document = api.get("/openapi.json").json()
    validate(document)
    official = yaml.safe_load((standards / "openapi" / "3.1-schema.yaml").read_text())
    jsonschema_rs.Draft202012Validator(official).validate(document)


@pytest.mark.parametrize("service", SERVICES)
def test_without_a_token_nothing_but_what_is_public_answers(house: System, service: str) -> None:
    public = {"/", "/docs", "/docs/{name}", "/problems/{code}", "/openapi.json", "/asyncapi.json", "/metrics"}
    opened = ("/v1/links/", "/v1/public/")
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
                    assert path in public or path.startswith(opened), f"{method} {path} is public"
