"""Payments: recorded, put on invoices, moved, refunded, reversed."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import AmountInOtherCurrency, Payment, Posting
from services.membership.service.scopes import APPROVE, READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_PAYMENT = "/v1/dues-payments/<uuid:payment_id>"


class PaymentRoutes:
    """Money that came in, and where it is."""

    @route(
        "POST",
        "/v1/dues-payments",
        scope=WRITE,
        body=schemas.PaymentRequest,
        returns=schemas.PaymentResponse,
        status=201,
        location="/v1/dues-payments/{id}",
    )
    def record_payment(self, call: Call) -> SimpleNamespace:
        """Record a payment and put it on invoices; again under the same reference nothing is changed."""
        facts = dict(call.body)
        if "rate" in facts:
            facts["rate"] = Decimal(facts["rate"])
        made, _ = operations.record_payment(call.session, **facts, actor=call.actor, now=call.now)
        return _shown(call, made)

    @route(
        "GET",
        "/v1/dues-payments",
        scope=READ,
        query=schemas.PaymentFilter,
        returns=schemas.PaymentSummary,
        sort={"-recorded_at": Payment.recorded_at, "received_on": Payment.received_on},
    )
    def list_payments(self, call: Call) -> Page[Payment]:
        """Payments; those with money on account with with_credit=true."""
        return call.page(operations.payments(**call.query))

    @route("GET", _PAYMENT, scope=READ, returns=schemas.PaymentResponse)
    def show_payment(self, call: Call, *, payment_id: UUID) -> SimpleNamespace:
        """One payment and where its money is."""
        return _shown(call, operations.payment(call.session, payment_id=payment_id))

    @route(
        "GET",
        f"{_PAYMENT}/postings",
        scope=READ,
        returns=schemas.PostingResponse,
        sort={"recorded_at": Posting.recorded_at},
    )
    def list_payment_postings(self, call: Call, *, payment_id: UUID) -> Page[Posting]:
        """What became of it: who did it, when and why."""
        operations.payment(call.session, payment_id=payment_id)
        return call.page(operations.postings_of(payment_id=payment_id))

    @route(
        "POST",
        f"{_PAYMENT}/allocations",
        scope=WRITE,
        body=schemas.AllocationRequest,
        returns=schemas.PaymentResponse,
    )
    def allocate_payment(self, call: Call, *, payment_id: UUID) -> SimpleNamespace:
        """Put money from the account of an invoice's member on the invoice."""
        onto = operations.invoice(call.session, invoice_id=call.body["invoice_id"])
        used = _to_change(call, payment_id, onto.member_id)
        amount = call.body.pop("amount", None)
        if amount and amount.currency != used.credited_currency:
            raise AmountInOtherCurrency(pointer="/amount/currency", currency=used.credited_currency)
        minor = amount.minor if amount else None
        operations.put_on(call.session, used, minor=minor, **call.body, actor=call.actor, now=call.now)
        return _shown(call, used)

    @route("POST", f"{_PAYMENT}/moves", scope=WRITE, body=schemas.MoveRequest, returns=schemas.PaymentResponse)
    def move_payment(self, call: Call, *, payment_id: UUID) -> SimpleNamespace:
        """Money that went to the wrong invoice or member goes to the right one; what was booked stays to be seen."""
        moved = _to_change(call, payment_id, call.body["from_member_id"], call.body["to_member_id"])
        operations.move(call.session, moved, **call.body, actor=call.actor, now=call.now)
        return _shown(call, moved)

    @route("POST", f"{_PAYMENT}/refunds", scope=APPROVE, body=schemas.RefundRequest, returns=schemas.PaymentResponse)
    def refund_payment(self, call: Call, *, payment_id: UUID) -> SimpleNamespace:
        """Send back what a member has free of a payment."""
        refunded = _to_change(call, payment_id)
        operations.refund_payment(call.session, refunded, **call.body, actor=call.actor, now=call.now)
        return _shown(call, refunded)

    @route("POST", f"{_PAYMENT}/reverse", scope=APPROVE, body=schemas.ReversalRequest, returns=schemas.PaymentResponse)
    def reverse_payment(self, call: Call, *, payment_id: UUID) -> SimpleNamespace:
        """It never came, or was recorded twice: every invoice it was on is owed again."""
        reversed_ = _to_change(call, payment_id)
        operations.reverse_payment(call.session, reversed_, **call.body, actor=call.actor, now=call.now)
        return _shown(call, reversed_)


def _to_change(call: Call, payment_id: UUID, *member_ids: UUID) -> Payment:
    found = operations.payment_to_change(call.session, payment_id=payment_id, member_ids=member_ids)
    call.match(found)
    return found


def _shown(call: Call, of: Payment) -> SimpleNamespace:
    call.session.flush()
    names = [name for name in schemas.PaymentSummary().fields if name != "organization"]
    facts: dict[str, Any] = {name: getattr(of, name) for name in names}
    facts["rate"] = None if of.rate is None else f"{of.rate.normalize():f}"
    uses = [
        {
            "member_id": one["member_id"],
            "invoice_id": one["invoice"].id if one["invoice"] else None,
            "number": one["invoice"].reference if one["invoice"] else None,
            "amount": one["amount"],
        }
        for one in operations.uses_of(call.session, payment_id=of.id)
    ]
    return SimpleNamespace(**facts, member=of.member, uses=uses)
