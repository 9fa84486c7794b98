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


class MessageRead(Event, topic="comms.message.read", subject="message_id"):
    """An organization saw a message in its inbox, for the first time."""

    message_id: UUID
    organization_id: UUID
    purpose: str


class ContactUnreachable(Event, topic="comms.contact.unreachable", subject="contact_id"):
    """The contact's mail server refuses its address for ever; said once, however many mails are refused after."""

    contact_id: UUID
    organization_id: UUID
    role: str


class ContactCleared(Event, topic="comms.contact.cleared", subject="contact_id"):
    """The contact is unreachable no more: a mail was taken, its address is another, or nobody writes there again."""

    contact_id: UUID
    organization_id: UUID
    role: str


EVENTS: tuple[type[Event], ...] = (MessageDelivered, MessageRead, ContactUnreachable, ContactCleared)
