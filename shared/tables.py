"""Every table of shared/ in one import, so that `plumbing` is whole wherever it is compared or created."""

from shared.database import plumbing
from shared.messaging import outbox

__all__ = ["outbox", "plumbing"]
