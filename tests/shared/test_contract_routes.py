"""A service tells machines what it publishes, in documents that hold."""

import json
from pathlib import Path

import httpx
import jsonschema_rs
import pytest

from shared.contracts.catalogue import BY_PUBLISHER
from shared.contracts.golden import read

EVENTS = BY_PUBLISHER["membership"]


def test_the_index_leads_from_every_event_to_its_schema_and_an_example(client: httpx.Client) -> None:
    items = client.get("/schemas", headers={"Authorization": ""}).raise_for_status().json()["items"]
    assert [item["routing_key"] for item in items] == [event.routing_key() for event in EVENTS]
    for item, event in zip(items, EVENTS, strict=True):
        answer = client.get(item["schema"], headers={"Authorization": ""})
        assert answer.headers["Content-Type"] == "application/schema+json"
        assert answer.json() == read(event)
        jsonschema_rs.validate(answer.json(), item["example"])
        assert (item["dataschema"], item["visibility"]) == (answer.json()["$id"], event.visibility)


@pytest.mark.parametrize("name", ["membership.member.admitted.v9.json", "funding.x.y.v1.json", "membership.json"])
def test_a_schema_of_somebody_elses_or_no_event_is_not_found(client: httpx.Client, name: str) -> None:
    answer = client.get(f"/schemas/{name}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_the_asyncapi_document_of_a_running_service_is_valid(client: httpx.Client) -> None:
    document = client.get("/asyncapi.json", headers={"Authorization": ""}).raise_for_status().json()
    assert {f"send.{event.routing_key()}" for event in EVENTS} <= document["operations"].keys()
    official = Path(__file__).parents[3] / "shared" / "data" / "standards" / "asyncapi" / "3.0.0.json"
    if not official.exists():
        pytest.skip(f"the official schema is not at {official}")
    jsonschema_rs.Draft7Validator(json.loads(official.read_text())).validate(document)
