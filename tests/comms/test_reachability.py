"""Contacts no mail reaches: said once when it begins and once when it ends, with ids and a role alone."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.comms import operations
from services.comms.mail import MailRefused, RecipientRefused
from services.comms.model import Message
from shared.contracts import Event
from shared.contracts.comms import ContactCleared, ContactUnreachable
from shared.contracts.membership import ContactChanged, OrganizationMerged
from shared.messaging.outbox import published
from tests.members import NOW, a_contact, an_admission, delivered


def known_contact(session: Session, organization_id: UUID | None = None, **changes: object) -> ContactChanged:
    contact = a_contact(organization_id or uuid4(), **changes)
    operations.keep_contact(session, contact, now=NOW)
    return contact


def write(session: Session, contact: ContactChanged, verdict: Exception | None = None) -> Message:
    """One more mail to the contact, and what the mail server says of it."""
    admission = an_admission(organization_id=contact.organization_id)
    operations.welcome_member(session, admission, admission_id=uuid4(), now=NOW)

    def send(_: Message) -> str:
        if verdict:
            raise verdict
        return "taken"

    sent = operations.send_next_mail(session, send=send, now=NOW)
    assert sent
    return sent


def changed(contact: ContactChanged, **changes: object) -> ContactChanged:
    return ContactChanged(**vars(contact) | changes)


def said(session: Session) -> list[Event]:
    return [one for one in published(session) if isinstance(one, ContactUnreachable | ContactCleared)]


def names(session: Session) -> list[str]:
    return [type(one).__name__ for one in said(session)]


GONE = RecipientRefused("550 5.1.1 no such mailbox")


def test_a_refused_contact_is_said_once_without_its_address(session: Session) -> None:
    contact = known_contact(session)
    mail = write(session, contact, GONE)
    assert (mail.state, [step.step for step in mail.timeline]) == ("failed", ["queued", "refused", "failed"])
    write(session, contact, GONE)
    assert said(session) == [
        ContactUnreachable(contact_id=contact.contact_id, organization_id=contact.organization_id, role="presidency")
    ]


def test_a_mail_refused_for_what_it_says_is_not_the_contacts_fault(session: Session) -> None:
    write(session, known_contact(session), MailRefused("554 looks like spam"))
    assert said(session) == []


def test_a_mail_that_is_taken_clears_the_contact(session: Session) -> None:
    contact = known_contact(session)
    write(session, contact)
    assert said(session) == []
    write(session, contact, GONE)
    write(session, contact)
    write(session, contact)
    assert names(session) == ["ContactUnreachable", "ContactCleared"]
    write(session, contact, GONE)
    assert names(session)[2:] == ["ContactUnreachable"]


@pytest.mark.parametrize("change", [{"email": "nueva@union.invalid"}, {"removed": True}, {"email": ""}])
def test_another_address_or_none_clears_the_contact(session: Session, change: dict[str, object]) -> None:
    contact = known_contact(session)
    write(session, contact, GONE)
    operations.keep_contact(session, changed(contact, **change), now=NOW)
    operations.keep_contact(session, changed(contact, **change), now=NOW)
    assert names(session) == ["ContactUnreachable", "ContactCleared"]


def test_another_name_clears_nothing_and_the_old_address_is_remembered(session: Session) -> None:
    contact = known_contact(session)
    write(session, contact, GONE)
    operations.keep_contact(session, changed(contact, name="Otra"), now=NOW)
    assert names(session) == ["ContactUnreachable"]
    operations.keep_contact(session, changed(contact, email="nueva@union.invalid"), now=NOW)
    operations.keep_contact(session, contact, now=NOW)
    assert names(session) == ["ContactUnreachable", "ContactCleared", "ContactUnreachable"]


def test_a_merged_organizations_contact_is_said_of_the_survivor(session: Session) -> None:
    contact, survivor = known_contact(session), uuid4()
    merge = OrganizationMerged(
        organization_id=contact.organization_id, survivor_id=survivor, merge_id=uuid4(), name="x", country="AR"
    )
    operations.keep_merges(session, [delivered(merge)])
    write(session, contact, GONE)
    [one] = said(session)
    assert isinstance(one, ContactUnreachable)
    assert one.organization_id == survivor
    operations.keep_contact(session, changed(contact, organization_id=survivor, removed=True), now=NOW)
    assert names(session) == ["ContactUnreachable", "ContactCleared"]
    assert session.scalars(select(Message.state).where(Message.channel == "email")).all() == ["failed"]
