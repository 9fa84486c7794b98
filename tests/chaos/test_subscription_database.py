"""A subscription while its database is away: it waits, and nothing is held against the events."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from intercoop.audit.services import Audited
from shared.database import connect
from shared.messaging.relay.leader import plain_url
from tests.samples import Sample, admitted, assert_all_once
from tests.victims import VictimDatabase
from tests.waiting import eventually


@pytest.fixture
def running(chaos_database_url: str, amqp_uri: str, publisher_url: str, tmp_path: Path) -> Iterator[Sample]:
    engine = connect(chaos_database_url)
    sample = Sample(engine, amqp_uri, tmp_path, publisher_url=publisher_url)
    sample.start()
    sample.wait_until_attached()
    yield sample
    sample.kill_all()
    engine.dispose()


@pytest.fixture
def ran(running: Sample) -> list[Audited]:
    return running.audited()


@pytest.mark.parametrize("seconds", [8, pytest.param(150, marks=[pytest.mark.long, pytest.mark.timeout(400)])])
def test_an_outage_is_waited_for_and_costs_no_event_an_attempt(
    victim_database: VictimDatabase, running: Sample, seconds: int
) -> None:
    running.say([admitted("sleep 0.005") for _ in range(300)])
    eventually(lambda: len(running.noted()) > 20)
    victim_database.server.stop()
    stopped_at = time.monotonic()
    running.say([admitted() for _ in range(20)])
    eventually(lambda: "paused, the database is away" in running.log.read_text())
    eventually(lambda: time.monotonic() > stopped_at + seconds, within=seconds + 1)
    victim_database.server.start()
    assert_all_once(running, 320)


def test_a_killed_database_loses_and_doubles_nothing(victim_database: VictimDatabase, running: Sample) -> None:
    running.say([admitted("sleep 0.005") for _ in range(300)])
    eventually(lambda: len(running.noted()) > 20)
    victim_database.restart(kill=True)
    running.engine.dispose()  # one used a moment ago is trusted
    assert_all_once(running, 300)


def test_it_stops_in_time_though_the_database_is_away(victim_database: VictimDatabase, running: Sample) -> None:
    victim_database.server.stop()
    running.say([admitted()])
    eventually(lambda: "paused, the database is away" in running.log.read_text())
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 10
    victim_database.server.start()
    running.engine.dispose()  # it may have trusted a connection a moment ago
    running.start()
    assert_all_once(running, 1)


def test_a_database_that_only_reads_is_away_too(running: Sample) -> None:
    name = running.engine.url.database
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
    with psycopg.connect(plain_url(running.url), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        connection.execute(others, [name])
        running.engine.dispose()
        running.say([admitted() for _ in range(10)])
        eventually(lambda: "paused, the database is away" in running.log.read_text())
        paused_at = time.monotonic()
        eventually(lambda: time.monotonic() > paused_at + 3)
        assert "going on" not in running.log.read_text()
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        connection.execute(others, [name])
        running.engine.dispose()
    assert_all_once(running, 10)
