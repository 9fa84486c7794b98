"""Invoices: issue a run's drafts, announce what is overdue, find them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer, selectinload

from services.membership.model import DuesRun, Invoice, Member, Organization, UnknownInvoice
from services.membership.model.invoices import OWED, InvoiceState
from services.membership.operations.dues_contacts import addressee_of, dues_contacts, language_for
from services.membership.operations.ledger import Line, Words, book, lock_members
from services.membership.operations.numbering import take_numbers
from services.membership.operations.reaching import Address
from services.membership.operations.sending import send_invoices
from services.membership.operations.settling import owe
from shared.contracts.membership import DuesInvoiced, DuesOverdue
from shared.messaging.outbox import publish, publish_all

BATCH = 50
"""So many invoices go out in one transaction, whose locks others wait for."""


def invoice(session: Session, *, invoice_id: UUID) -> Invoice:
    found = session.get(Invoice, invoice_id)
    if not found:
        raise UnknownInvoice(invoice_id=invoice_id)
    return found


def invoice_to_change(session: Session, *, invoice_id: UUID) -> Invoice:
    """The invoice, locked after its member, so that of all that touches a member's money one comes first."""
    lock_members(session, [invoice(session, invoice_id=invoice_id).member_id])
    found = session.get(Invoice, invoice_id, with_for_update={"of": Invoice}, populate_existing=True)
    assert found
    return found


def invoices(
    *,
    year: int | None = None,
    state: InvoiceState | None = None,
    country: str | None = None,
    member_id: UUID | None = None,
    run_id: UUID | None = None,
    number: str | None = None,
    due_before: date | None = None,
) -> Select[Invoice]:
    query = select(Invoice).options(defer(Invoice.addressee))
    given: dict[Any, Any] = {
        Invoice.year: year,
        Invoice.state: state,
        Invoice.member_id: member_id,
        Invoice.run_id: run_id,
    }
    query = query.where(*(column == value for column, value in given.items() if value is not None))
    if country is not None:
        query = query.where(Invoice.member.has(Member.organization.has(Organization.country == country)))
    if number is not None:
        query = query.where(*numbered(number))
    if due_before is not None:
        query = query.where(Invoice.next_due_on < due_before, Invoice.state.in_(OWED))
    return query


def numbered(reference: str) -> list[Any]:
    """The conditions that find an invoice by its number as people write it."""
    series, year, number = reference.rsplit("-", 2)
    return [Invoice.series == series, Invoice.number_year == int(year), Invoice.number == int(number)]


def discard_invoice(session: Session, discarded: Invoice) -> Invoice:
    """A draft its member should not get.

    Raises:
        NotADraft
    """
    discarded.discard()
    session.flush()
    return discarded


def issue_next(session: Session, *, address: Address, now: datetime, batch: int = BATCH) -> int | None:
    """Issue and send some drafts of a run that is going out, and end the run with the last.

    Returns how many, or None when no run is going out. A run another process has in hand is passed over.
    """
    going = select(DuesRun).where(DuesRun.state == "issuing").order_by(DuesRun.started_at, DuesRun.id)
    run = session.scalars(going.limit(1).with_for_update(skip_locked=True)).first()
    if not run:
        return None
    drafts = select(Invoice).where(Invoice.run_id == run.id, Invoice.state == "draft").order_by(Invoice.id)
    found = session.execute(drafts.with_only_columns(Invoice.id, Invoice.member_id).limit(batch)).all()
    if not found:
        run.state, run.finished_at = "issued", now
        session.flush()
        return 0
    members = lock_members(session, [row.member_id for row in found])
    # While the members were waited for, a draft may have been discarded.
    still = drafts.where(Invoice.id.in_([row.id for row in found])).with_for_update(of=Invoice)
    kept = session.scalars(still.execution_options(populate_existing=True)).all()
    _issue(session, run, kept, {one.member_id: members[one.member_id] for one in kept}, address=address, now=now)
    return len(kept)


def _issue(
    session: Session,
    run: DuesRun,
    drafts: Sequence[Invoice],
    members: dict[UUID, Member],
    *,
    address: Address,
    now: datetime,
) -> None:
    if not drafts:
        return
    organizations = [one.organization_id for one in members.values()]
    # Their numbers stand on the invoices: one query for all.
    session.scalars(
        select(Organization).where(Organization.id.in_(organizations)).options(selectinload(Organization.identifiers))
    ).all()
    contacts = dues_contacts(session, organizations)
    first = take_numbers(session, series=run.series, year=now.year, count=len(drafts))
    actor = run.started_by or run.planned_by
    for number, draft in enumerate(drafts, first):
        organization = draft.member.organization
        contact = contacts.get(organization.id)
        draft.addressee, draft.language = addressee_of(contact, organization), language_for(contact, organization)
        draft.issue(series=run.series, number=number, now=now, actor=actor)
        _book(session, draft, actor=actor, now=now)
    session.flush()
    publish_all(session, map(_issued, drafts), at=now)
    whom = ((one, contacts.get(one.member.organization_id)) for one in drafts)
    addressed = [(one, contact) for one, contact in whom if contact]
    send_invoices(session, addressed, address=address, actor=actor, now=now)
    owe(session, drafts, members, actor=actor, now=now)


def _book(session: Session, issued: Invoice, *, actor: str, now: datetime) -> None:
    minor, currency = issued.minor, issued.currency
    lines = [
        Line("receivable", issued.member_id, minor, currency, invoice_id=issued.id),
        Line("income", issued.member_id, -minor, currency),
    ]
    words = Words(reason="", reference=issued.reference, actor=actor, now=now)
    book(session, "invoiced", lines, booked_on=now.date(), words=words)


def _issued(of: Invoice) -> DuesInvoiced:
    assert of.issued_on
    return DuesInvoiced(
        invoice_id=of.id,
        member_id=of.member_id,
        organization_id=of.member.organization_id,
        year=of.year,
        number=of.reference,
        issued_on=of.issued_on,
        due_on=of.due_on,
        amount=of.minor,
        currency=of.currency,
        instalment_days=tuple(one.due_on for one in of.instalments),
        instalment_amounts=tuple(one.minor for one in of.instalments),
    )


def announce_next_overdue(session: Session, *, now: datetime) -> Invoice | None:
    """Say of one invoice which instalments have fallen due unpaid; None when there is none, once for each instalment.

    An invoice another process has in hand is passed over.
    """
    due = select(Invoice).where(Invoice.falls_due_on < now.date()).order_by(Invoice.falls_due_on, Invoice.id)
    found = session.scalars(due.limit(1).with_for_update(of=Invoice, skip_locked=True)).first()
    if not found:
        return None
    for one in found.announce_overdue(now.date()):
        fact = DuesOverdue(
            invoice_id=found.id,
            member_id=found.member_id,
            organization_id=found.member.organization_id,
            year=found.year,
            number=found.reference,
            instalment=one.number,
            due_on=one.due_on,
            open=one.minor,
            currency=found.currency,
        )
        publish(session, fact, at=now)
    session.flush()
    return found
