"""What a service says about itself is true, valid and readable without internet."""

import re
from pathlib import Path

import httpx
import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import validate

from shared.http.openapi import api_document
from shared.http.routing import routes_of
from tests.notes_service import NotesService

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "standards" / "openapi" / "3.1-schema.yaml"


def test_the_document_is_valid_openapi(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document == api_document(NotesService)
    validate(document)


def test_the_document_is_valid_by_the_official_schema() -> None:
    if not OFFICIAL.is_file():
        pytest.skip(f"the official schema is not at {OFFICIAL}")
    schema = yaml.safe_load(OFFICIAL.read_text())
    jsonschema_rs.Draft202012Validator(schema).validate(api_document(NotesService))


def test_it_says_scope_headers_and_refusals_of_a_route() -> None:
    change = api_document(NotesService)["paths"]["/v1/notes/{note_id}"]["patch"]
    assert change["security"] == [{"bearer": ["membership:write"]}]
    assert {"If-Match", "Idempotency-Key"} <= {parameter["name"] for parameter in change["parameters"]}
    assert {"200", "400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "503"} <= set(
        change["responses"]
    )
    assert "ETag" in change["responses"]["200"]["headers"]


def test_what_may_be_sent_is_closed_and_what_is_answered_may_grow() -> None:
    schemas = api_document(NotesService)["components"]["schemas"]
    assert schemas["NoteRequest"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["NoteResponse"]


def test_public_routes_are_those_that_say_so() -> None:
    public = {declaration.path for _, _, declaration in routes_of(NotesService) if declaration.scope is None}
    assert public == {
        "/",
        "/asyncapi.json",
        "/docs",
        "/docs/<name>",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
        "/problems/<code>",
        "/schemas",
        "/schemas/<routing_key>.json",
        "/v1/ticks",
    }


def test_the_start_leads_to_the_documentation(client: httpx.Client) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/docs")


def test_the_page_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "/docs/docs.js" in addresses
    for address in addresses:
        assert address.startswith("/")
        assert client.get(address).status_code == 200
    assert "http://" not in page.text + client.get("/docs/docs.js").text


def test_no_other_file_is_given_out(client: httpx.Client) -> None:
    for name in ("../call.py", "..%2fcall.py", "call.py", "docs.py"):
        assert client.get(f"/docs/{name}").status_code == 404


def test_every_problem_type_leads_to_its_page(client: httpx.Client) -> None:
    kind = client.post("/v1/notes", json={"title": "forbidden"}).json()["type"]
    page = client.get(kind)
    assert page.status_code == 200
    assert "A note may not be called {title}." in page.text
