"""Thousands of invoices: previewed, issued, aged and matched; none lost, and how long each took (-s)."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.banking import BankEntry, BankStatement
from services.membership.model import BankLine, Contact, Invoice, NumberSeries, Organization
from shared.database import transaction
from shared.ids import uuid7
from shared.money import Money
from tests.membership.making import NOW
from tests.membership.making_dues import YEAR, a_formula
from tests.membership.making_invoices import DUE, a_run, invoice_address
from tests.membership.test_dues_large import fill


def timed(name: str, act: Callable[[], Any]) -> Any:
    began = time.monotonic()
    found = act()
    print(f"{name}: {(time.monotonic() - began) * 1000:.0f} ms")  # noqa: T201 -- shown with -s
    return found


def give_contacts(session: Session) -> None:
    """Somebody to write to about dues for each organization."""
    facts = {"version": 1, "role": "dues", "name": "", "phone": "", "email": "pagos@union.invalid", "language": "es"}
    ids = session.scalars(select(Organization.id)).all()
    session.execute(insert(Contact), [{"id": uuid7(), "organization_id": one, **facts} for one in ids])


@pytest.mark.long
def test_each_member_of_thousands_gets_one_invoice_under_the_next_number(engine: Engine) -> None:
    with transaction(engine) as session:
        fill(session)
        a_formula(session)
        give_contacts(session)
        operations.record_dues(session, year=YEAR, actor="ana", now=NOW)
    with transaction(engine) as session:
        run = timed("plan", lambda: a_run(session))
        operations.start_run(session, run, actor="eva", now=NOW)

    def issue() -> None:
        while True:
            with transaction(engine) as own:
                if operations.issue_next(own, address=invoice_address, now=NOW) is None:
                    return

    timed("issue", issue)
    with transaction(engine) as session:
        issued = session.scalar(select(func.count()).select_from(Invoice).where(Invoice.state == "issued"))
        assert (issued, session.scalar(select(NumberSeries.last))) == (4_500, 4_500)
        query = operations.preview(session, year=YEAR).order_by(Organization.folded_name)
        paged = query.join(Organization).limit(51)
        page = timed("preview page", lambda: session.scalars(paged).all())
        timed("preview candidates", lambda: operations.candidates(session, page, year=YEAR))
        timed("overdue page", lambda: session.scalars(operations.invoices(state="overdue").limit(51)).all())
        rows = timed("ageing", lambda: operations.ageing(session, on=DUE))
        assert sum(row["invoices"] for row in rows) == 4_500
        timed("reconcile", lambda: operations.reconcile(session, on=DUE))
        text = session.scalars(operations.invoices().limit(1)).one().reference
        entry = BankEntry(
            key="k", booked_on=NOW.date(), amount=Money(100, "USD"), remittance=f"cuota {text}", payer="x"
        )
        operations.take_statement(
            session, BankStatement(account="A", reference="1", entries=(entry,)), actor="ana", now=NOW
        )
        line = session.scalars(select(BankLine)).one()
        found = timed("proposals", lambda: operations.proposals(session, line))
        assert found[0].owed.number == text
