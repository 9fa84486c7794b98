"""The AsyncAPI 3.0 document of a service: what it says, what it listens to, and where on the broker that is."""

import inspect
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from shared.contracts import Event
from shared.contracts.catalogue import BY_PUBLISHER
from shared.contracts.schemas import Schema, schema
from shared.messaging.subscription import Subscription
from shared.messaging.topology import EXCHANGE
from shared.messaging.wire import CONTENT_TYPE

_BINDING = "0.3.0"
_STRING = {"type": "string", "minLength": 1}

ENVELOPE: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0, structured JSON. Extensions not named here may come at any time.",
    "required": ["specversion", "id", "source", "type", "subject", "time", "subjectversion", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "UUIDv7; the same event keeps its id when repeated"},
        "source": {"type": "string", "format": "uri-reference"},
        "type": _STRING,
        "subject": _STRING | {"description": "What it is about; order is kept within one subject"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "format": "uri", "description": "The $id of the schema of `data`"},
        "subjectversion": {"type": "integer", "minimum": 1, "description": "Counts the subject's events from 1"},
        "correlationid": _STRING | {"description": "Joins everything one outside request set off"},
        "causationid": _STRING | {"description": "The event directly before"},
        "actor": _STRING,
        "traceparent": _STRING | {"description": "W3C Trace Context"},
        "sandbox": {"type": "boolean", "description": "true: made for integrators to see, nothing happened"},
    },
}


def document(service: str, subscriptions: Sequence[Subscription], *, amqp_uri: str, public_url: str) -> dict[str, Any]:
    """The whole document. Of `amqp_uri` it shows host and virtual host only."""
    sends = BY_PUBLISHER[service]
    receives = [event for subscription in subscriptions for event in subscription.events]
    known = {event.routing_key(): event for event in (*sends, *receives)}
    vhost = unquote(urlsplit(amqp_uri).path[1:]) or "/"
    return {
        "asyncapi": "3.0.0",
        "info": _info(service),
        "defaultContentType": CONTENT_TYPE,
        "servers": _servers(amqp_uri, public_url, vhost),
        "channels": {key: _channel(event, vhost) for key, event in known.items()},
        "operations": {**_sends(sends), **_receives(subscriptions)},
        "components": {
            "messages": {key: _message(event) for key, event in known.items()},
            "schemas": {"CloudEvent": ENVELOPE, **{key: schema(event) for key, event in known.items()}},
            "securitySchemes": {
                "user": {"type": "userPassword"},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _info(service: str) -> dict[str, Any]:
    return {
        "title": f"Intercoop {service} events",
        "version": "1",
        "description": (
            "Events on RabbitMQ, and the public ones over HTTP at /feed. Delivered at least once and in order of "
            "`subjectversion` within a subject on the feed; a reader ignores ids it has handled and fields it does not "
            "know. Contracts grow by optional fields only; a breaking change is a new version beside the old."
        ),
    }


def _servers(amqp_uri: str, public_url: str, vhost: str) -> dict[str, Any]:
    broker, feed = urlsplit(amqp_uri), urlsplit(public_url)
    broker_host = f"{broker.hostname}:{broker.port}" if broker.port else str(broker.hostname)
    return {
        "broker": {
            "host": broker_host,
            "protocol": broker.scheme,
            "pathname": vhost,
            "security": [{"$ref": "#/components/securitySchemes/user"}],
        },
        "feed": {
            "host": feed.netloc,
            "pathname": f"{feed.path.rstrip('/')}/feed",
            "protocol": feed.scheme,
            "description": "Public events by position, as pages with long poll or as server-sent events.",
            "security": [{"$ref": "#/components/securitySchemes/token"}],
        },
    }


def _channel(event: type[Event], vhost: str) -> dict[str, Any]:
    servers = ["broker", "feed"] if event.visibility == "public" else ["broker"]
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False, "vhost": vhost}
    return {
        "address": event.routing_key(),
        "description": inspect.getdoc(event),
        "servers": [{"$ref": f"#/servers/{name}"} for name in servers],
        "messages": {"event": {"$ref": f"#/components/messages/{event.routing_key()}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": _BINDING}},
        "x-visibility": event.visibility,
    }


def _message(event: type[Event]) -> dict[str, Any]:
    key = event.routing_key()
    pinned = {
        "type": {"const": event.type_name()},
        "source": {"const": f"/{event.publisher()}"},
        "data": {"$ref": f"#/components/schemas/{key}"},
    }
    return {
        "name": event.type_name(),
        "title": event.__name__,
        "summary": inspect.getdoc(event),
        "contentType": CONTENT_TYPE,
        "payload": {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, {"properties": pinned}]},
        "correlationId": {"location": "$message.payload#/correlationid"},
        "bindings": {"amqp": {"messageType": event.type_name(), "bindingVersion": _BINDING}},
    }


def _sends(events: Iterable[type[Event]]) -> dict[str, Any]:
    binding = {"deliveryMode": 2, "mandatory": True, "timestamp": True, "bindingVersion": _BINDING}
    return {
        f"send.{event.routing_key()}": {
            "action": "send",
            "channel": _channel_of(event),
            "messages": [_message_of(event)],
            "bindings": {"amqp": binding},
        }
        for event in events
    }


def _receives(subscriptions: Iterable[Subscription]) -> dict[str, Any]:
    return {
        f"{subscription.name}.{event.routing_key()}": {
            "action": "receive",
            "channel": _channel_of(event),
            "messages": [_message_of(event)],
            "bindings": {"amqp": {"ack": True, "bindingVersion": _BINDING}},
            "x-queue": subscription.queue,
        }
        for subscription in subscriptions
        for event in subscription.events
    }


def _channel_of(event: type[Event]) -> dict[str, str]:
    return {"$ref": f"#/channels/{event.routing_key()}"}


def _message_of(event: type[Event]) -> dict[str, str]:
    return {"$ref": f"#/channels/{event.routing_key()}/messages/event"}
