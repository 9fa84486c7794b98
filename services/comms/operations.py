"""Everything comms does. Callers own the transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session, selectinload

from services.comms import reachability
from services.comms.mail import MailDeferred, MailRefused, RecipientRefused
from services.comms.model import (
    LINK,
    Contact,
    Member,
    MergedOrganization,
    Message,
    MessageState,
    RequestState,
    StatisticRequest,
    Welcome,
    WelcomeState,
)
from services.comms.templates import render
from shared import merged, replica
from shared.contracts.comms import Channel, MessageDelivered, MessageRead
from shared.contracts.membership import ContactChanged, MemberAdmitted, MemberState, StatisticRequested
from shared.errors import NotFound
from shared.messaging.outbox import publish
from shared.messaging.wire import Delivery
from shared.tracing import put_trace, trace_of

_WAITING = (Message.state == "queued", Message.channel == "email")


class UnknownMessage(NotFound):
    message = "There is no message {message_id}."


def keep_members(session: Session, deliveries: Sequence[Delivery[MemberState]]) -> None:
    replica.keep(session, Member, deliveries)


def forget_members(session: Session) -> None:
    session.execute(delete(Member))


def keep_merges(session: Session, deliveries: Sequence[Delivery[merged.Change]]) -> None:
    """Messages, welcomes and contacts of a merged organization are found under its survivor from now on."""
    merged.keep(session, MergedOrganization, deliveries)


def forget_merges(session: Session) -> None:
    session.execute(delete(MergedOrganization))


def welcome_member(session: Session, admission: MemberAdmitted, *, admission_id: UUID, now: datetime) -> None:
    """The inbox has the welcome at once; the mail goes to the contact, who may not be known yet."""
    _one_at_a_time(session, admission.organization_id)
    if session.get(Welcome, admission_id):
        return
    welcome = _open_welcome(session, admission, admission_id=admission_id, now=now)
    item = welcome.for_inbox(now)
    item.deliver(now)
    session.add(item)
    session.flush()
    _publish_delivery(session, item, now)
    if contact := _contact_of(session, admission.organization_id):
        session.add(welcome.for_contact(contact, now))


def keep_contact(session: Session, change: ContactChanged, *, now: datetime) -> None:
    """A new contact gets what waits for one; mails that haven't left follow the change."""
    _one_at_a_time(session, change.organization_id)
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
        for welcome in _waiting_welcomes(session, contact.organization_id):
            session.add(welcome.for_contact(contact, now))
        for request in _waiting_requests(session, contact.id):
            _address(session, request, contact, now)


def request_statistic(session: Session, request: StatisticRequested, *, request_id: UUID, now: datetime) -> None:
    """Ask, remind or question the contact by mail, once for each step, however often it is said."""
    _one_at_a_time(session, request.organization_id)
    same = StatisticRequest.occasion == request.occasion, StatisticRequest.step == request.step
    if session.scalar(statistic_requests(statistic_id=request.statistic_id).where(*same)):
        return
    opened = _open_request(session, request, request_id=request_id, now=now)
    contact = session.get(Contact, request.contact_id)
    if contact and contact.is_reachable:
        _address(session, opened, contact, now)


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
        query = query.where(Message.organization_id.in_(_known_as(session, organization_id)))
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


def welcomes(*, state: WelcomeState | None = None) -> Select[Welcome]:
    query = select(Welcome)
    return query.where(Welcome.state == state) if state else query


def statistic_requests(
    *, state: RequestState | None = None, statistic_id: UUID | None = None
) -> Select[StatisticRequest]:
    query = select(StatisticRequest)
    if state:
        query = query.where(StatisticRequest.state == state)
    if statistic_id:
        query = query.where(StatisticRequest.statistic_id == statistic_id)
    return query


def _open_request(
    session: Session, request: StatisticRequested, *, request_id: UUID, now: datetime
) -> StatisticRequest:
    letter = render(
        f"statistic_{request.occasion}",
        request.language,
        organization=request.name,
        year=str(request.year),
        due_on=request.due_on,
        closes_on=request.closes_on,
        question=request.question,
        link=LINK,
    )
    trace = trace_of(session)
    opened = StatisticRequest(
        statistic_id=request.statistic_id,
        occasion=request.occasion,
        step=request.step,
        request_id=request_id,
        organization_id=request.organization_id,
        contact_id=request.contact_id,
        language=letter.language,
        subject=letter.subject,
        text=letter.text,
        link=request.link,
        closes_on=request.closes_on,
        state="awaiting_contact",
        created_at=now,
        correlation_id=trace.correlation_id,
        traceparent=trace.traceparent,
    )
    session.add(opened)
    return opened


def _address(session: Session, request: StatisticRequest, contact: Contact, now: datetime) -> None:
    if mail := request.for_contact(contact, now):
        session.add(mail)


def _waiting_requests(session: Session, contact_id: UUID) -> Sequence[StatisticRequest]:
    query = select(StatisticRequest).where(
        StatisticRequest.contact_id == contact_id, StatisticRequest.state == "awaiting_contact"
    )
    return session.scalars(query.order_by(StatisticRequest.created_at)).all()


def _open_welcome(session: Session, admission: MemberAdmitted, *, admission_id: UUID, now: datetime) -> Welcome:
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


def _publish_delivery(session: Session, delivered: Message, now: datetime) -> None:
    event = MessageDelivered(
        message_id=delivered.id,
        organization_id=merged.survivor(session, MergedOrganization, delivered.organization_id),
        channel=delivered.channel,
        purpose=delivered.purpose,
    )
    publish(session, event, at=now)


def _one_at_a_time(session: Session, organization_id: UUID) -> None:
    """Admission and contact handled at the same moment would each miss the other's uncommitted row."""
    standing = merged.survivor(session, MergedOrganization, organization_id)
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(standing), 0))))


def _known_as(session: Session, organization_id: UUID) -> list[UUID]:
    return merged.known_as(session, MergedOrganization, organization_id)


def _contact_of(session: Session, organization_id: UUID) -> Contact | None:
    theirs = Contact.organization_id.in_(_known_as(session, organization_id))
    query = select(Contact).where(theirs).order_by(Contact.id)
    return next((contact for contact in session.scalars(query) if contact.is_reachable), None)


def _forget_contact(session: Session, change: ContactChanged, now: datetime) -> None:
    for mail in _waiting_mails(session, change.contact_id):
        mail.suppress(now, "contact_removed")
    before = reachability.address_of(session, change.contact_id)
    reachability.follow_address(session, change, before, "", now=now)
    session.execute(delete(Contact).where(Contact.id == change.contact_id))


def _waiting_mails(session: Session, contact_id: UUID) -> Sequence[Message]:
    query = select(Message).where(Message.recipient_id == contact_id, *_WAITING)
    return session.scalars(query.with_for_update()).all()


def _waiting_welcomes(session: Session, organization_id: UUID) -> Sequence[Welcome]:
    theirs = Welcome.organization_id.in_(_known_as(session, organization_id))
    query = select(Welcome).where(theirs, Welcome.state == "awaiting_contact")
    return session.scalars(query.order_by(Welcome.created_at)).all()


def _due(now: datetime) -> Select[Message]:
    query = select(Message).where(*_WAITING, Message.next_attempt_at <= now).order_by(Message.next_attempt_at)
    return query.limit(1).with_for_update(skip_locked=True)
