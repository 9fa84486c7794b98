"""Who may do what on the broker: users, permissions and policies, in the form RabbitMQ loads at its start."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping

from shared.contracts import Event
from shared.contracts.catalogue import BY_PUBLISHER
from shared.messaging import topology

VHOST = "intercoop"

ADMINISTRATOR = "administrator"
"""The one user who may see and do everything: the launcher's, never a service's."""

INTERNAL_READERS: Mapping[str, tuple[str, ...]] = {"membership": ("comms",)}
"""Which services may read whose internal events, since these carry personal data."""

PUBLIC_STREAM_DAYS = 365
"""How long a public stream keeps its events; an operator may change the policy without touching the code."""


def definitions(passwords: Mapping[str, str]) -> dict[str, object]:
    """What `load_definitions` takes; `passwords` has one entry a service and one for the administrator.

    Only hashes of the passwords leave this function. Loading it again changes nothing but the salts.
    """
    services = list(BY_PUBLISHER)
    return {
        "vhosts": [{"name": VHOST}],
        "users": [
            _user(ADMINISTRATOR, passwords[ADMINISTRATOR], tags=["administrator"]),
            *(_user(service, passwords[service], tags=[]) for service in services),
        ],
        "permissions": [
            {"user": ADMINISTRATOR, "vhost": VHOST, "configure": ".*", "write": ".*", "read": ".*"},
            *({"user": service, "vhost": VHOST, **permissions(service)} for service in services),
        ],
        "topic_permissions": [
            {"user": service, "vhost": VHOST, "exchange": topology.EXCHANGE, **topic_permissions(service)}
            for service in services
        ],
        "policies": [_retention()],
    }


def permissions(service: str) -> dict[str, str]:
    """What the service's user may declare, write to and read from: its own, the exchange, and streams meant for it.

    Each part declares the exchange itself, so that any of them may start first; hence its name under `configure`.
    """
    own = rf"{re.escape(service)}\."
    exchange = rf"{re.escape(topology.EXCHANGE)}$"
    streams = [rf"{re.escape(name)}$" for name in _foreign_streams(service)]
    mine = f"^({own}|{exchange})"
    return {"configure": mine, "write": mine, "read": f"^({'|'.join([own, exchange, *streams])})"}


def topic_permissions(service: str) -> dict[str, str]:
    """Which routing keys the service may publish (its own) and bind (its own and the events meant for it)."""
    own = rf"{re.escape(service)}\."
    keys = [rf"{re.escape(event.routing_key())}$" for event in _readable(service)]
    return {"write": f"^{own}", "read": f"^({'|'.join([own, *keys])})"}


def may_read_internal(service: str, publisher: str) -> bool:
    """Whether the publisher's internal events are meant for this service."""
    return service == publisher or service in INTERNAL_READERS.get(publisher, ())


def _foreign_streams(service: str) -> list[str]:
    others = [publisher for publisher in BY_PUBLISHER if publisher != service]
    public = [topology.stream(publisher, "public") for publisher in others]
    internal = [topology.stream(publisher, "internal") for publisher in others if may_read_internal(service, publisher)]
    return public + internal


def _readable(service: str) -> list[type[Event]]:
    return [
        event
        for publisher, events in BY_PUBLISHER.items()
        if publisher != service
        for event in events
        if event.visibility == "public" or may_read_internal(service, publisher)
    ]


def _retention() -> dict[str, object]:
    publishers = "|".join(re.escape(publisher) for publisher in BY_PUBLISHER)
    return {
        "vhost": VHOST,
        "name": "public-streams",
        "pattern": rf"^({publishers})\.events$",
        "apply-to": "queues",
        "priority": 0,
        "definition": {"max-age": f"{PUBLIC_STREAM_DAYS}D"},
    }


def _user(name: str, password: str, *, tags: list[str]) -> dict[str, object]:
    return {
        "name": name,
        "password_hash": password_hash(password, salt=secrets.token_bytes(4)),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "limits": {},
        "tags": tags,
    }


def password_hash(password: str, *, salt: bytes) -> str:
    """RabbitMQ's own form: four bytes of salt before the SHA-256 of salt and password, in base 64."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
