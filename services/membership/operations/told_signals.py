"""What other services tell of members: kept as it comes, whatever the order, and rebuilt by replay."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.membership.model import ToldSignal
from services.membership.model.engagement import ToldKind
from shared.contracts.comms import ContactCleared, ContactUnreachable, MessageDelivered, MessageRead
from shared.contracts.events import RegistrationConfirmed
from shared.contracts.funding import AwardAccepted
from shared.messaging.wire import Delivery

Told = MessageDelivered | MessageRead | ContactUnreachable | ContactCleared | RegistrationConfirmed | AwardAccepted


def keep_signals(session: Session, deliveries: Sequence[Delivery[Told]]) -> None:
    """Note what says something of a member; mails, and registrations of nobody's, say nothing."""
    said = ((delivery, _said(delivery.event)) for delivery in deliveries)
    rows = [{"event_id": delivery.id, "at": delivery.time, **row} for delivery, row in said if row]
    if rows:
        session.execute(insert(ToldSignal).on_conflict_do_nothing(index_elements=["event_id"]), rows)


def forget_signals(session: Session) -> None:
    session.execute(delete(ToldSignal))


def _said(event: Told) -> dict[str, Any] | None:
    about_id: UUID | None
    kind: ToldKind
    match event:
        case RegistrationConfirmed(member_id=None) | MessageDelivered(channel="email"):
            return None
        case RegistrationConfirmed():
            kind = "registered_as_member" if event.tier == "member" else "registered"
            about_id, key = event.member_id, event.registration_id
        case AwardAccepted():
            about_id, kind, key = event.member_id, "awarded", event.award_id
        case MessageDelivered():
            about_id, kind, key = event.organization_id, "notice_delivered", event.message_id
        case MessageRead():
            about_id, kind, key = event.organization_id, "notice_read", event.message_id
        case ContactUnreachable():
            about_id, kind, key = event.organization_id, "contact_unreachable", event.contact_id
        case ContactCleared():
            about_id, kind, key = event.organization_id, "contact_cleared", event.contact_id
    return {"about_id": about_id, "kind": kind, "key": key}
