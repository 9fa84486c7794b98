"""Every event on the wire is a CloudEvent by the official schema, and envelopes of other editions are read."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest

from shared.contracts import Event
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.examples import example
from shared.contracts.golden import read
from shared.messaging.wire import Unreadable, decode, encode
from shared.tracing import Trace

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
EVENTS = sorted(BY_TYPE.values(), key=lambda event: event.routing_key())
RECORDED = (Path(__file__).parent / "recorded.ndjson").read_text().splitlines()


def on_the_wire(event: type[Event], *, sandbox: bool = False) -> str:
    trace = Trace(causation_id="0198c0de-0000-7000-8000-000000000000", actor="user/7")
    event_id = UUID("0198c0de-0000-7000-8000-000000000001")
    head, tail = encode(example(event), event_id=event_id, time=NOW, trace=trace, sandbox=sandbox)
    return f"{head}7{tail}"


@pytest.mark.parametrize("sandbox", [False, True], ids=["real", "sandbox"])
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.routing_key())
def test_an_event_is_valid_by_the_official_schema_and_its_own(
    event: type[Event], sandbox: bool, standards: Path
) -> None:
    official = json.loads((standards / "cloudevents" / "cloudevents.json").read_text())
    said: dict[str, Any] = json.loads(on_the_wire(event, sandbox=sandbox))
    jsonschema_rs.Draft7Validator(official, validate_formats=True).validate(said)
    golden = read(event)
    jsonschema_rs.Draft202012Validator(golden, validate_formats=True).validate(said["data"])
    assert said["dataschema"] == golden["$id"]
    assert said["type"] == golden["x-type"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.routing_key())
def test_attribute_names_and_values_keep_to_the_rules_of_the_specification(event: type[Event]) -> None:
    attributes = json.loads(on_the_wire(event, sandbox=True))
    attributes.pop("data")
    assert all(name.isalnum() and name.islower() and len(name) <= 20 for name in attributes)
    assert all(isinstance(value, str | bool | int) and value != "" for value in attributes.values())


@pytest.mark.parametrize("line", RECORDED, ids=lambda line: json.loads(line)["type"].removeprefix("coop.intercoop."))
def test_a_recorded_event_is_read_whatever_edition_it_is_of(line: str) -> None:
    said = json.loads(line)
    delivery = decode(line)
    assert (str(delivery.id), delivery.subject) == (said["id"], said["subject"])
    assert delivery.subject_version == said["subjectversion"]
    assert type(delivery.event) is BY_TYPE[said["type"]]


def test_the_envelope_of_tomorrow_is_read_by_the_reader_of_today() -> None:
    said = json.loads(on_the_wire(EVENTS[0])) | {"tenant": "ica", "sequence": "000000000001"}
    said["data"]["field_of_tomorrow"] = {"deep": [1, None]}
    assert decode(json.dumps(said)).event == example(EVENTS[0])


def test_only_a_sandbox_event_is_marked() -> None:
    assert decode(on_the_wire(EVENTS[0], sandbox=True)).sandbox
    assert not decode(on_the_wire(EVENTS[0])).sandbox
    assert "sandbox" not in json.loads(on_the_wire(EVENTS[0]))


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("specversion", "0.3"), ("id", "not-a-uuid"), ("time", "yesterday"), ("type", "coop.intercoop.shop.x.y.v1")],
)
def test_an_envelope_that_breaks_the_rules_is_unreadable(attribute: str, value: str) -> None:
    said = json.loads(on_the_wire(EVENTS[0])) | {attribute: value}
    with pytest.raises(Unreadable):
        decode(json.dumps(said))
