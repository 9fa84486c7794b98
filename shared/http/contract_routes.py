"""The published language of a service, for machines: AsyncAPI, and a JSON Schema per event."""

from typing import Any, ClassVar

from werkzeug.wrappers import Response

from shared.contracts import Event
from shared.contracts.catalogue import BY_PUBLISHER
from shared.contracts.golden import read
from shared.http.call import Call
from shared.http.exchange import json_response
from shared.http.problems import RouteNotFound
from shared.http.routing import route
from shared.messaging.asyncapi import document
from shared.messaging.subscribe import Subscribed

SCHEMA_TYPE = "application/schema+json"


class ContractRoutes:
    """/asyncapi.json and /schemas."""

    name: ClassVar[str]

    @route("GET", "/asyncapi.json", scope=None)
    def asyncapi(self, call: Call) -> dict[str, Any]:
        """What this service says and what it listens to (AsyncAPI 3.0)."""
        heard = [entry.subscription for entry in call.container.entrypoints if isinstance(entry, Subscribed)]
        heard.sort(key=lambda subscription: subscription.name)
        return document(self.name, heard, amqp_uri=call.settings.amqp_uri, public_url=call.settings.public_url)

    @route("GET", "/schemas", scope=None)
    def list_schemas(self, call: Call) -> dict[str, Any]:
        """Every event this service publishes, with an example of its data and the address of its schema."""
        return {"items": [_entry(event) for event in BY_PUBLISHER[self.name]]}

    @route("GET", "/schemas/<routing_key>.json", scope=None, produces=SCHEMA_TYPE)
    def read_schema(self, call: Call, *, routing_key: str) -> Response:
        """The JSON Schema (2020-12) of an event's data, as it was promised."""
        for event in BY_PUBLISHER[self.name]:
            if event.routing_key() == routing_key:
                response = json_response(read(event), 200)
                response.content_type = SCHEMA_TYPE
                return response
        raise RouteNotFound


def _entry(event: type[Event]) -> dict[str, Any]:
    golden = read(event)
    return {
        "type": event.type_name(),
        "routing_key": event.routing_key(),
        "version": event.version,
        "visibility": event.visibility,
        "subject": golden["x-subject"],
        "description": golden["description"],
        "dataschema": golden["$id"],
        "schema": f"/schemas/{event.routing_key()}.json",
        "example": golden["examples"][0],
    }
