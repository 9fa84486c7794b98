"""Names and arguments of everything on the broker; no client library, so relay and subscriptions agree by import.

All of a service's own objects begin with its name, so one regular expression per broker user is enough.
"""

from shared.contracts import Event, Visibility
from shared.contracts.catalogue import BY_PUBLISHER

EXCHANGE = "intercoop.events"
"""The one durable topic exchange; routing key = topic and major version."""

RETRY_SECONDS = (1, 5, 30, 120, 600, 3600)
"""Delays before an event is tried again; one delay queue per step, since the head of a queue blocks the rest."""

DELIVERY_LIMIT = 20
"""Backstop against an event that kills the process: after so many returns the broker dead-letters it."""

INTERNAL_STREAM_DAYS = 30
"""Personal data travels in internal events only, and their stream keeps it no longer than this."""


def stream(publisher: str, visibility: Visibility) -> str:
    """The publisher's log: public events alone, or all of them."""
    return f"{publisher}.events" if visibility == "public" else f"{publisher}.events.internal"


def stream_arguments(visibility: Visibility) -> dict[str, object]:
    """The internal stream's age is fixed here, because privacy is no operator's choice; the public one's is a policy.

    Age is enforced by whole segments, so segments are small.
    """
    arguments: dict[str, object] = {"x-queue-type": "stream", "x-stream-max-segment-size-bytes": 50_000_000}
    if visibility == "internal":
        arguments["x-max-age"] = f"{INTERNAL_STREAM_DAYS}D"
    return arguments


def stream_bindings(publisher: str, visibility: Visibility) -> list[str]:
    """Routing keys the stream is bound by: each public event by name, or everything of the publisher."""
    if visibility == "internal":
        return [f"{publisher}.#"]
    return [event.routing_key() for event in BY_PUBLISHER[publisher] if event.visibility == "public"]


def queue(service: str, subscription: str) -> str:
    """The subscription's own quorum queue."""
    return f"{service}.{subscription}"


def queue_arguments(service: str) -> dict[str, object]:
    """A quorum queue that loses nothing: what the broker gives up on goes to the service's dead queue, confirmed."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": dead_exchange(service),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def dead_exchange(service: str) -> str:
    """Fanout exchange, and by the same name the queue behind it, for what the broker itself gave up on."""
    return f"{service}.dead"


def dead_arguments() -> dict[str, object]:
    """The dead queue is the last resort, so returning to it must never drop; RabbitMQ 4 would after 20 times."""
    return {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000_000}


def redeliver_exchange(service: str) -> str:
    """Direct exchange that brings delayed events back: routing key = the name of the queue they came from."""
    return f"{service}.redeliver"


def retry_queue(service: str, seconds: int) -> str:
    """Delay queue of one step, and by the same name the fanout exchange before it."""
    return f"{service}.retry.{seconds}s"


def retry_arguments(service: str, seconds: int) -> dict[str, object]:
    """Events wait `seconds`, then go back with the routing key they came with."""
    return {
        "x-queue-type": "quorum",
        "x-message-ttl": seconds * 1000,
        "x-dead-letter-exchange": redeliver_exchange(service),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def maker(queue: str) -> str:
    """Exclusive queue that whoever makes `queue` holds meanwhile, so that nobody deletes what another just made."""
    return f"{queue}.maker"


def registry_entry(queue: str) -> str:
    """Quorum queue that is there for a moment after `queue` was made, and nobody uses."""
    return f"{queue}.entry"


def bindings(events: tuple[type[Event], ...]) -> list[str]:
    """Routing keys a subscription to `events` binds its queue by."""
    return [event.routing_key() for event in events]
