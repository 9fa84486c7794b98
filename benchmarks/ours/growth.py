"""Makes a membership of an imported registry, by the product's own operations.

    growth.py MEMBERS PROSPECTS

DATABASE_URL names the database. The first organizations become members, each with a contact for dues and an accepted
statistic; the next ones prospects of all stages, some of them overdue. The year's dues are recorded.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import cycle
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.dues import EXAMPLE
from services.membership.model import Organization, StatisticDeclaration
from shared.clock import utc_now
from shared.database import WHOLE_TABLES_SECONDS, Bounds, connect, transaction

NOW = utc_now()
MAKER, CHECKER = {"actor": "bench", "now": NOW}, {"actor": "another", "now": NOW}
STAGES = ("identified", "contacted", "qualified", "proposal")
AT_ONCE = 500


def groups(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def admit(session: Session, organization_id: UUID, years: int) -> None:
    contact = {"role": "dues", "name": "", "phone": "", "language": "es", "email": "pagos@union.invalid", "now": NOW}
    operations.add_contact(session, organization_id=organization_id, **contact)
    won = operations.open_prospect(session, organization_id=organization_id, source="register", **MAKER)
    admitted_on = date(NOW.year - years, 1, 15)
    operations.admit_prospect(session, won, category="full", reason="Board", admitted_on=admitted_on, **MAKER)


def begin(session: Session, organization_id: UUID, stage: str, owner: int) -> None:
    """Opened ten days ago, with something to do that is overdue for some owners by now."""
    then = NOW - timedelta(days=10)
    planned = {"next_action": "call", "next_action_on": then.date() + timedelta(days=owner), "owner": f"owner-{owner}"}
    opened = operations.open_prospect(
        session, organization_id=organization_id, source="register", **planned, actor="bench", now=then
    )
    if stage != STAGES[0]:
        operations.advance_prospect(session, opened, stage=stage, **MAKER)


def count(engine: Engine) -> None:
    """A round of statistics that everybody answered."""
    with transaction(engine) as session:
        days = (NOW.date() + timedelta(days=days) for days in (0, 30, 60))
        opened = dict(zip(("opens_on", "due_on", "closes_on"), days, strict=True))
        operations.open_round(session, year=NOW.year, **opened, **MAKER)
    with transaction(engine) as session:
        for number, declaration in enumerate(session.scalars(select(StatisticDeclaration))):
            declared = operations.declare_statistic(session, declaration, persons=number * number, **MAKER)
            operations.accept_statistic(session, declared, **CHECKER)


def assess(engine: Engine) -> None:
    with transaction(engine) as session:
        terms = {**EXAMPLE, "statistics_lag": 0}
        dated = {"effective_from": date(NOW.year, 1, 1), "reason": "Assembly"}
        draft = operations.draft_formula(session, name="Example", terms=terms, **dated, **MAKER)
        operations.approve_formula(session, draft, reason="Assembly", **CHECKER)
    with transaction(engine) as session:
        operations.record_dues(session, year=NOW.year, **MAKER)


def main(members: int, prospects: int) -> None:
    engine = connect(os.environ["DATABASE_URL"], bounds=Bounds(statement=WHOLE_TABLES_SECONDS))
    with transaction(engine) as session:
        ids = list(session.scalars(select(Organization.id).order_by(Organization.id).limit(members + prospects)))
    years = cycle(range(1, 11))
    for group in groups(ids[:members]):
        with transaction(engine) as session:
            for one in group:
                admit(session, one, next(years))
    each = cycle((stage, owner) for stage in STAGES for owner in range(1, 21))
    for group in groups(ids[members:]):
        with transaction(engine) as session:
            for one in group:
                begin(session, one, *next(each))
    count(engine)
    assess(engine)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
