"""What a reader of the feed gets: every public event once, in order, and an honest answer where that is impossible."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, text

from shared.clock import utc_now
from shared.contracts.membership import MemberAdmitted
from shared.database import transaction
from shared.messaging import feed
from shared.messaging.feed import Beyond, Choice, Crowded, Gone, Tail, is_known, matches, read
from shared.messaging.outbox import outbox, publish
from shared.messaging.relay.leader import Leader
from shared.messaging.relay.limits import Limits
from shared.tables import plumbing
from tests.conftest import Servers
from tests.members import NOW, a_contact, a_new_standing, an_admission
from tests.outboxes import connect_plain, fill
from tests.waiting import eventually

ALL = Choice()


@pytest.fixture
def prepared(engine: Engine) -> Engine:
    plumbing.create_all(engine)
    return engine


@pytest.fixture
def relay(prepared: Engine, database_url: str) -> Callable[[], None]:
    """Gives positions to all that is committed, as the relay does after the broker's confirm."""

    def give_positions() -> None:
        with Leader(database_url, Limits()) as leader:
            while rows := leader.fetch(500, in_flight=[]):
                leader.mark([row.id for row in rows])

    return give_positions


@pytest.fixture
def tail(prepared: Engine) -> Iterator[Tail]:
    tail = Tail(prepared)
    yield tail
    tail.close()


def say(engine: Engine, *admissions: MemberAdmitted) -> None:
    with transaction(engine) as session:
        for admission in admissions:
            publish(session, admission, at=NOW)


def test_events_come_as_they_are_on_the_wire_and_internal_ones_never(
    prepared: Engine, relay: Callable[[], None]
) -> None:
    member = an_admission()
    with transaction(prepared) as session:
        publish(session, member, at=NOW)
        publish(session, a_contact(member.organization_id), at=NOW)
        publish(session, a_new_standing(member, "grace"), at=NOW)
        bodies = session.scalars(outbox.select().with_only_columns(outbox.c.body).order_by(outbox.c.id)).all()
    relay()
    batch = read(prepared, ALL, after=0, limit=10)
    assert batch.events == [(1, bodies[0]), (3, bodies[2])]
    assert (batch.next, batch.more) == (3, False)


def test_what_the_broker_has_not_confirmed_is_not_shown(prepared: Engine, relay: Callable[[], None]) -> None:
    say(prepared, an_admission())
    relay()
    say(prepared, an_admission())
    assert len(read(prepared, ALL, after=0, limit=10).events) == 1


def test_pages_follow_each_other_without_gap_or_repetition(prepared: Engine, relay: Callable[[], None]) -> None:
    fill(prepared.url.render_as_string(hide_password=False), 25)
    relay()
    seen, after, sizes = [], 0, []
    while (batch := read(prepared, ALL, after=after, limit=10)).events:
        seen += [position for position, _ in batch.events]
        sizes.append((len(batch.events), batch.more))
        after = batch.next
    assert seen == list(range(1, 26))
    assert sizes == [(10, True), (10, True), (5, False)]


def test_a_reader_chooses_types_by_pattern_and_one_subject(prepared: Engine, relay: Callable[[], None]) -> None:
    member, other = an_admission(), an_admission()
    with transaction(prepared) as session:
        for said in (member, other, a_new_standing(member, "grace")):
            publish(session, said, at=NOW)
    relay()

    def chosen(*patterns: str, subject: str | None = None) -> list[int]:
        batch = read(prepared, Choice(patterns=patterns, subject=subject), after=0, limit=10)
        assert batch.next == 3
        return [position for position, _ in batch.events]

    assert chosen("membership.member.admitted.v1") == [1, 2]
    assert chosen("#.standing_changed.*") == [3]
    assert chosen("membership.#") == [1, 2, 3]
    assert chosen("funding.#", "membership.*.standing_changed.v1") == [3]
    assert chosen(subject=member.subject) == [1, 3]
    assert chosen("membership.member.admitted.v1", subject=member.subject) == [1]


def test_a_rare_type_is_looked_for_in_bounded_steps(
    prepared: Engine, relay: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "SPAN", 10)
    fill(prepared.url.render_as_string(hide_password=False), 25)
    say(prepared, an_admission())
    relay()
    choice, after, steps = Choice(subject="member/none"), 0, []
    while (batch := read(prepared, choice, after=after, limit=5)).more:
        steps.append(batch.next)
        after = batch.next
    assert steps == [10, 20]
    assert (batch.events, batch.next) == ([], 26)


def test_a_cursor_behind_the_end_is_refused(prepared: Engine, relay: Callable[[], None]) -> None:
    say(prepared, an_admission())
    relay()
    assert read(prepared, ALL, after=1, limit=10).events == []
    with pytest.raises(Beyond, match="ends at 1"):
        read(prepared, ALL, after=2, limit=10)


def test_an_empty_feed_is_read_from_its_start_only(prepared: Engine) -> None:
    assert read(prepared, ALL, after=0, limit=10).next == 0
    with pytest.raises(Beyond, match="ends at 0"):
        read(prepared, ALL, after=1, limit=10)


