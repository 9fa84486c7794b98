"""What the funding service says happened. It publishes nothing yet; it answers from its replica of members."""

from shared.contracts import Event

EVENTS: tuple[type[Event], ...] = ()
