"""Messages: put into an inbox, sent by mail, listed and read."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from services.comms.mail import MailDeferred, MailRefused, RecipientRefused
from services.comms.model import MergedOrganization, Message, MessageState
from services.comms.operations import reachability
from services.comms.operations.replicas import known_as
from shared import merged
from shared.contracts.comms import Channel, MessageDelivered, MessageRead
from shared.errors import NotFound
from shared.messaging.outbox import publish
from shared.tracing import put_trace

WAITING = (Message.state == "queued", Message.channel == "email")
"""A mail that has not left."""


class UnknownMessage(NotFound):
    message = "There is no message {message_id}."


def put_into_inbox(session: Session, item: Message, *, now: datetime) -> None:
    """It is there at once."""
    item.deliver(now)
    session.add(item)
    session.flush()
    _publish_delivery(session, item, now)


def send_next_mail(session: Session, *, send: Callable[[Message], str], now: datetime) -> Message | None:
    """Send the mail that is due longest, and say what became of it; None when none is due.

    The row stays locked while the mail server answers: no other sender can take it, and the lock dies with the
    process, so a killed one leaves nothing to clean up. What a kill between the server's yes and the commit leaves
    is a second copy with the same Message-ID. An error of `send` that is no verdict on the mail leaves it as it was.
    """
    mail = session.scalars(_due(now)).first()
    if not mail:
        return None
    try:
        receipt = send(mail)
    except RecipientRefused as refusal:
        reachability.note_refusal(session, mail, str(refusal), now=now)
    except MailRefused as refusal:
        mail.fail(now, str(refusal))
    except MailDeferred as deferral:
        mail.defer(now, str(deferral))
    else:
        put_trace(session, mail.trace)
        reachability.note_arrival(session, mail, receipt, now=now)
        _publish_delivery(session, mail, now)
    return mail


def message(session: Session, *, message_id: UUID) -> Message:
    found = session.get(Message, message_id)
    if not found:
        raise UnknownMessage(message_id=message_id)
    return found


def messages(
    session: Session,
    *,
    organization_id: UUID | None = None,
    channel: Channel | None = None,
    state: MessageState | None = None,
) -> Select[Message]:
    """Messages that match everything given; those of an organization with those of all merged into it."""
    query = select(Message).options(selectinload(Message.timeline))
    if organization_id:
        query = query.where(Message.organization_id.in_(known_as(session, organization_id)))
    if channel:
        query = query.where(Message.channel == channel)
    if state:
        query = query.where(Message.state == state)
    return query


def read_message(session: Session, *, message_id: UUID, now: datetime) -> Message:
    item = message(session, message_id=message_id)
    if item.read(now):
        session.flush()
        standing = merged.survivor(session, MergedOrganization, item.organization_id)
        publish(session, MessageRead(message_id=item.id, organization_id=standing, purpose=item.purpose), at=now)
    return item


def _publish_delivery(session: Session, delivered: Message, now: datetime) -> None:
    event = MessageDelivered(
        message_id=delivered.id,
        organization_id=merged.survivor(session, MergedOrganization, delivered.organization_id),
        channel=delivered.channel,
        purpose=delivered.purpose,
    )
    publish(session, event, at=now)


def _due(now: datetime) -> Select[Message]:
    query = select(Message).where(*WAITING, Message.next_attempt_at <= now).order_by(Message.next_attempt_at)
    return query.limit(1).with_for_update(skip_locked=True)
