"""Whatever touches members' money locks members, then their invoices: who meets waits, and nobody for each other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import Invoice, NumberSeries
from services.membership.operations.ledger import lock_members
from shared.database import transaction
from tests.membership.making import NOW
from tests.membership.making_invoices import a_run, indebted, invoice_address, invoiced
from tests.waiting import eventually

_WAITING = text("""SELECT count(*) FROM pg_locks
    WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))""")


def meeting(engine: Engine, ours: Callable[[Session], Any], theirs: Callable[[Session], Any], after: Any) -> Any:
    """What theirs answers that came while ours had its locks; `after` is what ours does then."""

    def work() -> Any:
        with transaction(engine) as own:
            return theirs(own)

    with ThreadPoolExecutor(1) as other:
        with transaction(engine) as session:
            ours(session)
            answer = other.submit(work)
            eventually(lambda: session.scalar(_WAITING))
            after(session)
        return answer.result()


def test_a_draft_is_discarded_while_its_run_goes_out(engine: Engine) -> None:
    with transaction(engine) as session:
        first, _ = indebted(session, "Uno", "Dos")
        run = a_run(session)
        operations.start_run(session, run, actor="eva", now=NOW)
        draft = session.scalars(select(Invoice).where(Invoice.member_id == first.id)).one()

    def discard(own: Session) -> None:
        operations.discard_invoice(own, operations.invoice_to_change(own, invoice_id=draft.id))

    issued = meeting(
        engine,
        lambda own: lock_members(own, [first.id]),
        lambda own: operations.issue_next(own, address=invoice_address, now=NOW),
        discard,
    )
    with transaction(engine) as session:
        assert issued == 1
        assert sorted(session.scalars(select(Invoice.state))) == ["cancelled", "issued"]
        assert session.scalar(select(NumberSeries.last)) == 1
        assert operations.issue_next(session, address=invoice_address, now=NOW) == 0
        assert operations.issue_next(session, address=invoice_address, now=NOW) is None


def test_a_run_whose_last_drafts_were_discarded_takes_no_number_and_ends(engine: Engine) -> None:
    with transaction(engine) as session:
        [member] = indebted(session, "Uno")
        operations.start_run(session, a_run(session), actor="eva", now=NOW)
        draft = session.scalars(select(Invoice)).one()

    def discard(own: Session) -> None:
        operations.discard_invoice(own, operations.invoice_to_change(own, invoice_id=draft.id))

    issued = meeting(
        engine,
        lambda own: lock_members(own, [member.id]),
        lambda own: operations.issue_next(own, address=invoice_address, now=NOW),
        discard,
    )
    with transaction(engine) as session:
        assert issued == 0
        assert session.scalar(select(func.count()).select_from(NumberSeries)) == 0
        assert operations.issue_next(session, address=invoice_address, now=NOW) == 0
        assert operations.issue_next(session, address=invoice_address, now=NOW) is None


def test_reminders_are_planned_anew_while_money_is_moved(engine: Engine) -> None:
    with transaction(engine) as session:
        members = indebted(session, "Uno", "Dos")
        invoices = invoiced(session)
        first, second = sorted((invoices[one.id] for one in members), key=lambda one: one.id)
    both = [one.id for one in members]

    def move_from(own: Session) -> None:
        lock_members(own, both)
        operations.invoice_to_change(own, invoice_id=second.id)

    version = meeting(
        engine,
        move_from,
        lambda own: operations.plan_reminders(own, days=[3], reason="x", actor="ana", now=NOW).version,
        lambda own: operations.invoice_to_change(own, invoice_id=first.id),
    )
    assert version == 2
