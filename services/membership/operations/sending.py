"""Send invoices to whom they are addressed: the news for whoever writes the mails, and a link to each document."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from services.membership.model import Contact, Invoice, NobodyToSendTo, Sending, UnknownInvoiceLink
from services.membership.operations.dues_contacts import dues_contacts
from services.membership.operations.reaching import Address
from shared.contracts.membership import InvoiceSent
from shared.ids import uuid7
from shared.messaging.outbox import publish, publish_all

Addressed = tuple[Invoice, Contact]


def send_invoices(
    session: Session, addressed: Iterable[Addressed], *, address: Address, actor: str, now: datetime
) -> None:
    """A link of its own for each of these issued invoices, and the news."""
    pairs = [(uuid7(), of, contact) for of, contact in addressed]
    if pairs:
        rows = [
            {"id": link, "invoice_id": of.id, "contact_id": contact.id, "sent_at": now, "sent_by": actor}
            for link, of, contact in pairs
        ]
        session.execute(insert(Sending), rows)
        publish_all(session, (_fact(link, of, contact, address) for link, of, contact in pairs), at=now)


def send_invoice(session: Session, of: Invoice, *, address: Address, actor: str, now: datetime) -> Sending:
    """Send it (again) to whom the organization has for dues by now.

    Raises:
        NoDocumentYet: of a draft.
        NobodyToSendTo
    """
    of.ensure_printable()
    organization_id = of.member.organization_id
    contact = dues_contacts(session, [organization_id]).get(organization_id)
    if not contact:
        raise NobodyToSendTo
    sent = Sending(id=uuid7(), invoice_id=of.id, contact_id=contact.id, sent_at=now, sent_by=actor)
    session.add(sent)
    session.flush()
    publish(session, _fact(sent.id, of, contact, address), at=now)
    return sent


def sendings(*, invoice_id: UUID) -> Select[Sending]:
    return select(Sending).where(Sending.invoice_id == invoice_id)


def invoice_by_link(session: Session, *, link_id: UUID) -> Invoice:
    """The invoice whose document a link opens.

    Raises:
        UnknownInvoiceLink
    """
    found = session.get(Sending, link_id)
    if not found:
        raise UnknownInvoiceLink
    return found.invoice


def _fact(link_id: UUID, of: Invoice, contact: Contact, address: Address) -> InvoiceSent:
    return InvoiceSent(
        sending_id=link_id,
        invoice_id=of.id,
        member_id=of.member_id,
        organization_id=of.member.organization_id,
        contact_id=contact.id,
        name=of.member.organization.name,
        language=of.language,
        year=of.year,
        number=of.reference,
        due_on=of.due_on,
        amount=of.minor,
        currency=of.currency,
        parts=len(of.parts),
        link=address(link_id),
    )
