"""What the comms service says happened."""

from typing import Literal
from uuid import UUID

from shared.contracts import Event

Channel = Literal["email", "inbox"]


class MessageDelivered(Event, topic="comms.message.delivered", subject="message_id"):
    """A message reached its channel: the mail server took it, or it stands in the inbox."""

    message_id: UUID
    organization_id: UUID
    channel: Channel
    purpose: str


EVENTS: tuple[type[Event], ...] = (MessageDelivered,)
