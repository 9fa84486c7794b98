"""Which contacts no mail reaches: told from what became of the mails to their present address, and nowhere stored."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.comms.model import Contact, MergedOrganization, Message, MessageStep
from shared import merged
from shared.contracts.comms import ContactCleared, ContactUnreachable
from shared.contracts.membership import ContactChanged
from shared.messaging.outbox import publish
from shared.tracing import put_trace

Said = type[ContactUnreachable | ContactCleared]


def address_of(session: Session, contact_id: UUID) -> str:
    """Where the contact is written to as yet; empty when it is not known."""
    return session.scalar(select(Contact.email).where(Contact.id == contact_id)) or ""


def note_refusal(session: Session, mail: Message, detail: str, *, now: datetime) -> None:
    """The mail's address is refused for ever; said of the contact unless it was said before."""
    known = _is_refused(session, mail.recipient_id, mail.organization_id, mail.address or "")
    mail.refuse(now, detail)
    if not known:
        put_trace(session, mail.trace)
        _say_of_recipient(session, ContactUnreachable, mail, now)


def note_arrival(session: Session, mail: Message, receipt: str, *, now: datetime) -> None:
    """The mail server took it, so a contact that was unreachable is not any more."""
    known = _is_refused(session, mail.recipient_id, mail.organization_id, mail.address or "")
    mail.deliver(now, receipt)
    if known:
        _say_of_recipient(session, ContactCleared, mail, now)


def follow_address(session: Session, change: ContactChanged, before: str, after: str, *, now: datetime) -> None:
    """The contact's address is another, or none: what is known of the addresses is said of the contact."""
    if before == after:
        return
    was = _is_refused(session, change.contact_id, change.organization_id, before)
    still = _is_refused(session, change.contact_id, change.organization_id, after)
    if was != still:
        said = ContactUnreachable if still else ContactCleared
        _say(session, said, change.contact_id, change.organization_id, role=change.role, now=now)


def _is_refused(session: Session, contact_id: UUID, organization_id: UUID, address: str) -> bool:
    """Whether the last mail to the contact at that address that got a verdict was refused for ever.

    Who asks has locked the mails it changes first; the contact's turn comes after, everywhere in this order.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"contact {contact_id}", 0))))
    theirs = Message.organization_id.in_(merged.known_as(session, MergedOrganization, organization_id))
    verdicts = (
        select(MessageStep.step)
        .join(Message, Message.id == MessageStep.message_id)
        .where(theirs, Message.recipient_id == contact_id, Message.address == address)
        .where(MessageStep.step.in_(("refused", "delivered")))
        .order_by(MessageStep.id.desc())
    )
    return session.scalars(verdicts.limit(1)).first() == "refused"


def _say_of_recipient(session: Session, said: Said, mail: Message, now: datetime) -> None:
    role = session.scalar(select(Contact.role).where(Contact.id == mail.recipient_id)) or ""
    _say(session, said, mail.recipient_id, mail.organization_id, role=role, now=now)


def _say(session: Session, said: Said, contact_id: UUID, organization_id: UUID, *, role: str, now: datetime) -> None:
    standing = merged.survivor(session, MergedOrganization, organization_id)
    publish(session, said(contact_id=contact_id, organization_id=standing, role=role), at=now)
