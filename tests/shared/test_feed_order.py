"""Whatever writers, relays and readers do at the same time, each reader gets every event once, in order."""

import random
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from shared.contracts.examples import example_id
from shared.contracts.membership import MemberAdmitted
from shared.database import transaction
from shared.messaging.feed import Choice, read
from shared.messaging.outbox import outbox, publish
from shared.messaging.relay.leader import Leader, Row
from shared.messaging.relay.limits import Limits
from shared.messaging.wire import decode
from shared.tables import plumbing
from tests.members import NOW, an_admission
from tests.outboxes import pending
from tests.relays import relay_process
from tests.waiting import eventually


@pytest.fixture
def prepared(engine: Engine) -> Engine:
    plumbing.create_all(engine)
    return engine


def a_member(number: int) -> MemberAdmitted:
    return an_admission(member_id=example_id(number))


def the_feed(engine: Engine) -> list[str]:
    """Bodies in order of position."""
    with transaction(engine) as session:
        return list(session.scalars(select(outbox.c.body).where(outbox.c.position > 0).order_by(outbox.c.position)))


def assert_in_order_of_subject(bodies: list[str]) -> None:
    versions = defaultdict(list)
    for body in bodies:
        delivery = decode(body)
        versions[delivery.subject].append(delivery.subject_version)
    for subject, seen in versions.items():
        assert seen == list(range(1, len(seen) + 1)), subject


class Interleaving(RuleBasedStateMachine):
    """Three writers with a subject each and open transactions, relays that die anywhere, two readers of any pace."""

    engine: Engine
    database_url: str

    def __init__(self) -> None:
        super().__init__()
        with transaction(self.engine) as session:
            session.execute(text("TRUNCATE outbox RESTART IDENTITY"))
        self.writers: dict[int, Session] = {}
        self.leader: Leader | None = None
        self.in_flight: list[Row] = []
        self.readers: list[tuple[int, list[str]]] = [(0, []), (0, [])]

    def teardown(self) -> None:
        for session in self.writers.values():
            session.close()
        if self.leader:
            self.leader.connection.close()

    @rule(subject=st.integers(1, 3))
    def write(self, subject: int) -> None:
        if subject not in self.writers:
            self.writers[subject] = Session(self.engine)
        publish(self.writers[subject], a_member(subject), at=NOW)

    @precondition(lambda self: self.writers)
    @rule(choose=st.randoms(use_true_random=False), keep=st.booleans())
    def end_transaction(self, choose: random.Random, keep: bool) -> None:
        session = self.writers.pop(choose.choice(sorted(self.writers)))
        if keep:
            session.commit()
        session.close()

    @rule(limit=st.integers(1, 4))
    def send(self, limit: int) -> None:
        if not self.leader:
            self.leader = Leader(self.database_url, Limits())
            eventually(self.leader.lead)  # the server may not have noticed yet that the last one died
        self.in_flight += self.leader.fetch(limit, in_flight=[row.id for row in self.in_flight])

    @precondition(lambda self: self.in_flight)
    @rule(share=st.floats(0.1, 1))
    def confirm(self, share: float) -> None:
        assert self.leader
        count = max(1, round(share * len(self.in_flight)))
        self.leader.mark([row.id for row in self.in_flight[:count]])
        self.in_flight = self.in_flight[count:]

    @precondition(lambda self: self.leader)
    @rule()
    def relay_dies(self) -> None:
        assert self.leader
        self.leader.connection.close()
        self.leader, self.in_flight = None, []

    @rule(reader=st.integers(0, 1), limit=st.integers(1, 3))
    def pull(self, reader: int, limit: int) -> None:
        after, seen = self.readers[reader]
        batch = read(self.engine, Choice(), after=after, limit=limit)
        self.readers[reader] = (batch.next, seen + [body for _, body in batch.events])

    @invariant()
    def readers_have_exactly_what_is_before_their_cursor(self) -> None:
        told = the_feed(self.engine)
        for after, seen in self.readers:
            assert seen == told[:after]
        assert_in_order_of_subject(told)


def test_any_interleaving_gives_every_reader_each_event_once_in_order(prepared: Engine, database_url: str) -> None:
    machine = type("Here", (Interleaving,), {"engine": prepared, "database_url": database_url})
    run_state_machine_as_test(  # type: ignore[no-untyped-call] # hypothesis types it in part
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


class Follower(threading.Thread):
    """Reads the feed without a pause until told to stop, noting every position and body."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(daemon=True)
        self.engine, self.seen, self.after = engine, list[tuple[int, str]](), 0
        self.stopping = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.stopping.is_set():
            batch = read(self.engine, Choice(), after=self.after, limit=50)
            self.seen += batch.events
            self.after = batch.next
            time.sleep(0.002)


def writing(engine: Engine, number: int, rounds: int) -> threading.Thread:
    """Ten subjects of its own, several in a transaction, every seventh given up."""

    def write() -> None:
        for nth in range(rounds):
            with Session(engine) as session:
                for subject in random.sample(range(10), 3):
                    publish(session, a_member(100 * number + subject), at=NOW)
                if nth % 7:
                    session.commit()

    thread = threading.Thread(target=write)
    thread.start()
    return thread


@pytest.mark.chaos
def test_a_reader_never_misses_a_position_while_writers_race_and_relays_are_killed(
    prepared: Engine, database_url: str, amqp_uri: str
) -> None:
    followers = [Follower(prepared) for _ in range(2)]
    writers = [writing(prepared, number, 100) for number in range(4)]
    points: Iterator[str] = iter(["confirmed", "marked", "confirmed"])
    while any(writer.is_alive() for writer in writers):
        with ExitStack() as stack:
            pair = [
                stack.enter_context(relay_process(database_url, amqp_uri, die_at=next(points, ""))) for _ in range(2)
            ]
            for process in pair:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(random.uniform(0.6, 1.5))
    with relay_process(database_url, amqp_uri):
        eventually(lambda: pending(database_url) == 0)
    told = the_feed(prepared)
    eventually(lambda: all(follower.after == len(told) for follower in followers))
    for follower in followers:
        follower.stopping.set()
        follower.join()
        assert [position for position, _ in follower.seen] == list(range(1, len(told) + 1))
        assert [body for _, body in follower.seen] == told
    assert_in_order_of_subject(told)
    with transaction(prepared) as session:
        assert session.scalar(select(func.count()).select_from(outbox)) == len(told) == 4 * 85 * 3