def test_a_cursor_older_than_what_is_kept_is_refused_with_the_oldest_position(
    prepared: Engine, relay: Callable[[], None]
) -> None:
    fill(prepared.url.render_as_string(hide_password=False), 20, subjects=5)
    relay()
    with transaction(prepared) as session:
        session.execute(text("DELETE FROM outbox WHERE position IN (1, 2, 4, 7)"))
    for after in (0, 1, 3, 6):
        with pytest.raises(Gone) as gone:
            read(prepared, ALL, after=after, limit=2)
        assert gone.value.oldest == 8
    assert [position for position, _ in read(prepared, ALL, after=7, limit=3).events] == [8, 9, 10]
    compacted = read(prepared, ALL, after=0, limit=5, compacted=True)
    assert [position for position, _ in compacted.events] == [3, 5, 6, 8, 9]


def test_reading_can_begin_at_a_moment(prepared: Engine, relay: Callable[[], None]) -> None:
    say(prepared, an_admission())
    relay()
    between = utc_now()
    assert feed.position_at(prepared, between) == 1
    say(prepared, an_admission())
    relay()
    assert feed.position_at(prepared, between) == 1
    assert feed.position_at(prepared, between - timedelta(days=1)) == 0
    assert feed.position_at(prepared, utc_now()) == 2


@pytest.mark.parametrize(
    ("pattern", "key", "fits"),
    [
        ("#", "membership.member.admitted.v1", True),
        ("membership.#", "membership", True),
        ("membership.#", "membership.member.admitted.v1", True),
        ("membership.#", "membershipx.member", False),
        ("membership.*", "membership.member.admitted.v1", False),
        ("membership.*.admitted.v1", "membership.member.admitted.v1", True),
        ("#.v1", "membership.member.admitted.v1", True),
        ("membership.#.v1", "membership.v1", True),
        ("*.#.admitted.*", "membership.member.admitted.v1", True),
        ("*", "membership", True),
        ("*", "membership.member", False),
        ("membership.member.admitted.v1", "membership.member.admitted.v10", False),
    ],
)
def test_patterns_are_those_of_amqp(pattern: str, key: str, fits: bool) -> None:
    assert matches(pattern, key) is fits


@pytest.mark.parametrize(
    "pattern", ["", "funding.#", "membership.contact.*.v1", "membership.(a|b)", "a..b", "Membership.#"]
)
def test_a_pattern_that_can_match_nothing_public_is_known_at_once(pattern: str) -> None:
    assert not is_known(pattern, "membership")
    assert is_known("membership.#", "membership")


class Waiter(threading.Thread):
    """One client waiting on the tail."""

    def __init__(self, tail: Tail, after: int, seconds: float = 60) -> None:
        super().__init__(daemon=True)
        self.closing = threading.Event()
        self.outcome: bool | None = None
        self._wait = lambda: tail.wait(after, seconds, self.closing.is_set)
        self.start()

    def run(self) -> None:
        self.outcome = self._wait()


def test_whoever_waits_is_woken_by_the_next_position(prepared: Engine, tail: Tail, relay: Callable[[], None]) -> None:
    waiters = [Waiter(tail, 0) for _ in range(20)]
    say(prepared, an_admission())
    assert all(waiter.is_alive() for waiter in waiters)
    relay()
    for waiter in waiters:
        waiter.join(30)
    assert [waiter.outcome for waiter in waiters] == [True] * 20


def test_waiting_ends_at_its_time_and_at_the_end_of_the_process(tail: Tail) -> None:
    assert not tail.wait(0, 0.1, lambda: False)
    waiter = Waiter(tail, 0)
    waiter.closing.set()
    waiter.join(30)
    assert waiter.outcome is False


def test_once_closed_it_holds_no_connection_and_looks_no_more(prepared: Engine, tail: Tail) -> None:
    """Trap: a look that outlives engine.dispose() leaves its connection to the garbage collector."""
    looks: list[object] = []
    event.listen(prepared, "checkout", lambda *_: looks.append(None))
    waiter = Waiter(tail, 0)
    eventually(lambda: len(looks) > 2)
    tail.close()
    seen = len(looks)
    assert (waiter.is_alive(), prepared.pool.checkedout()) == (True, 0)
    waiter.closing.set()
    waiter.join(30)
    assert not tail.wait(0, 0.1, lambda: False)
    assert len(looks) == seen


def test_any_number_of_waiting_clients_costs_one_connection_now_and_then_and_none_afterwards(
    prepared: Engine, tail: Tail
) -> None:
    taken: list[int] = []
    event.listen(prepared, "checkout", lambda *_: taken.append(prepared.pool.checkedout()))
    began = time.monotonic()
    waiters = [Waiter(tail, 0, seconds=0.5) for _ in range(100)]
    for waiter in waiters:
        waiter.join(30)
    assert max(taken) == 1
    assert len(taken) <= (time.monotonic() - began) / feed.POLL_SECONDS + 2
    eventually(lambda: not any(thread.name == "feed" for thread in threading.enumerate()))


def test_an_outage_of_the_database_ends_nobodys_wait(
    prepared: Engine, tail: Tail, relay: Callable[[], None], servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "OUTAGE_SECONDS", 0.05)
    waiter = Waiter(tail, 0)
    name = prepared.url.database
    with connect_plain(servers.database_url) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        waiter.join(0.5)
        assert waiter.is_alive()
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    say(prepared, an_admission())
    relay()
    waiter.join(30)
    assert waiter.outcome is True


def test_only_so_many_may_wait_and_a_place_is_given_back_once(prepared: Engine) -> None:
    tail = Tail(prepared, most=2)
    first, _second = tail.enter(), tail.enter()
    with pytest.raises(Crowded):
        tail.enter()
    first()
    first()
    tail.enter()
    with pytest.raises(Crowded):
        tail.enter()
