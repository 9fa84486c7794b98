"""Members with dues to pay, and their invoices."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import DuesRun, Invoice, Member, Payment
from shared.money import Money
from tests.membership.making import NOW
from tests.membership.making_dues import YEAR, a_formula, a_round, accepted, named_member

LATER = NOW + timedelta(days=1)
DUE = date(2026, 6, 30)


def invoice_address(link_id: UUID) -> str:
    return f"https://membership.invalid/invoices/{link_id}"


def reachable(session: Session, member: Member, role: str = "dues", **facts: Any) -> Member:
    told = {"name": "", "email": "pagos@union.invalid", "phone": "", "language": "es"} | facts
    operations.add_contact(session, organization_id=member.organization_id, role=role, **told, now=NOW)
    return member


def indebted(session: Session, *names: str, persons: int = 100, **facts: Any) -> list[Member]:
    """Members whose dues of the year are recorded: 500.00 USD each."""
    members = [reachable(session, named_member(session, name, **facts)) for name in names]
    a_formula(session)
    a_round(session)
    for member in members:
        accepted(session, member, persons)
    operations.record_dues(session, year=YEAR, actor="ana", now=NOW)
    return members


def a_run(session: Session, *days: date, **facts: Any) -> DuesRun:
    """Instalments of equal parts, one for each day."""
    days = days or (DUE,)
    shares = [{"percent": str(100 // len(days)), "due_on": day} for day in days]
    return operations.plan_run(
        session, year=YEAR, **{"series": "D", "instalments": shares, "actor": "ana", "now": NOW} | facts
    )


def go_out(session: Session, run: DuesRun, *, now: datetime = NOW, batch: int = 50) -> None:
    operations.start_run(session, run, actor="eva", now=now)
    while operations.issue_next(session, address=invoice_address, now=now, batch=batch) is not None:
        pass


def invoiced(session: Session, *days: date) -> dict[Any, Invoice]:
    """Everybody's invoice by member, after a run."""
    go_out(session, a_run(session, *days))
    return {one.member_id: one for one in session.scalars(select(Invoice).where(Invoice.number.is_not(None)))}


def paid(session: Session, member: Member, amount: str, *invoices: Invoice, **facts: Any) -> Payment:
    told: dict[str, Any] = {"reference": f"bank {amount} {len(facts)}", "received_on": NOW.date(), "actor": "ana"}
    told |= {"now": NOW} | facts
    currency = told.pop("currency", "USD")
    ids = [one.id for one in invoices]
    made, _ = operations.record_payment(
        session, member_id=member.id, amount=Money.parse(amount, currency), invoice_ids=ids, **told
    )
    return made
