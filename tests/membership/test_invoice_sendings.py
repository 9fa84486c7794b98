"""An issued invoice is sent to whom it is addressed, by a link that opens its document and nothing else."""

from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import (
    Contact,
    Invoice,
    NobodyToSendTo,
    NoDocumentYet,
    Sending,
    UnknownInvoiceLink,
)
from shared.contracts.membership import InvoiceSent
from shared.messaging.outbox import published
from tests.membership.making import NOW
from tests.membership.making_invoices import DUE, LATER, a_run, indebted, invoice_address, invoiced, reachable


def sent(session: Session) -> list[InvoiceSent]:
    return [fact for fact in published(session) if isinstance(fact, InvoiceSent)]


def send(session: Session, of: Invoice) -> Sending:
    return operations.send_invoice(session, of, address=invoice_address, actor="ana", now=LATER)


def test_each_invoice_of_a_run_is_sent_once_to_its_contact_with_a_link_of_its_own(session: Session) -> None:
    members = indebted(session, "Uno", "Dos")
    reachable(session, members[1], "presidency", email="presidencia@dos.invalid")
    invoices = invoiced(session, LATER.date(), DUE)
    facts = {fact.member_id: fact for fact in sent(session)}
    assert len(sent(session)) == len(facts) == 2
    for member in members:
        of, fact = invoices[member.id], facts[member.id]
        contact = session.get(Contact, fact.contact_id)
        assert contact
        assert (contact.organization_id, contact.role) == (member.organization_id, "dues")
        told = (fact.number, fact.due_on, fact.amount, fact.currency, fact.parts, fact.language)
        assert told == (of.reference, DUE, of.minor, "USD", 2, "es")
        assert fact.link == invoice_address(fact.sending_id)
        assert operations.invoice_by_link(session, link_id=fact.sending_id) is of
        [row] = session.scalars(operations.sendings(invoice_id=of.id))
        assert (row.id, row.contact_id, row.sent_at, row.sent_by) == (fact.sending_id, contact.id, NOW, "eva")


def test_it_is_sent_again_to_whom_there_is_by_then(session: Session) -> None:
    [member] = indebted(session, "Uno")
    of = invoiced(session)[member.id]
    for contact in session.scalars(select(Contact)).all():
        operations.remove_contact(session, contact, now=NOW)
    with pytest.raises(NobodyToSendTo):
        send(session, of)
    reachable(session, member, email="nueva@union.invalid")
    again = send(session, of)
    first, second = sent(session)
    assert (second.sending_id, second.link) == (again.id, invoice_address(again.id))
    assert second.contact_id != first.contact_id
    assert operations.invoice_by_link(session, link_id=first.sending_id) is of
    assert (again.sent_at, again.sent_by) == (LATER, "ana")


def test_a_draft_is_not_sent_and_a_made_up_link_opens_nothing(session: Session) -> None:
    indebted(session, "Uno")
    a_run(session)
    draft = session.scalars(select(Invoice)).one()
    with pytest.raises(NoDocumentYet):
        send(session, draft)
    with pytest.raises(UnknownInvoiceLink):
        operations.invoice_by_link(session, link_id=uuid4())
    assert sent(session) == []
