"""The relay while its database restarts, dies and freezes."""

import time

import psycopg
import pytest

from shared.messaging.relay.leader import plain_url
from tests.ledger import assert_nothing_lost
from tests.outboxes import fill, pending
from tests.relays import relay_process, relaying
from tests.victims import VictimDatabase
from tests.waiting import eventually


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_database_restart_loses_nothing(
    victim_database: VictimDatabase, chaos_database_url: str, amqp_uri: str, kill: bool
) -> None:
    fill(chaos_database_url, 5000)
    with relaying(chaos_database_url, amqp_uri):
        eventually(lambda: pending(chaos_database_url) < 4000)
        victim_database.restart(kill=kill)
        fill(chaos_database_url, 100)
        assert_nothing_lost(chaos_database_url, amqp_uri)


def test_a_frozen_database_loses_nothing(
    victim_database: VictimDatabase, chaos_database_url: str, amqp_uri: str
) -> None:
    """Trap: a wait for a hung server has no timeout of its own; the server's statement_timeout is frozen with it."""
    fill(chaos_database_url, 5000)
    with relaying(chaos_database_url, amqp_uri, statement=1.0) as relay:
        eventually(lambda: pending(chaos_database_url) < 4000)
        with victim_database.frozen():
            relay.stopping.wait(4)
        assert_nothing_lost(chaos_database_url, amqp_uri)


def test_a_relay_stops_in_time_though_the_database_is_frozen(
    victim_database: VictimDatabase, chaos_database_url: str, amqp_uri: str
) -> None:
    """Trap: a hung server hangs the one who waits for it for ever."""
    fill(chaos_database_url, 10)
    with relaying(chaos_database_url, amqp_uri, statement=1.0, connect=1.0):
        eventually(lambda: pending(chaos_database_url) == 0)
        with victim_database.frozen():
            began = time.monotonic()
            with relaying(chaos_database_url, amqp_uri, statement=1.0, connect=1.0):
                pass
            assert time.monotonic() - began < 15


def test_sessions_that_are_ended_again_and_again_lose_nothing(chaos_database_url: str, amqp_uri: str) -> None:
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'relay'"
    with (
        relaying(chaos_database_url, amqp_uri),
        psycopg.connect(plain_url(chaos_database_url), autocommit=True) as admin,
    ):
        for _ in range(8):
            fill(chaos_database_url, 300)
            eventually(lambda: admin.execute(end_all).fetchone())
        assert_nothing_lost(chaos_database_url, amqp_uri)


def test_a_relay_that_starts_before_its_database_waits(
    victim_database: VictimDatabase, chaos_database_url: str, amqp_uri: str
) -> None:
    fill(chaos_database_url, 10)
    victim_database.server.stop()
    with relay_process(chaos_database_url, amqp_uri) as process:
        with pytest.raises(Exception, match="timed out"):
            process.wait(1.5)
        victim_database.server.start()
        assert_nothing_lost(chaos_database_url, amqp_uri)
