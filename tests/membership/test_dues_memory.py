"""However many members there are, dues are recorded, simulated and prepared with a few of them in memory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

import pytest
from sqlalchemy import Engine, event, func, select

from services.membership import operations
from services.membership.model import DuesAssessment, Invoice, Member
from services.membership.model.base import Base
from shared.database import transaction
from tests.membership.making import NOW
from tests.membership.making_dues import YEAR, a_draft, a_formula
from tests.membership.making_invoices import a_run
from tests.membership.test_dues_large import fill
from tests.membership.test_invoices_large import give_contacts

FEW, MANY, OWING = 10, 60, 54


@contextmanager
def most_alive(kind: type[Base], how: str) -> Iterator[list[int]]:
    """How many objects of a class lived at a time, whenever one more was loaded or made."""
    living: WeakSet[Base] = WeakSet()
    counts: list[int] = []

    def count(target: Base, *_: object) -> None:
        living.add(target)
        counts.append(len(living))

    event.listen(kind, how, count)
    yield counts
    event.remove(kind, how, count)


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("dues", "dues_runs", "simulating"):
        monkeypatch.setattr(sys.modules[f"{operations.__name__}.{module}"], "AT_ONCE", FEW)


@pytest.mark.usefixtures("few_at_once")
def test_dues_of_many_are_recorded_and_prepared_a_few_at_a_time(engine: Engine) -> None:
    with transaction(engine) as session:
        fill(session, MANY)
        give_contacts(session)
        a_formula(session)
    with transaction(engine) as session, most_alive(DuesAssessment, "init") as recorded:
        assert operations.record_dues(session, year=YEAR, actor="ana", now=NOW)["recorded"] == OWING
    with transaction(engine) as session, most_alive(Member, "load") as prepared:
        a_run(session)
    with transaction(engine) as session:
        assert session.scalar(select(func.count()).select_from(Invoice)) == OWING
    assert (len(recorded), len(prepared)) == (OWING, OWING)
    assert max(recorded) <= 2 * FEW
    assert max(prepared) <= 2 * FEW


@pytest.mark.usefixtures("few_at_once")
def test_a_simulation_of_many_keeps_each_of_them(engine: Engine) -> None:
    with transaction(engine) as session:
        fill(session, MANY)
        tried = operations.simulate(session, formula=a_draft(session), year=YEAR, actor="ana", now=NOW)
    with transaction(engine) as session:
        rows = session.scalars(operations.simulated_dues(simulation_id=tried.id)).all()
    assert len({row.member_id for row in rows}) == len(rows) == MANY
    assert sum(row.minor is not None for row in rows) == OWING
