"""Five thousand members: a simulation and a recording, every total exact, and how long they took (-s)."""

import time
from datetime import date
from itertools import cycle

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import (
    DuesAssessment,
    Member,
    Organization,
    SimulatedDues,
    StandingChange,
    StatisticDeclaration,
)
from services.membership.model.organizations import derive
from shared.database import transaction
from shared.ids import uuid7
from shared.messaging.outbox import published
from tests.membership.making import NOW
from tests.membership.making_dues import YEAR, a_draft, a_formula, a_round, address

MANY = 5_000


def fill(session: Session, many: int = MANY) -> None:
    """Members of many sizes in five countries, one in ten without an accepted statistic."""
    countries = cycle(["AR", "BR", "HT", "UY", "CU"])
    facts = {"sectors": [], "language": "es", "created_at": NOW, "updated_at": NOW, "version": 1}
    facts |= dict.fromkeys(("subdivision", "locality", "address", "postal_code", "website", "structure"), "")
    organizations = []
    for number, country in zip(range(many), countries, strict=False):
        name = f"Federación {number}"
        derived = derive(name, country, locality="", subdivision="")
        organizations.append({"id": uuid7(), "name": name, "country": country, **facts, **derived})
    session.execute(insert(Organization), organizations)
    admitted = {"category": "full", "standing": "current", "admitted_on": date(2020, 1, 1), "admitted_at": NOW}
    members = [{"id": uuid7(), "version": 1, "organization_id": one["id"], **admitted} for one in organizations]
    session.execute(insert(Member), members)
    first = {"number": 1, "previous": None, "standing": "current", "effective_on": date(2020, 1, 1), "reason": ""}
    changed = {"changed_at": NOW, "changed_by": "ana"}
    session.execute(insert(StandingChange), [{"member_id": one["id"], **first, **changed} for one in members])
    a_round(session)
    for number, declaration in enumerate(session.scalars(select(StatisticDeclaration))):
        if number % 10:
            declaration.state, declaration.persons = "accepted", number * number
    session.flush()


@pytest.mark.long
def test_five_thousand_members_are_simulated_and_recorded(engine: Engine) -> None:
    with transaction(engine) as session:
        fill(session)
        formula = a_formula(session)
        draft = a_draft(session, effective_from=date(YEAR + 1, 1, 1), base="300.00")
    began = time.monotonic()
    with transaction(engine) as session:
        tried = operations.simulate(session, formula=draft, year=YEAR, actor="ana", now=NOW)
        totals = operations.simulation_totals(session, simulation_id=tried.id)
    with transaction(engine) as session:
        done = operations.record_dues(session, year=YEAR, actor="ana", now=NOW)
    print({"seconds": time.monotonic() - began})  # noqa: T201 -- shown by pytest -s
    with transaction(engine) as session:
        rows = session.scalars(select(SimulatedDues)).all()
        owed = session.execute(select(DuesAssessment.member_id, DuesAssessment.minor)).all()
        assert len(published(session)) == done["recorded"] == len(owed) == MANY * 9 // 10
    assert totals["total"]["members"] == len(rows) == MANY
    assert totals["total"]["minor"] == sum(row.minor or 0 for row in rows)
    assert totals["total"]["minor"] == sum(int(row["minor"]) for row in totals["by_country"])
    assert totals["total"]["baseline_minor"] == sum(row.minor for row in owed)
    assert totals["total"]["not_assessed"] == MANY // 10
    assert formula.id != draft.id


@pytest.mark.long
def test_five_thousand_members_are_asked(engine: Engine) -> None:
    with transaction(engine) as session:
        fill(session)
        for organization in session.scalars(select(Organization)):
            facts = {"organization_id": organization.id, "role": "dues", "email": "dues@u.invalid", "now": NOW}
            if organization.country == "AR":
                operations.add_contact(session, **facts)
        opened = session.scalars(operations.statistic_rounds()).one()
        session.execute(StatisticDeclaration.__table__.update().values(state="requested", persons=None))
    began = time.monotonic()
    with transaction(engine) as session:
        opened = operations.round_to_change(session, round_id=opened.id)
        asked = operations.ask_members(
            session, opened, occasion="request", step=0, address=address, actor="ana", now=NOW
        )
    print({"seconds": time.monotonic() - began})  # noqa: T201 -- shown by pytest -s
    assert asked == {"asked": MANY // 5, "without_contact": MANY * 4 // 5}
