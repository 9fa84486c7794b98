"""Each service's AsyncAPI document is valid and says where its events are."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from shared.clock import utc_now
from shared.contracts.catalogue import BY_PUBLISHER
from shared.contracts.examples import example
from shared.contracts.membership import ContactChanged, MemberAdmitted
from shared.ids import uuid7
from shared.messaging.asyncapi import document
from shared.messaging.subscription import Subscription
from shared.messaging.wire import encode
from shared.tracing import Trace

WELCOME = Subscription(service="comms", name="welcome_member", events=(MemberAdmitted, ContactChanged))


def a_document(service: str, *subscriptions: Subscription) -> dict[str, Any]:
    return document(
        service, subscriptions, amqp_uri="amqps://user:secret@broker.example/house", public_url="https://api.example/x"
    )


def resolve(whole: dict[str, Any], reference: str) -> dict[str, Any]:
    found = whole
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


@pytest.mark.parametrize("service", BY_PUBLISHER)
def test_the_document_is_valid_by_the_official_schema(service: str, standards: Path) -> None:
    official = json.loads((standards / "asyncapi" / "3.0.0.json").read_text())
    jsonschema_rs.Draft7Validator(official).validate(a_document(service, WELCOME))


def test_the_official_schema_would_refuse_a_wrong_one(standards: Path) -> None:
    official = json.loads((standards / "asyncapi" / "3.0.0.json").read_text())
    wrong = a_document("comms", WELCOME)
    wrong["channels"]["membership.member.admitted.v1"]["bindings"]["amqp"]["bindingVersion"] = "9"
    assert not jsonschema_rs.Draft7Validator(official).is_valid(wrong)


def test_every_reference_leads_somewhere() -> None:
    whole = a_document("membership", WELCOME)

    def references(part: Any) -> list[str]:
        if isinstance(part, list):
            return [found for item in part for found in references(item)]
        if not isinstance(part, dict):
            return []
        return [part["$ref"]] if "$ref" in part else [found for item in part.values() for found in references(item)]

    assert all(resolve(whole, reference) for reference in references(whole))


def test_it_names_what_is_sent_and_what_is_received() -> None:
    operations = a_document("comms", WELCOME)["operations"]
    assert {name: operation["action"] for name, operation in operations.items()} == {
        **{f"send.{event.routing_key()}": "send" for event in BY_PUBLISHER["comms"]},
        "welcome_member.membership.member.admitted.v1": "receive",
        "welcome_member.membership.contact.changed.v1": "receive",
    }
    assert operations["welcome_member.membership.member.admitted.v1"]["x-queue"] == "comms.welcome_member"


def test_it_shows_where_the_broker_is_but_no_password() -> None:
    whole = a_document("comms")
    assert (whole["servers"]["broker"]["host"], whole["servers"]["broker"]["pathname"]) == ("broker.example", "house")
    assert whole["servers"]["feed"]["pathname"] == "/x/feed"
    assert "secret" not in json.dumps(whole)


def test_an_internal_event_is_not_promised_on_the_feed() -> None:
    channels = a_document("membership")["channels"]
    on_feed = {key for key, channel in channels.items() if {"$ref": "#/servers/feed"} in channel["servers"]}
    assert on_feed == {e.routing_key() for e in BY_PUBLISHER["membership"] if e.visibility == "public"}
    assert "membership.contact.changed.v1" in channels


def test_an_event_on_the_wire_is_valid_by_the_payload_of_its_message() -> None:
    whole = a_document("membership")
    message = whole["components"]["messages"]["membership.member.admitted.v1"]
    head, tail = encode(example(MemberAdmitted), event_id=uuid7(), time=utc_now(), trace=Trace())
    payload = message["payload"] | {"components": whole["components"]}
    validator = jsonschema_rs.Draft202012Validator(payload, validate_formats=True)
    validator.validate(json.loads(f"{head}1{tail}"))
    assert not validator.is_valid(json.loads(f"{head}0{tail}"))
    assert not validator.is_valid(json.loads(f"{head}1{tail}".replace("/membership", "/comms")))
