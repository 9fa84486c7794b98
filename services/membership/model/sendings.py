"""Invoices sent to their members: to whom and when, and the link each of them got."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.invoices import Invoice
from shared.errors import Conflict, NotFound
from shared.ids import uuid7


class UnknownInvoiceLink(NotFound):
    message = "There is no such link of an invoice."


class NobodyToSendTo(Conflict):
    message = "The organization has no contact for dues with an address; add one first."


class Sending(Base):
    """An invoice on its way to one contact. Its id is in the link that opens the document without login."""

    __tablename__ = "dues_invoice_sendings"
    __table_args__ = (Index("ix_dues_invoice_sendings_invoice_id_sent_at_id", "invoice_id", "sent_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("dues_invoices.id"))
    contact_id: Mapped[UUID]
    sent_at: Mapped[datetime]
    sent_by: Mapped[str]

    invoice: Mapped[Invoice] = relationship(lambda: Invoice)
