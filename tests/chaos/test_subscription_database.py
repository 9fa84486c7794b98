"""A subscription while its database is away: it waits, and nothing is held against the events."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shared.database import connect
from shared.messaging.relay.leader import plain_url
from tests.chaos.conftest import MuteDatabase
from tests.samples import Sample, admitted, send
from tests.victims import VictimDatabase
from tests.waiting import eventually


@pytest.fixture
def running(chaos_database_url: str, amqp_uri: str, tmp_path: Path) -> Iterator[Sample]:
    engine = connect(chaos_database_url)
    sample = Sample(engine, amqp_uri, tmp_path)
    sample.start()
    sample.wait_until_attached()
    yield sample
    sample.kill_all()
    engine.dispose()


def assert_all_once(sample: Sample, count: int) -> None:
    eventually(lambda: len(set(sample.noted())) >= count, within=60)
    assert len(sample.noted()) == count
    assert sample.dead() == []
    retried = [line for line in sample.logged() if line["message"].startswith("attempt ")]
    assert retried == []


@pytest.mark.parametrize("seconds", [8, pytest.param(150, marks=[pytest.mark.long, pytest.mark.timeout(400)])])
def test_an_outage_is_waited_for_and_costs_no_event_an_attempt(
    victim_database: VictimDatabase, running: Sample, seconds: int
) -> None:
    send(running.amqp_uri, [admitted("sleep 0.005") for _ in range(300)])
    eventually(lambda: len(running.noted()) > 20)
    victim_database.server.stop()
    stopped_at = time.monotonic()
    send(running.amqp_uri, [admitted() for _ in range(20)])
    eventually(lambda: "paused, the database is away" in running.log.read_text(), within=15)
    eventually(lambda: time.monotonic() > stopped_at + seconds, within=seconds + 1)
    victim_database.server.start()
    assert_all_once(running, 320)


def test_a_killed_database_loses_and_doubles_nothing(victim_database: VictimDatabase, running: Sample) -> None:
    send(running.amqp_uri, [admitted("sleep 0.005") for _ in range(300)])
    eventually(lambda: len(running.noted()) > 20)
    victim_database.restart(kill=True)
    assert_all_once(running, 300)


@pytest.fixture
def beside(mute_database: MuteDatabase, amqp_uri: str, tmp_path: Path) -> Iterator[Sample]:
    """Its process reaches a database that can fall mute; the test itself looks past that."""
    engine = connect(mute_database.direct_url)
    sample = Sample(engine, amqp_uri, tmp_path)
    yield sample
    sample.kill_all()
    engine.dispose()


def start(sample: Sample, database: MuteDatabase, *, statement: float) -> None:
    sample.extra["SAMPLE_STATEMENT_SECONDS"] = str(statement)
    sample.start(database_url=database.url)
    sample.wait_until_attached()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("seconds", "statement"),
    [pytest.param(5, 3, id="short"), pytest.param(60, 10, id="long", marks=pytest.mark.long)],
)
def test_a_database_that_does_not_answer_is_waited_for_and_costs_no_event_an_attempt(
    mute_database: MuteDatabase, beside: Sample, seconds: float, statement: float
) -> None:
    """Trap: the session the network cut off keeps its locks, and who does the work again waits for them in vain."""
    start(beside, mute_database, statement=statement)
    send(beside.amqp_uri, [admitted("sleep 0.005") for _ in range(300)])
    eventually(lambda: len(beside.noted()) > 20)
    with mute_database.mute():
        muted_at = time.monotonic()
        send(beside.amqp_uri, [admitted() for _ in range(20)])
        eventually(lambda: "paused, the database is away" in beside.log.read_text(), within=statement + 4)
        eventually(lambda: time.monotonic() > muted_at + seconds, within=seconds + 1)
    assert_all_once(beside, 320)


def test_it_stops_in_time_though_the_database_does_not_answer(mute_database: MuteDatabase, beside: Sample) -> None:
    start(beside, mute_database, statement=3)
    send(beside.amqp_uri, [admitted("sleep 0.005") for _ in range(300)])
    eventually(lambda: len(beside.noted()) > 20)
    with mute_database.mute():
        began = time.monotonic()
        assert beside.stop() == 0
        assert time.monotonic() - began < 10
    beside.start()
    assert_all_once(beside, 300)


def test_it_stops_in_time_though_the_database_is_away(victim_database: VictimDatabase, running: Sample) -> None:
    victim_database.server.stop()
    send(running.amqp_uri, [admitted()])
    eventually(lambda: "paused, the database is away" in running.log.read_text(), within=15)
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 10
    victim_database.server.start()
    running.start()
    assert_all_once(running, 1)


def test_a_database_that_only_reads_is_away_too(running: Sample) -> None:
    name = running.engine.url.database
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
    with psycopg.connect(plain_url(running.url), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        connection.execute(others, [name])
        send(running.amqp_uri, [admitted() for _ in range(10)])
        eventually(lambda: "paused, the database is away" in running.log.read_text(), within=15)
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        connection.execute(others, [name])
    assert_all_once(running, 10)
