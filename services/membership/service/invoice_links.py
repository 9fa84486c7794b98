"""Invoices for the members they are sent to: a signed link opens one document without login."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from werkzeug.wrappers import Response

from services.membership import operations, schemas
from services.membership.model import Sending
from services.membership.service.papers import PDF, invoice_paper
from services.membership.service.scopes import READ, WRITE
from shared.http import links
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.settings import Settings

_PURPOSE = "invoice"
_LIFETIME = timedelta(days=400)
"""Beyond the year it is about, for whoever keeps the accounts."""

_SENDINGS = "/v1/dues-invoices/<uuid:invoice_id>/sendings"


def address_of(settings: Settings) -> Callable[[UUID], str]:
    """What a link's id is sent out as."""

    def address(link_id: UUID) -> str:
        token = links.sign(settings.link_secret, _PURPOSE, {"link": str(link_id)})
        return f"{settings.public_url.rstrip('/')}/v1/links/dues-invoices/{token}"

    return address


class InvoiceLinkRoutes:
    """Send an invoice, and open what was sent."""

    @route("POST", _SENDINGS, scope=WRITE, returns=schemas.SendingResponse, status=201)
    def send_invoice(self, call: Call, *, invoice_id: UUID) -> Sending:
        """Send an issued invoice again, to whom the organization has for dues by now; the run sent it at its issue."""
        of = operations.invoice_to_change(call.session, invoice_id=invoice_id)
        address = address_of(call.settings)
        return operations.send_invoice(call.session, of, address=address, actor=call.actor, now=call.now)

    @route("GET", _SENDINGS, scope=READ, returns=schemas.SendingResponse, sort={"-sent_at": Sending.sent_at})
    def list_sendings(self, call: Call, *, invoice_id: UUID) -> Page[Sending]:
        """To whom the invoice was sent, and when; what became of the mail, comms knows."""
        operations.invoice(call.session, invoice_id=invoice_id)
        return call.page(operations.sendings(invoice_id=invoice_id))

    @route("GET", "/v1/links/dues-invoices/<token>", scope=None, produces=PDF)
    def print_by_link(self, call: Call, *, token: str) -> Response:
        """The invoice as PDF, for whoever got the link."""
        data = links.verify(call.settings.link_secret, _PURPOSE, token, lifetime=_LIFETIME)
        return invoice_paper(operations.invoice_by_link(call.session, link_id=UUID(data["link"])))
