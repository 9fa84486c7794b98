"""Dues runs on a real database: who is invoiced, who is skipped, numbers without gaps, and once whatever dies."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import (
    DueDatesOutOfOrder,
    InstalmentInPast,
    Invoice,
    NotADraft,
    NothingToIssue,
    NumberSeries,
    RunNotDraft,
    SharesIncomplete,
)
from shared.contracts.membership import DuesInvoiced, DuesOverdue
from shared.database import transaction
from shared.messaging.outbox import published
from tests.membership.making import NOW
from tests.membership.making_dues import YEAR, a_formula, a_round, accepted, declared, named_member
from tests.membership.making_invoices import DUE, a_run, go_out, indebted, invoice_address, invoiced, reachable


def outcomes(session: Session) -> dict[str, str]:
    members = session.scalars(operations.preview(session, year=YEAR)).all()
    found = operations.candidates(session, members, year=YEAR)
    return {one.member.organization.locality: one.reason or str(one.minor) for one in found}


def test_a_preview_says_each_amount_and_who_is_skipped_and_why(session: Session) -> None:
    names = ("Uno", "Mudo", "Lejano", "Nuevo", "Dirigido", "Socio")
    ready, silent, unreachable, late, led, associate = (named_member(session, name) for name in names)
    named_member(session, "Futuro", admitted_on=NOW.date())
    associate.category = "associate"
    for member in (ready, silent, late, associate):
        reachable(session, member)
    reachable(session, led, "presidency")
    reachable(session, unreachable, "delegate")
    a_formula(session)
    a_round(session)
    for member in (ready, unreachable, led):
        accepted(session, member, 100)
    declared(session, silent, 100)
    operations.record_dues(session, year=YEAR, actor="ana", now=NOW)
    accepted(session, late, 100)
    assert outcomes(session) == {
        "Uno": "50000",
        "Mudo": "no_statistic",
        "Lejano": "no_contact",
        "Nuevo": "not_assessed",
        "Dirigido": "50000",
        "Socio": "75000",
        "Futuro": "no_statistic",
    }
    totals = operations.preview_totals(session, year=YEAR)
    assert [(row["outcome"], row["members"], row["minor"]) for row in totals if row["outcome"] == "ready"] == [
        ("ready", 3, 175000)
    ]
    invoiced(session)
    assert outcomes(session)["Uno"] == "invoiced"
    found = session.scalars(operations.preview(session, year=YEAR, outcome="no_contact", country="AR")).all()
    assert found == [unreachable]


def test_issuing_numbers_without_a_gap_and_publishes_each_invoice(session: Session) -> None:
    members = indebted(session, "Uno", "Dos", "Tres")
    run = a_run(session)
    assert {one.state for one in session.scalars(operations.invoices(run_id=run.id))} == {"draft"}
    go_out(session, run, batch=2)
    issued = session.scalars(operations.invoices(run_id=run.id).order_by(Invoice.number)).all()
    assert [one.reference for one in issued] == [f"D-2026-{number:06}" for number in (1, 2, 3)]
    assert {(one.state, one.issued_by, one.issued_on, one.open_minor) for one in issued} == {
        ("issued", "eva", NOW.date(), 500_00)
    }
    assert (run.state, run.finished_at) == ("issued", NOW)
    told = [fact for fact in published(session) if isinstance(fact, DuesInvoiced)]
    assert told[0] == DuesInvoiced(
        invoice_id=issued[0].id,
        member_id=issued[0].member_id,
        organization_id=issued[0].member.organization_id,
        year=YEAR,
        number="D-2026-000001",
        issued_on=NOW.date(),
        due_on=DUE,
        amount=500_00,
        currency="USD",
        instalment_days=(DUE,),
        instalment_amounts=(500_00,),
    )
    assert {fact.member_id for fact in told} == {member.id for member in members}
    assert operations.balances(session, member_id=members[0].id) == {"USD": (500_00, 0)}


def test_a_second_run_invoices_only_who_was_missing(session: Session) -> None:
    indebted(session, "Uno")
    first = a_run(session)
    go_out(session, first)
    with pytest.raises(RunNotDraft):
        operations.prepare_run(session, first, actor="ana", now=NOW)
    again = a_run(session)
    assert session.scalars(operations.invoices(run_id=again.id)).all() == []
    with pytest.raises(NothingToIssue):
        operations.start_run(session, again, actor="eva", now=NOW)
    late = reachable(session, named_member(session, "Dos"))
    operations.record_dues(session, year=YEAR, actor="ana", now=NOW)
    late.category = "associate"
    operations.record_dues(session, year=YEAR, actor="ana", now=NOW)
    assert operations.prepare_run(session, again, actor="ana", now=NOW) == 1
    assert operations.prepare_run(session, again, actor="ana", now=NOW) == 0
    go_out(session, again)
    assert [one.reference for one in session.scalars(operations.invoices(member_id=late.id))] == ["D-2026-000002"]


def test_a_discarded_draft_gets_no_number_and_can_be_drafted_again(session: Session) -> None:
    one, other = indebted(session, "Uno", "Dos")
    run = a_run(session)
    drafts = {draft.member_id: draft for draft in session.scalars(operations.invoices(run_id=run.id))}
    operations.discard_invoice(session, drafts[one.id])
    go_out(session, run)
    assert drafts[one.id].number is None
    with pytest.raises(NotADraft):
        operations.discard_invoice(session, drafts[other.id])
    again = a_run(session)
    assert [draft.member_id for draft in session.scalars(operations.invoices(run_id=again.id))] == [one.id]
    operations.discard_run(session, again, now=NOW)
    session.expire_all()
    assert {draft.state for draft in session.scalars(operations.invoices(run_id=again.id))} == {"cancelled"}


def test_instalments_make_up_the_amount_and_are_due_in_order(session: Session) -> None:
    indebted(session, "Uno")
    thirds = [
        {"percent": p, "due_on": DUE + timedelta(days=d)} for p, d in (("33.33", 0), ("33.33", 30), ("33.34", 60))
    ]
    go_out(session, a_run(session, instalments=thirds))
    [invoice] = session.scalars(operations.invoices())
    assert [one.minor for one in invoice.instalments] == [166_65, 166_65, 166_70]
    assert (invoice.next_due_on, invoice.due_on) == (DUE, DUE + timedelta(days=60))
    with pytest.raises(SharesIncomplete, match=r"make 66\.66 percent"):
        a_run(session, instalments=thirds[:2])
    with pytest.raises(SharesIncomplete, match=r"make 100\.0001 percent"):
        a_run(session, instalments=[*thirds[:2], {"percent": "33.3401", "due_on": DUE + timedelta(days=60)}])
    with pytest.raises(DueDatesOutOfOrder):
        a_run(session, DUE, DUE)
    with pytest.raises(InstalmentInPast):
        a_run(session, NOW.date())


def test_overdue_is_announced_once_for_each_instalment(session: Session) -> None:
    indebted(session, "Uno")
    [invoice] = invoiced(session, DUE, DUE + timedelta(days=30)).values()

    def announced(day: date) -> list[int]:
        while operations.announce_next_overdue(session, now=NOW + (day - NOW.date())):
            pass
        return [fact.instalment for fact in published(session) if isinstance(fact, DuesOverdue)]

    assert announced(DUE) == []
    assert announced(DUE + timedelta(days=1)) == [1]
    assert (invoice.state, announced(DUE + timedelta(days=2))) == ("overdue", [1])
    assert announced(DUE + timedelta(days=90)) == [1, 2]


def test_a_run_killed_in_the_middle_goes_on_where_it_was(engine: Engine) -> None:
    with transaction(engine) as session:
        indebted(session, *(f"M{number}" for number in range(6)))
        operations.start_run(session, a_run(session), actor="eva", now=NOW)
    with transaction(engine) as session:
        assert operations.issue_next(session, address=invoice_address, now=NOW, batch=2) == 2
    with pytest.raises(KeyboardInterrupt), transaction(engine) as session:
        assert operations.issue_next(session, address=invoice_address, now=NOW, batch=2) == 2
        raise KeyboardInterrupt
    with transaction(engine) as session:
        assert session.scalar(select(NumberSeries.last)) == 2

    def work(_: int) -> None:
        for _turn in range(20):
            with transaction(engine) as own:
                operations.issue_next(own, address=invoice_address, now=NOW, batch=2)

    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(work, range(4)))
    with transaction(engine) as session:
        assert sorted(session.scalars(select(Invoice.number))) == [1, 2, 3, 4, 5, 6]
        assert session.scalar(select(func.count(Invoice.member_id.distinct()))) == 6
        told = [fact.number for fact in published(session) if isinstance(fact, DuesInvoiced)]
        assert len(set(told)) == len(told) == 6


def test_two_who_prepare_and_issue_at_once_invoice_nobody_twice(engine: Engine) -> None:
    with transaction(engine) as session:
        indebted(session, *(f"M{number}" for number in range(4)))

    def plan(_: int) -> None:
        with transaction(engine) as own:
            operations.start_run(own, a_run(own), actor="eva", now=NOW)

    with ThreadPoolExecutor(8) as crowd:
        outcomes_ = [attempt.exception() for attempt in [crowd.submit(plan, number) for number in range(8)]]
    assert [type(one) for one in outcomes_ if one] == [NothingToIssue] * 7
    with transaction(engine) as session:
        assert session.scalar(select(func.count()).select_from(Invoice)) == 4
