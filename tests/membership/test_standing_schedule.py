"""The schedule says what the days have changed: each change once, in order, however late, often and many at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import Member
from shared.clock import utc_now
from shared.contracts.membership import MemberStandingChanged, Standing
from shared.database import connect, transaction
from shared.messaging.outbox import published
from shared.migrations import config_of, upgrade
from tests.membership.making import NOW, a_member

JANUARY = date(2026, 1, 1)
DUE = date(2026, 5, 31)
SEPTEMBER = datetime.combine(date(2027, 6, 15), NOW.timetz())
MANY = 12
TELLING: list[tuple[Standing, date]] = [("grace", date(2026, 6, 1)), ("suspended", date(2026, 7, 1))]


def with_dues(session: Session, name: str = "Uno") -> Member:
    member = a_member(session, name=f"Cooperativa {name}", locality=name, admitted_on=JANUARY)
    operations.record_dues_due(session, member, period="2026", due_on=DUE, actor="eva", now=NOW)
    return member


def told(session: Session, member_id: UUID) -> list[tuple[Standing, date]]:
    facts = [fact for fact in published(session) if isinstance(fact, MemberStandingChanged)]
    return [(fact.standing, fact.effective_on) for fact in facts if fact.member_id == member_id]


def at(day: date) -> datetime:
    return datetime.combine(day, NOW.timetz())


def turn(session: Session, now: datetime) -> int:
    count = 0
    while operations.announce_next_due(session, now=now):
        count += 1
    return count


def test_each_change_is_announced_on_its_day_and_not_again(session: Session) -> None:
    member = with_dues(session)
    assert member.next_change_on == date(2026, 6, 1)
    assert turn(session, at(DUE)) == 0
    assert [turn(session, at(date(2026, 6, 1))) for _ in range(3)] == [1, 0, 0]
    assert (member.standing, told(session, member.id)) == ("grace", TELLING[:1])
    turn(session, at(date(2026, 7, 1)))
    assert (member.standing, told(session, member.id)) == ("suspended", TELLING)
    assert [(line.changed_by, line.rule) for line in member.history[1:]] == [
        ("schedule", "dues_late"),
        ("schedule", "in_arrears"),
    ]


def test_after_a_long_pause_every_change_between_is_announced_with_its_own_day(session: Session) -> None:
    member = with_dues(session)
    assert turn(session, SEPTEMBER) == 1
    assert told(session, member.id) == TELLING
    assert member.termination_proposed_on == date(2027, 5, 31)
    assert [one.id for one in session.scalars(operations.members(session, termination_proposed=True))] == [member.id]
    turn(session, at(date(2028, 5, 31)))
    assert told(session, member.id) == [*TELLING, ("terminated", date(2028, 5, 31))]
    assert (member.termination_proposed_on, member.next_change_on) == (None, None)


def test_a_decision_for_a_day_to_come_waits_for_it(session: Session) -> None:
    member = a_member(session, admitted_on=JANUARY)
    day = date(2026, 6, 10)
    operations.decide(session, member, kind="suspended", effective_on=day, reason="Board", actor="eva", now=NOW)
    assert (member.standing, told(session, member.id)) == ("current", [])
    turn(session, at(day))
    assert told(session, member.id) == [("suspended", day)]
    assert member.history[-1].reason == "Board"


def test_a_process_whose_clock_is_behind_takes_nothing_back(session: Session) -> None:
    member = with_dues(session)
    turn(session, at(date(2026, 6, 1)))
    operations.record_dues_due(session, member, period="x", due_on=date(2027, 1, 1), actor="eva", now=at(DUE))
    assert (member.standing, told(session, member.id)) == ("grace", TELLING[:1])
    assert turn(session, at(date(2026, 6, 2))) == 1
    assert told(session, member.id) == TELLING[:1]


def test_a_new_policy_wakes_the_schedule_when_it_begins(session: Session) -> None:
    member = a_member(session, admitted_on=JANUARY)
    operations.record_dues_due(session, member, period="2027", due_on=date(2027, 3, 1), actor="eva", now=NOW)
    operations.record_dues_due(session, member, period="2026", due_on=date(2027, 1, 10), actor="eva", now=NOW)
    operations.add_policy(
        session,
        effective_on=date(2027, 1, 5),
        grace_days=0,
        termination_proposed_after_months=1,
        resignation_notice_months=6,
        temporary_months=12,
        voting_categories=["full"],
        delegate_brackets=[{"from_persons": 0, "delegates": 1}],
        reason="Assembly",
        actor="eva",
        now=NOW,
    )
    session.refresh(member)
    assert member.next_change_on == date(2027, 1, 5)
    turn(session, at(date(2027, 1, 5)))
    assert (member.next_change_on, told(session, member.id)) == (date(2027, 1, 11), [])
    turn(session, at(date(2027, 1, 11)))
    assert told(session, member.id) == [("suspended", date(2027, 1, 11))]


def test_many_schedules_at_once_announce_each_change_once(engine: Engine) -> None:
    with transaction(engine) as session:
        ids = [with_dues(session, f"Lugar {number}").id for number in range(MANY)]

    def work(_: int) -> int:
        count = 0
        while True:
            with transaction(engine) as session:
                if not operations.announce_next_due(session, now=SEPTEMBER):
                    return count
            count += 1

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(work, range(8))) == MANY
    with transaction(engine) as session:
        assert [told(session, each) for each in ids] == [TELLING] * MANY


def test_a_schedule_and_a_payment_at_once_leave_one_truth(engine: Engine) -> None:
    """Whoever is first, in the end the announcements tell the course."""
    with transaction(engine) as session:
        ids = [with_dues(session, f"Sitio {number}").id for number in range(MANY)]
    paid_on = date(2026, 6, 20)

    def pay(member_id: UUID) -> None:
        with transaction(engine) as session:
            member = operations.member_to_change(session, member_id=member_id)
            words = {"actor": "eva", "now": SEPTEMBER}
            operations.record_dues_settled(session, member, period="2026", settled_on=paid_on, **words)

    def announce(_: UUID) -> None:
        with transaction(engine) as session:
            operations.announce_next_due(session, now=SEPTEMBER)

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda job: job[0](job[1]), [(job, each) for each in ids for job in (pay, announce)]))
    with transaction(engine) as session:
        assert operations.announce_next_due(session, now=SEPTEMBER) is None
        for each in ids:
            member = session.get_one(Member, each)
            assert (member.standing, member.next_change_on) == ("current", None)
            assert told(session, each)[-1][0] == "current"


@pytest.fixture
def old_database(database_url: str) -> Iterator[Engine]:
    """With standings given by hand, as revision 0001 kept them."""
    command.upgrade(config_of("membership", database_url), "0001")
    engine = connect(database_url)
    yield engine
    engine.dispose()


def test_standings_given_by_hand_become_facts(old_database: Engine, database_url: str) -> None:
    lines = [
        (1, None, "current", "2026-01-01", "Board 1"),
        (2, "current", "grace", "2026-03-02", "late"),
        (3, "grace", "suspended", "2026-04-01", "arrears"),
        (4, "suspended", "current", "2026-04-01", "a mistake"),
        (5, "current", "resigned", "2026-05-01", "letter"),
    ]
    with old_database.begin() as connection:
        connection.execute(
            text("""INSERT INTO organizations (id, version, name, country, subdivision, locality, address, postal_code,
            website, sectors, structure, language, created_at, updated_at, folded_name, folded_subdivision)
            VALUES (gen_random_uuid(), 1, 'Uno', 'AR', '', '', '', '', '', '{}', '', 'es', now(), now(), 'uno', '')""")
        )
        connection.execute(
            text("""INSERT INTO members (id, version, organization_id, category, standing, admitted_on, admitted_at)
            SELECT gen_random_uuid(), 5, id, 'full', 'resigned', '2026-01-01', now() FROM organizations""")
        )
        for line in lines:
            connection.execute(
                text("""INSERT INTO standing_changes (member_id, number, previous, standing, effective_on, reason,
                changed_at, changed_by) SELECT id, :n, :was, :new, :day, :why, now(), 'ana' FROM members"""),
                dict(zip(("n", "was", "new", "day", "why"), line, strict=True)),
            )
    upgrade("membership", database_url)
    with transaction(old_database) as session:
        member = session.scalars(select(Member)).one()
        kinds = [
            (fact.kind, str(fact.effective_on), fact.reason)
            for fact in session.scalars(operations.facts(member=member))
        ]
        assert sorted(kinds, key=lambda one: one[1]) == [
            ("admitted", "2026-01-01", "Board 1"),
            ("dues_due", "2026-03-01", "late"),
            ("reinstated", "2026-04-01", "a mistake"),
            ("resigned", "2026-05-01", "letter"),
        ]
        turn(session, utc_now() + timedelta(days=1))
        assert (member.standing, member.fact_count, member.next_change_on) == ("resigned", 4, None)
        assert told(session, member.id) == []
        position = operations.position(session, member, on=date(2026, 3, 10), now=utc_now())
        assert position.state.standing == "grace"
