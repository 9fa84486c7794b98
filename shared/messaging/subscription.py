"""What a subscription is: its name, the events it wants and how its handler takes them."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy.orm import Session

from shared.contracts import Event
from shared.messaging import topology

Projection = Callable[[Session], None]
"""Empties what the subscription's handler built, so that it can be built again."""


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """One named consumer of events. `name` is the handler's, unique within the service."""

    service: str
    name: str
    events: tuple[type[Event], ...]
    latest: bool = False
    many: bool = False
    projection: Projection | None = None

    @property
    def group(self) -> int:
        """Most events in one transaction: a list costs the handler a statement, single events cost it one each."""
        return 500 if self.many else 100

    @property
    def queue(self) -> str:
        return topology.queue(self.service, self.name)

    @property
    def lock_key(self) -> int:
        """Advisory lock: every unit of work shares it, a rebuild has it alone."""
        return int.from_bytes(blake2b(f"subscription {self.name}".encode(), digest_size=8).digest(), signed=True)

    @property
    def streams(self) -> list[str]:
        """The logs that hold all its events, one per publisher; the internal one where any of them is internal."""
        internal = {event.publisher() for event in self.events if event.visibility == "internal"}
        publishers = sorted({event.publisher() for event in self.events})
        return [topology.stream(name, "internal" if name in internal else "public") for name in publishers]
