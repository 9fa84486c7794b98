"""What other services tell of members: kept as it comes, whatever the order, and rebuilt by replay."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.membership.model import ToldSignal
from shared.contracts.comms import ContactCleared, ContactUnreachable, MessageDelivered, MessageRead
from shared.contracts.events import RegistrationConfirmed
from shared.messaging.wire import Delivery

Told = MessageDelivered | MessageRead | ContactUnreachable | ContactCleared | RegistrationConfirmed


def keep_signals(session: Session, deliveries: Sequence[Delivery[Told]]) -> None:
    """Note what says something of a member; mails, and registrations of nobody's, say nothing."""
    said = ((delivery, _said(delivery.event)) for delivery in deliveries)
    rows = [{"event_id": delivery.id, "at": delivery.time, **row} for delivery, row in said if row]
    if rows:
        session.execute(insert(ToldSignal).on_conflict_do_nothing(index_elements=["event_id"]), rows)


def forget_signals(session: Session) -> None:
    session.execute(delete(ToldSignal))


def _said(event: Told) -> dict[str, Any] | None:
    match event:
        case RegistrationConfirmed(member_id=None) | MessageDelivered(channel="email"):
            return None
        case RegistrationConfirmed():
            kind = "registered_as_member" if event.tier == "member" else "registered"
            return {"about_id": event.member_id, "kind": kind, "key": event.registration_id}
        case MessageDelivered():
            return {"about_id": event.organization_id, "kind": "notice_delivered", "key": event.message_id}
        case MessageRead():
            return {"about_id": event.organization_id, "kind": "notice_read", "key": event.message_id}
        case ContactUnreachable():
            return {"about_id": event.organization_id, "kind": "contact_unreachable", "key": event.contact_id}
        case ContactCleared():
            return {"about_id": event.organization_id, "kind": "contact_cleared", "key": event.contact_id}
