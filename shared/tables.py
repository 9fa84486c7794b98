"""Every table of shared/ in one import, so that `plumbing` is whole wherever it is compared or created."""

from shared.database import plumbing
from shared.http import idempotency, keys
from shared.messaging import dead_letters, inbox, outbox, subscriptions

__all__ = ["dead_letters", "idempotency", "inbox", "keys", "outbox", "plumbing", "subscriptions"]
