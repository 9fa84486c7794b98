"""What other services tell of members: kept as it comes, whatever the order, and rebuilt by replay."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.membership.model import Member, ToldSignal, UnknownMember
from services.membership.operations.candidates import any_of
from shared.contracts.comms import ContactCleared, ContactUnreachable, MessageDelivered, MessageRead
from shared.contracts.events import RegistrationConfirmed
from shared.messaging.wire import Delivery

Told = MessageDelivered | MessageRead | ContactUnreachable | ContactCleared | RegistrationConfirmed


def keep_signals(session: Session, deliveries: Sequence[Delivery[Told]]) -> None:
    """Note what says something of a member; mails and registrations of nobody's say nothing.

    Raises:
        UnknownMember: when a registration names a member there never was.
    """
    organizations = _organizations(session, [delivery.event for delivery in deliveries])
    rows = [
        {"event_id": delivery.id, "at": delivery.time, **said}
        for delivery in deliveries
        if (said := _said(delivery.event, organizations))
    ]
    if rows:
        session.execute(insert(ToldSignal).on_conflict_do_nothing(index_elements=["event_id"]), rows)


def forget_signals(session: Session) -> None:
    session.execute(delete(ToldSignal))


def _organizations(session: Session, events: Iterable[Told]) -> dict[UUID, UUID]:
    """Whose the members are that came to gatherings."""
    ids = [one.member_id for one in events if isinstance(one, RegistrationConfirmed) and one.member_id]
    if not ids:
        return {}
    query = select(Member.id, Member.organization_id).where(Member.id == any_of(ids))
    return dict(session.execute(query).all())


def _said(event: Told, organizations: dict[UUID, UUID]) -> dict[str, Any] | None:
    if isinstance(event, RegistrationConfirmed):
        return _registered(event, organizations)
    known = {"organization_id": event.organization_id}
    match event:
        case MessageDelivered():
            delivered = known | {"kind": "notice_delivered", "key": event.message_id}
            return delivered if event.channel == "inbox" else None
        case MessageRead():
            return known | {"kind": "notice_read", "key": event.message_id}
        case ContactUnreachable():
            return known | {"kind": "contact_unreachable", "key": event.contact_id}
        case ContactCleared():
            return known | {"kind": "contact_cleared", "key": event.contact_id}


def _registered(event: RegistrationConfirmed, organizations: dict[UUID, UUID]) -> dict[str, Any] | None:
    if not event.member_id:
        return None
    if event.member_id not in organizations:
        raise UnknownMember(member_id=event.member_id)
    kind = "registered_as_member" if event.tier == "member" else "registered"
    return {"organization_id": organizations[event.member_id], "kind": kind, "key": event.registration_id}
