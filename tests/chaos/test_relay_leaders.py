"""Several relays for one database, of which some die."""

import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import psutil
import pytest

from shared.messaging.relay.limits import Limits
from tests.ledger import assert_nothing_lost, writing
from tests.outboxes import connect_plain, fill, pending
from tests.relays import QUICK, relay_process
from tests.waiting import eventually


def leader_of(database_url: str, relays: list[psutil.Process]) -> psutil.Process | None:
    """The process whose session holds the lock, known by its end of the connection."""
    with connect_plain(database_url) as connection:
        row = connection.execute(
            """SELECT client_port FROM pg_locks JOIN pg_stat_activity USING (pid)
               WHERE locktype = 'advisory' AND granted AND application_name = 'relay'
                     AND datname = current_database()"""
        ).fetchone()
    ports = {c.laddr.port: relay for relay in relays for c in relay.net_connections(kind="tcp") if c.laddr}
    return ports.get(row[0]) if row else None


@pytest.mark.parametrize("times", [3, pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_a_relay_killed_between_confirm_and_mark_sends_again_and_loses_nothing(
    chaos_database_url: str, amqp_uri: str, times: int
) -> None:
    """Trap: what was confirmed but not marked is sent twice; it must be the same event, and in order."""
    for _ in range(times):
        fill(chaos_database_url, 40)
        with relay_process(chaos_database_url, amqp_uri, die_at="confirmed") as process:
            assert process.wait(20) == -signal.SIGKILL
        assert pending(chaos_database_url) >= 40
    with relay_process(chaos_database_url, amqp_uri):
        assert_nothing_lost(chaos_database_url, amqp_uri)


def test_a_relay_killed_just_after_marking_loses_nothing(chaos_database_url: str, amqp_uri: str) -> None:
    for _ in range(3):
        fill(chaos_database_url, 40)
        with relay_process(chaos_database_url, amqp_uri, die_at="marked") as process:
            assert process.wait(20) == -signal.SIGKILL
    with relay_process(chaos_database_url, amqp_uri):
        assert_nothing_lost(chaos_database_url, amqp_uri)


@pytest.fixture
def three(chaos_database_url: str, amqp_uri: str) -> Iterator[list[psutil.Process]]:
    """Three relays with the ordinary limits."""
    with ExitStack() as stack:
        started = [stack.enter_context(relay_process(chaos_database_url, amqp_uri, Limits())) for _ in range(3)]
        yield [psutil.Process(process.pid) for process in started]


def test_another_takes_over_within_five_seconds_of_a_kill(
    three: list[psutil.Process], chaos_database_url: str, amqp_uri: str
) -> None:
    with writing(chaos_database_url):
        for _ in range(2):
            leader = eventually(lambda: leader_of(chaos_database_url, alive(three)))
            leader.kill()
            killed = time.monotonic()
            eventually(lambda gone=leader: leader_of(chaos_database_url, [p for p in alive(three) if p != gone]))
            assert time.monotonic() - killed < 5
    assert_nothing_lost(chaos_database_url, amqp_uri)


def test_another_takes_over_at_once_from_one_that_is_told_to_stop(
    three: list[psutil.Process], chaos_database_url: str, amqp_uri: str
) -> None:
    with writing(chaos_database_url):
        leader = eventually(lambda: leader_of(chaos_database_url, three), within=20)
        leader.terminate()
        told = time.monotonic()
        eventually(lambda: leader_of(chaos_database_url, [p for p in alive(three) if p != leader]))
        assert time.monotonic() - told < 5
        eventually(lambda: pending(chaos_database_url) == 0)
    assert_nothing_lost(chaos_database_url, amqp_uri)


def test_another_takes_over_from_a_frozen_leader_which_can_then_do_no_harm(
    three: list[psutil.Process], chaos_database_url: str, amqp_uri: str
) -> None:
    """Trap: a leader that is frozen still has its connection, and wakes up believing that it leads."""
    with writing(chaos_database_url):
        leader = eventually(lambda: leader_of(chaos_database_url, three))
        leader.suspend()
        frozen = time.monotonic()
        eventually(lambda: leader_of(chaos_database_url, [p for p in three if p != leader]))
        assert time.monotonic() - frozen < 5
        leader.resume()
        eventually(lambda: pending(chaos_database_url) == 0)
    assert_nothing_lost(chaos_database_url, amqp_uri)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_minute_of_kills_and_freezes_loses_nothing(chaos_database_url: str, amqp_uri: str) -> None:
    dice = random.Random(7)
    quick = replace(QUICK, window=200, batch=100)
    until = time.monotonic() + 60
    with writing(chaos_database_url), ExitStack() as stack:
        relays: list[psutil.Process] = []
        while time.monotonic() < until:
            while len(alive(relays)) < 3:
                process = stack.enter_context(relay_process(chaos_database_url, amqp_uri, quick))
                relays.append(psutil.Process(process.pid))
            leader = eventually(lambda: leader_of(chaos_database_url, alive(relays)))
            time.sleep(dice.uniform(0, 0.5))
            leader.suspend() if dice.random() < 0.5 else leader.kill()
            for relay in alive(relays):
                relay.resume() if dice.random() < 0.7 else None
    with relay_process(chaos_database_url, amqp_uri):
        assert_nothing_lost(chaos_database_url, amqp_uri, within=60)


def alive(relays: list[psutil.Process]) -> list[psutil.Process]:
    return [relay for relay in relays if relay.is_running() and relay.status() != psutil.STATUS_ZOMBIE]
