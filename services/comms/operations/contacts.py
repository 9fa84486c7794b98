"""Contacts, as membership tells of them, and what waits for one."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.comms.model import Contact, Message
from services.comms.operations import reachability
from services.comms.operations.messages import WAITING
from services.comms.operations.replicas import one_at_a_time
from services.comms.operations.welcomes import address_welcomes
from services.comms.operations.writing import address_letters
from shared.contracts.membership import ContactChanged


def keep_contact(session: Session, change: ContactChanged, *, now: datetime) -> None:
    """A new contact gets what waits for one; mails that haven't left follow the change."""
    one_at_a_time(session, change.organization_id)
    if change.removed:
        _forget_contact(session, change, now)
        return
    before = reachability.address_of(session, change.contact_id)
    contact = session.merge(
        Contact(
            id=change.contact_id,
            organization_id=change.organization_id,
            role=change.role,
            name=change.name,
            email=change.email,
            language=change.language,
            changed_at=now,
        )
    )
    for mail in _waiting_mails(session, contact.id):
        mail.redirect(contact, now)
    reachability.follow_address(session, change, before, change.email, now=now)
    if contact.is_reachable:
        address_welcomes(session, contact, now=now)
        address_letters(session, contact, now=now)


def _forget_contact(session: Session, change: ContactChanged, now: datetime) -> None:
    for mail in _waiting_mails(session, change.contact_id):
        mail.suppress(now, "contact_removed")
    before = reachability.address_of(session, change.contact_id)
    reachability.follow_address(session, change, before, "", now=now)
    session.execute(delete(Contact).where(Contact.id == change.contact_id))


def _waiting_mails(session: Session, contact_id: UUID) -> Sequence[Message]:
    query = select(Message).where(Message.recipient_id == contact_id, *WAITING)
    return session.scalars(query.with_for_update()).all()
