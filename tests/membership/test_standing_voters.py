"""The list of voters says of each member what asking for that member alone says."""

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import Member, StandingFact
from shared.errors import DomainError
from tests.examples import examples
from tests.membership.making import NOW, a_member

JANUARY = date(2022, 1, 1)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["due", "due", "due", "settle", "settle", "suspend", "reinstate", "leave", "void"]),
        st.sampled_from(["2023", "2024", "2025"]),
        st.integers(0, 1500),
        st.integers(0, 9),
    ),
    max_size=7,
)


def take(session: Session, member: Member, step: tuple[str, str, int, int]) -> None:
    """Record what is meant, or find out that it can't be."""
    what, period, number, known = step
    now, day = NOW + timedelta(days=known), JANUARY + timedelta(number)
    by: dict[str, Any] = {"actor": "eva", "now": now}
    if what == "due":
        operations.record_dues_due(session, member, period=period, due_on=day, **by)
    elif what == "settle":
        operations.record_dues_settled(session, member, period=period, settled_on=day, **by)
    elif what == "void":
        last = session.scalars(operations.facts(member=member).order_by(StandingFact.id.desc())).first()
        assert last
        operations.void_fact(session, member, fact_id=last.id, reason="wrong", **by)
    elif what == "leave":
        operations.decide(session, member, kind="resigned", effective_on=day, until=day, reason="x", **by)
    else:
        kind = "suspended" if what == "suspend" else "reinstated"
        operations.decide(session, member, kind=kind, effective_on=day, reason="x", **by)  # type: ignore[arg-type] # a literal


@settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
@given(histories=st.lists(STEPS, min_size=1, max_size=4), number=st.integers(0, 1700), known=st.integers(0, 9))
def test_the_list_and_the_single_answer_agree(
    session: Session, histories: list[list[tuple[str, str, int, int]]], number: int, known: int
) -> None:
    with session.begin_nested() as attempt:
        for index, steps in enumerate(histories):
            member = a_member(session, name=f"Cooperativa {index}", locality=f"Lugar {index}", admitted_on=JANUARY)
            for step in steps:
                try:
                    with session.begin_nested():
                        take(session, member, step)
                except DomainError:
                    session.refresh(member)
        on, known_at = JANUARY + timedelta(number), NOW + timedelta(days=known)
        now = NOW + timedelta(days=20)
        listed = {one.member_id: (one.state, one.vote, one.quota) for one in voters(session, on, known_at, now)}
        for one in session.scalars(select(Member)):
            alone = operations.position(session, one, on=on, known_at=known_at, now=now)
            if alone.state.standing in (None, "resigned", "terminated"):
                assert one.id not in listed
            else:
                assert listed[one.id] == (alone.state, alone.vote, alone.quota)
        attempt.rollback()
    session.expunge_all()


def voters(session: Session, on: date, known_at: datetime, now: datetime) -> list[Any]:
    return list(operations.voters(session, on=on, known_at=known_at, now=now))
