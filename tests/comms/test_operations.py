"""Welcomes go out once, whatever comes first and however often it comes."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.comms import operations
from services.comms.mail import MailDeferred, MailRefused
from services.comms.model import Contact, Message, Welcome
from shared.contracts.comms import MessageDelivered, MessageRead
from shared.contracts.membership import MemberAdmitted, OrganizationMerged, OrganizationUnmerged
from shared.messaging.outbox import outbox, published
from shared.messaging.wire import decode
from shared.tracing import Trace, put_trace
from tests.members import NOW, a_contact, an_admission, delivered


def taken(_: Message) -> str:
    return "taken"


def answer(verdict: Exception) -> Callable[[Message], str]:
    def send(_: Message) -> str:
        raise verdict

    return send


def messages(session: Session) -> list[Message]:
    return list(session.scalars(select(Message).order_by(Message.channel)))


def welcomed(session: Session, admission: MemberAdmitted, admission_id: UUID | None = None) -> UUID:
    admission_id = admission_id or uuid4()
    operations.welcome_member(session, admission, admission_id=admission_id, now=NOW)
    return admission_id


def queued_mail(session: Session) -> Message:
    admission = an_admission()
    operations.keep_contact(session, a_contact(admission.organization_id), now=NOW)
    welcomed(session, admission)
    return messages(session)[0]


def test_the_inbox_has_the_welcome_at_once_and_says_so(session: Session) -> None:
    admission = an_admission()
    welcomed(session, admission)
    [item] = messages(session)
    assert (item.channel, item.state, item.language) == ("inbox", "delivered", "es")
    assert item.subject == "Damos la bienvenida a Cooperativa La Unión"
    assert published(session) == [
        MessageDelivered(
            message_id=item.id, organization_id=admission.organization_id, channel="inbox", purpose="welcome"
        )
    ]


def test_the_mail_waits_for_a_contact(session: Session) -> None:
    admission = an_admission(language="pt-BR")
    admission_id = welcomed(session, admission)
    welcome = session.get_one(Welcome, admission_id)
    assert welcome.state == "awaiting_contact"
    operations.keep_contact(session, a_contact(admission.organization_id, language="es"), now=NOW)
    assert welcome.state == "addressed"
    mail, item = messages(session)
    assert (mail.address, mail.state) == ("presidencia@union.invalid", "queued")
    assert (mail.language, mail.subject) == ("pt", item.subject)


def test_a_contact_that_was_there_first_gets_the_mail_at_once(session: Session) -> None:
    mail = queued_mail(session)
    assert (mail.channel, mail.state, mail.addressee) == ("email", "queued", "Presidencia")


def test_nothing_goes_out_twice(session: Session) -> None:
    admission = an_admission()
    admission_id = welcomed(session, admission)
    contact = a_contact(admission.organization_id)
    for _ in range(3):
        operations.keep_contact(session, contact, now=NOW)
        operations.keep_contact(session, a_contact(admission.organization_id, role="secretary"), now=NOW)
        welcomed(session, admission, admission_id)
    assert [message.channel for message in messages(session)] == ["email", "inbox"]
    assert len(published(session)) == 1


@pytest.mark.parametrize("email", ["", "no tiene", "a@b, c@d", "presidencia@"])
def test_a_contact_without_a_mail_address_keeps_the_welcome_waiting(session: Session, email: str) -> None:
    admission = an_admission()
    operations.keep_contact(session, a_contact(admission.organization_id, email=email), now=NOW)
    welcomed(session, admission)
    operations.keep_contact(session, a_contact(admission.organization_id, email=email), now=NOW)
    assert [message.channel for message in messages(session)] == ["inbox"]
    operations.keep_contact(session, a_contact(admission.organization_id), now=NOW)
    assert [message.channel for message in messages(session)] == ["email", "inbox"]


def test_a_contact_of_another_organization_gets_nothing(session: Session) -> None:
    welcomed(session, an_admission())
    operations.keep_contact(session, a_contact(uuid4()), now=NOW)
    assert [message.channel for message in messages(session)] == ["inbox"]


def test_a_mail_that_has_not_left_follows_its_contact(session: Session) -> None:
    mail = queued_mail(session)
    change = a_contact(mail.organization_id, contact_id=mail.recipient_id, email="nueva@union.invalid")
    operations.keep_contact(session, change, now=NOW)
    operations.keep_contact(session, change, now=NOW)
    assert mail.address == "nueva@union.invalid"
    assert [step.step for step in mail.timeline] == ["queued", "redirected"]


def test_nobody_writes_to_a_removed_contact(session: Session) -> None:
    mail = queued_mail(session)
    gone = a_contact(mail.organization_id, contact_id=mail.recipient_id, removed=True)
    operations.keep_contact(session, gone, now=NOW)
    assert (mail.state, mail.timeline[-1].detail) == ("suppressed", "contact_removed")
    assert session.get(Contact, mail.recipient_id) is None
    assert operations.send_next_mail(session, send=taken, now=NOW) is None


def test_a_mail_is_sent_once_and_said_with_the_admissions_trace(session: Session) -> None:
    put_trace(session, Trace(correlation_id="admission-request"))
    mail = queued_mail(session)
    session.commit()
    assert operations.send_next_mail(session, send=taken, now=NOW) is mail
    assert operations.send_next_mail(session, send=taken, now=NOW) is None
    last = session.scalars(select(outbox.c.body).order_by(outbox.c.id.desc())).first()
    assert last is not None
    delivery = decode(last)
    assert isinstance(delivery.event, MessageDelivered)
    assert (delivery.event.message_id, delivery.event.channel) == (mail.id, "email")
    assert (delivery.trace.correlation_id, delivery.trace.causation_id) == ("admission-request", str(mail.source_id))


def test_a_refused_mail_fails_and_is_not_said(session: Session) -> None:
    mail = queued_mail(session)
    said = len(published(session))
    operations.send_next_mail(session, send=answer(MailRefused("550 no such mailbox")), now=NOW)
    assert (mail.state, mail.timeline[-1].detail) == ("failed", "550 no such mailbox")
    assert operations.send_next_mail(session, send=taken, now=NOW + timedelta(days=1)) is None
    assert len(published(session)) == said


def test_a_deferred_mail_goes_later(session: Session) -> None:
    mail = queued_mail(session)
    operations.send_next_mail(session, send=answer(MailDeferred("451 later")), now=NOW)
    assert operations.send_next_mail(session, send=taken, now=NOW) is None
    assert operations.send_next_mail(session, send=taken, now=NOW + timedelta(minutes=1)) is mail
    assert [step.step for step in mail.timeline] == ["queued", "deferred", "delivered"]


def test_two_senders_never_take_the_same_mail(engine: Engine, session: Session) -> None:
    queued_mail(session)
    session.commit()

    def meanwhile(_: Message) -> str:
        with Session(engine) as other:
            assert operations.send_next_mail(other, send=taken, now=NOW) is None
        return "taken"

    assert operations.send_next_mail(session, send=meanwhile, now=NOW)


def test_a_server_that_is_away_leaves_the_mail_as_it_was(session: Session) -> None:
    mail = queued_mail(session)
    session.commit()
    with pytest.raises(ConnectionRefusedError):
        operations.send_next_mail(session, send=answer(ConnectionRefusedError()), now=NOW)
    session.rollback()
    assert (mail.state, mail.attempts, len(mail.timeline)) == ("queued", 0, 1)


def test_admission_and_contact_at_the_same_moment_miss_nobody(engine: Engine, session: Session) -> None:
    admission = an_admission()
    with Session(engine) as first, Session(engine) as second:
        welcomed(first, admission)
        second.connection().exec_driver_sql("SET lock_timeout = '200ms'")
        with pytest.raises(Exception, match="lock timeout"):
            operations.keep_contact(second, a_contact(admission.organization_id), now=NOW)
        second.rollback()
        first.commit()
        operations.keep_contact(second, a_contact(admission.organization_id), now=NOW)
        second.commit()
    assert [message.channel for message in messages(session)] == ["email", "inbox"]


def test_an_item_is_read(session: Session) -> None:
    welcomed(session, an_admission())
    [item] = messages(session)
    for _ in range(2):
        assert operations.read_message(session, message_id=item.id, now=NOW).state == "read"
    read = MessageRead(message_id=item.id, organization_id=item.organization_id, purpose="welcome")
    assert [one for one in published(session) if not isinstance(one, MessageDelivered)] == [read]
    with pytest.raises(operations.UnknownMessage):
        operations.read_message(session, message_id=uuid4(), now=NOW)


def test_messages_and_welcomes_are_filtered(session: Session) -> None:
    mail = queued_mail(session)
    welcomed(session, an_admission())
    assert session.scalars(operations.messages(session, channel="email")).all() == [mail]
    assert session.scalars(operations.messages(session, state="queued")).all() == [mail]
    assert len(session.scalars(operations.messages(session, organization_id=mail.organization_id)).all()) == 2
    assert len(session.scalars(operations.welcomes()).all()) == 2
    assert [w.state for w in session.scalars(operations.welcomes(state="awaiting_contact"))] == ["awaiting_contact"]


def test_members_are_kept_and_forgotten(session: Session) -> None:
    operations.keep_members(session, [delivered(an_admission())])
    operations.forget_members(session)
    operations.keep_members(session, [delivered(an_admission(), version=2)])


def test_a_merged_organizations_messages_are_the_survivors_until_the_merge_is_undone(session: Session) -> None:
    admission, survivor_id = an_admission(), uuid4()
    welcomed(session, admission)
    loser_id = admission.organization_id
    merge = OrganizationMerged(
        organization_id=loser_id, survivor_id=survivor_id, merge_id=uuid4(), name="Unión", country="AR"
    )
    operations.keep_merges(session, [delivered(merge)])
    [item] = session.scalars(operations.messages(session, organization_id=survivor_id)).all()
    assert session.scalars(operations.messages(session, organization_id=loser_id)).all() == [item]
    operations.keep_contact(session, a_contact(survivor_id), now=NOW)
    assert [mail.organization_id for mail in messages(session) if mail.channel == "email"] == [loser_id]
    unmerged = OrganizationUnmerged(organization_id=loser_id, survivor_id=survivor_id, merge_id=uuid4())
    operations.keep_merges(session, [delivered(unmerged)])
    assert session.scalars(operations.messages(session, organization_id=survivor_id)).all() == []
    assert len(session.scalars(operations.messages(session, organization_id=loser_id)).all()) == 2


def test_what_is_delivered_after_a_merge_is_said_of_the_survivor(session: Session) -> None:
    mail, survivor_id = queued_mail(session), uuid4()
    merge = OrganizationMerged(
        organization_id=mail.organization_id, survivor_id=survivor_id, merge_id=uuid4(), name="Unión", country="AR"
    )
    operations.keep_merges(session, [delivered(merge)])
    operations.send_next_mail(session, send=taken, now=NOW)
    fact = published(session)[-1]
    assert isinstance(fact, MessageDelivered)
    assert fact.organization_id == survivor_id
