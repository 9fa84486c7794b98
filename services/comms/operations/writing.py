"""Letters: written once, shown in the inbox at once, and mailed when the contact is known."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from services.comms.model import LINK, Contact, Letter, LetterState, Message
from services.comms.operations.messages import WAITING, put_into_inbox
from services.comms.operations.replicas import known_as, one_at_a_time
from services.comms.templates import Value, render
from shared.tracing import trace_of


class Addressed(Protocol):
    """An event that says which organization to write to, and in which language."""

    @property
    def subject(self) -> str: ...

    @property
    def organization_id(self) -> UUID: ...

    @property
    def name(self) -> str: ...

    @property
    def language(self) -> str: ...


def write_letter(
    session: Session,
    event: Addressed,
    *,
    source_id: UUID,
    contact_id: UUID | None,
    purpose: str,
    step: object = "",
    link: str = "",
    until: date | None = None,
    now: datetime,
    **values: Value,
) -> None:
    """Write to the contact by mail and to the inbox, once for a purpose and step of what it is about.

    Without `contact_id` it waits for whoever can be written to first.
    After `until` it isn't sent any more. `values` fill the template of the purpose.
    """
    one_at_a_time(session, event.organization_id)
    same = Letter.about == event.subject, Letter.purpose == purpose, Letter.step == str(step)
    if session.scalar(select(Letter.source_id).where(*same)):
        return
    text = render(purpose, event.language, organization=event.name, link=LINK if link else "", **values)
    trace = trace_of(session)
    letter = Letter(
        source_id=source_id,
        about=event.subject,
        purpose=purpose,
        step=str(step),
        organization_id=event.organization_id,
        contact_id=contact_id,
        language=text.language,
        subject=text.subject,
        text=text.text,
        link=link or None,
        until=until,
        state="awaiting_contact",
        created_at=now,
        correlation_id=trace.correlation_id,
        traceparent=trace.traceparent,
    )
    session.add(letter)
    if item := letter.for_inbox(now):
        put_into_inbox(session, item, now=now)
    contact = session.get(Contact, contact_id) if contact_id else None
    if contact and contact.is_reachable:
        _address(session, letter, contact, now)


def letters(
    session: Session,
    *,
    state: LetterState | None = None,
    purpose: str | None = None,
    organization_id: UUID | None = None,
) -> Select[Letter]:
    """Letters that match everything given; those of an organization with those of all merged into it."""
    query = select(Letter)
    if state:
        query = query.where(Letter.state == state)
    if purpose:
        query = query.where(Letter.purpose == purpose)
    if organization_id:
        query = query.where(Letter.organization_id.in_(known_as(session, organization_id)))
    return query


def address_letters(session: Session, contact: Contact, *, now: datetime) -> None:
    """The contact is known, so what waits for it is mailed."""
    anybody = and_(Letter.contact_id.is_(None), Letter.organization_id.in_(known_as(session, contact.organization_id)))
    query = select(Letter).where(or_(Letter.contact_id == contact.id, anybody), Letter.state == "awaiting_contact")
    for letter in session.scalars(query.order_by(Letter.created_at)).all():
        _address(session, letter, contact, now)


def withdraw_letters(session: Session, *, about: str, purposes: Sequence[str], reason: str, now: datetime) -> None:
    """What has not left of these is not sent any more; what stands in the inbox stays."""
    theirs = Letter.about == about, Letter.purpose.in_(purposes)
    for letter in session.scalars(select(Letter).where(*theirs, Letter.state == "awaiting_contact")):
        letter.give_up()
    mails = select(Message).where(Message.source_id.in_(select(Letter.source_id).where(*theirs)), *WAITING)
    for mail in session.scalars(mails.order_by(Message.id).with_for_update()):
        mail.suppress(now, reason)


def _address(session: Session, letter: Letter, contact: Contact, now: datetime) -> None:
    if mail := letter.for_contact(contact, now):
        session.add(mail)
