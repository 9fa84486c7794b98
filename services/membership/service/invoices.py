"""Invoices, what happened to them, and the ledger behind."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import CreditNote, Invoice, Posting, WriteOff
from services.membership.service.scopes import APPROVE, READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.money import Money

_INVOICE = "/v1/dues-invoices/<uuid:invoice_id>"
_WRITE_OFF = "/v1/write-offs/<uuid:write_off_id>"


class InvoiceRoutes:
    """What members are asked to pay, and what takes it back."""

    @route(
        "GET",
        "/v1/dues-invoices",
        scope=READ,
        query=schemas.InvoiceFilter,
        returns=schemas.InvoiceSummary,
        sort={"-drafted_at": Invoice.drafted_at, "next_due_on": Invoice.next_due_on},
    )
    def list_invoices(self, call: Call) -> Page[Invoice]:
        """Invoices by year, state, country, member, run or number; those longest due first with sort=next_due_on."""
        return call.page(operations.invoices(**call.query))

    @route("GET", _INVOICE, scope=READ, returns=schemas.InvoiceResponse)
    def show_invoice(self, call: Call, *, invoice_id: UUID) -> SimpleNamespace:
        """One invoice with its instalments and what is open of each."""
        return _shown(call, operations.invoice(call.session, invoice_id=invoice_id))

    @route(
        "GET",
        f"{_INVOICE}/postings",
        scope=READ,
        returns=schemas.PostingResponse,
        sort={"recorded_at": Posting.recorded_at},
    )
    def list_invoice_postings(self, call: Call, *, invoice_id: UUID) -> Page[Posting]:
        """What happened to it: who did it, when and why."""
        operations.invoice(call.session, invoice_id=invoice_id)
        return call.page(operations.postings_of(invoice_id=invoice_id))

    @route("POST", f"{_INVOICE}/discard", scope=WRITE, returns=schemas.InvoiceResponse)
    def discard_invoice(self, call: Call, *, invoice_id: UUID) -> SimpleNamespace:
        """Leave one draft out of its run."""
        discarded = operations.invoice_to_change(call.session, invoice_id=invoice_id)
        call.match(discarded)
        return _shown(call, operations.discard_invoice(call.session, discarded))

    @route(
        "POST",
        f"{_INVOICE}/credit-notes",
        scope=APPROVE,
        body=schemas.CreditNoteRequest,
        returns=schemas.CreditNoteResponse,
        status=201,
        location="/v1/credit-notes/{id}",
    )
    def credit_invoice(self, call: Call, *, invoice_id: UUID) -> CreditNote:
        """Take an invoice back, wholly or in part; what was paid of that part returns to the member's account."""
        credited = operations.invoice_to_change(call.session, invoice_id=invoice_id)
        call.match(credited)
        return operations.credit_invoice(call.session, credited, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/credit-notes",
        scope=READ,
        query=schemas.CreditNoteFilter,
        returns=schemas.CreditNoteResponse,
        sort={"-issued_at": CreditNote.issued_at},
    )
    def list_credit_notes(self, call: Call) -> Page[CreditNote]:
        """Credit notes, the latest first."""
        return call.page(operations.credit_notes(**call.query))

    @route("GET", "/v1/credit-notes/<uuid:credit_note_id>", scope=READ, returns=schemas.CreditNoteResponse)
    def show_credit_note(self, call: Call, *, credit_note_id: UUID) -> CreditNote:
        """One credit note."""
        return operations.credit_note(call.session, credit_note_id=credit_note_id)

    @route(
        "POST",
        f"{_INVOICE}/write-offs",
        scope=WRITE,
        body=schemas.WriteOffRequest,
        returns=schemas.WriteOffResponse,
        status=201,
        location="/v1/write-offs/{id}",
    )
    def propose_write_off(self, call: Call, *, invoice_id: UUID) -> WriteOff:
        """Ask somebody else to give an invoice up; nothing changes until they do."""
        of = operations.invoice_to_change(call.session, invoice_id=invoice_id)
        call.match(of)
        return operations.propose_write_off(call.session, of, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/write-offs",
        scope=READ,
        query=schemas.WriteOffFilter,
        returns=schemas.WriteOffResponse,
        sort={"-proposed_at": WriteOff.proposed_at},
    )
    def list_write_offs(self, call: Call) -> Page[WriteOff]:
        """Write-offs; those to be decided with state=proposed."""
        return call.page(operations.write_offs(**call.query))

    @route("GET", _WRITE_OFF, scope=READ, returns=schemas.WriteOffResponse)
    def show_write_off(self, call: Call, *, write_off_id: UUID) -> WriteOff:
        """One write-off."""
        return operations.write_off(call.session, write_off_id=write_off_id)

    @route(
        "POST",
        f"{_WRITE_OFF}/approve",
        scope=APPROVE,
        body=schemas.WriteOffDecision,
        returns=schemas.WriteOffResponse,
    )
    def approve_write_off(self, call: Call, *, write_off_id: UUID) -> WriteOff:
        """Give it up; who proposed it can't."""
        return _decided(call, write_off_id, approve=True)

    @route(
        "POST", f"{_WRITE_OFF}/reject", scope=APPROVE, body=schemas.WriteOffDecision, returns=schemas.WriteOffResponse
    )
    def reject_write_off(self, call: Call, *, write_off_id: UUID) -> WriteOff:
        """It stays owed."""
        return _decided(call, write_off_id, approve=False)

    @route(
        "GET",
        "/v1/members/<uuid:member_id>/dues-balance",
        scope=READ,
        query=schemas.BalancesFilter,
        returns=schemas.BalancesResponse,
    )
    def show_balance(self, call: Call, *, member_id: UUID) -> dict[str, Any]:
        """What a member owes and has on account at the end of any day: a sum of the ledger's entries."""
        operations.member(call.session, member_id=member_id)
        found = operations.balances(call.session, member_id=member_id, **call.query)
        rows = [
            {"receivable": Money(receivable, currency), "on_account": Money(credit, currency)}
            for currency, (receivable, credit) in found.items()
        ]
        return {"member_id": member_id, "balances": rows}

    @route(
        "GET",
        "/v1/dues-reconciliation",
        scope=READ,
        query=schemas.ReconciliationFilter,
        returns=schemas.ReconciliationResponse,
    )
    def reconcile_dues(self, call: Call) -> dict[str, Any]:
        """Every account at the end of any day, and whether invoices and entries agree to the last cent."""
        on = call.query.get("on") or call.now.date()
        rows = operations.reconcile(call.session, on=on)
        balanced = not any(row["difference"] or row["invoices_differ"] for row in rows)
        shown = [
            {name: Money(int(minor), str(row["currency"])) for name, minor in row.items() if name != "currency"}
            for row in rows
        ]
        return {"on": on, "balanced": balanced, "currencies": shown}


def _decided(call: Call, write_off_id: UUID, *, approve: bool) -> WriteOff:
    decided = operations.write_off_to_change(call.session, write_off_id=write_off_id)
    call.match(decided)
    return operations.decide_write_off(
        call.session, decided, approve=approve, **call.body, actor=call.actor, now=call.now
    )


def _shown(call: Call, of: Invoice) -> SimpleNamespace:
    call.session.flush()
    names = {field.attribute or name for name, field in schemas.InvoiceResponse().fields.items()}
    facts = {name: getattr(of, name) for name in names if "." not in name and name != "instalments"}
    return SimpleNamespace(**facts, member=of.member, instalments=operations.instalments_of(call.session, of))
