"""Welcomes of new members."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.comms.model import Contact, Welcome, WelcomeState
from services.comms.operations.messages import put_into_inbox
from services.comms.operations.replicas import known_as, one_at_a_time, speaker
from services.comms.templates import render
from shared.contracts.membership import MemberAdmitted
from shared.tracing import trace_of


def welcome_member(session: Session, admission: MemberAdmitted, *, admission_id: UUID, now: datetime) -> None:
    """The inbox has the welcome at once; the mail goes to the contact, who may not be known yet."""
    one_at_a_time(session, admission.organization_id)
    if session.get(Welcome, admission_id):
        return
    welcome = _open(session, admission, admission_id=admission_id, now=now)
    put_into_inbox(session, welcome.for_inbox(now), now=now)
    if contact := speaker(session, admission.organization_id):
        session.add(welcome.for_contact(contact, now))


def welcomes(*, state: WelcomeState | None = None) -> Select[Welcome]:
    query = select(Welcome)
    return query.where(Welcome.state == state) if state else query


def address_welcomes(session: Session, contact: Contact, *, now: datetime) -> None:
    """Somebody is there to write to."""
    theirs = Welcome.organization_id.in_(known_as(session, contact.organization_id))
    query = select(Welcome).where(theirs, Welcome.state == "awaiting_contact")
    for welcome in session.scalars(query.order_by(Welcome.created_at)).all():
        session.add(welcome.for_contact(contact, now))


def _open(session: Session, admission: MemberAdmitted, *, admission_id: UUID, now: datetime) -> Welcome:
    letter = render("welcome", admission.language, organization=admission.name, admitted_on=admission.admitted_on)
    trace = trace_of(session)
    welcome = Welcome(
        admission_id=admission_id,
        member_id=admission.member_id,
        organization_id=admission.organization_id,
        language=letter.language,
        subject=letter.subject,
        text=letter.text,
        state="awaiting_contact",
        created_at=now,
        correlation_id=trace.correlation_id,
        traceparent=trace.traceparent,
    )
    session.add(welcome)
    return welcome
