"""A relay that is told to stop, once and twice."""

import signal
import subprocess
from dataclasses import replace

import pytest

from shared.messaging.topology import stream
from tests.ledger import assert_nothing_lost
from tests.outboxes import fill, pending
from tests.proxy import proxied
from tests.relays import QUICK, relay_process
from tests.streams import read_stream
from tests.waiting import eventually

ALL = stream("membership", "internal")


def test_told_to_stop_it_marks_all_that_the_broker_has(chaos_database_url: str, amqp_uri: str) -> None:
    """Sent once and marked: whoever goes on sends none of it again."""
    fill(chaos_database_url, 5000)
    with relay_process(chaos_database_url, amqp_uri) as process:
        eventually(lambda: pending(chaos_database_url) < 4500)
        process.terminate()
        assert process.wait(10) == 0
    assert pending(chaos_database_url)
    with relay_process(chaos_database_url, amqp_uri):
        assert_nothing_lost(chaos_database_url, amqp_uri)
    assert len(read_stream(amqp_uri, ALL)) == 5000


def test_a_second_signal_ends_it_at_once_and_loses_nothing(chaos_database_url: str, amqp_uri: str) -> None:
    patient = replace(QUICK, heartbeat=60, confirm=60.0, drain=60.0)
    with proxied(amqp_uri) as (network, uri), relay_process(chaos_database_url, uri, patient) as process:
        fill(chaos_database_url, 10)
        eventually(lambda: pending(chaos_database_url) == 0)
        network.swallow("down")
        fill(chaos_database_url, 100)
        eventually(lambda: len(read_stream(amqp_uri, ALL, quiet=0.2)) == 110)
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)  # confirms are outstanding
        process.terminate()
        assert process.wait(2) == 128 + signal.SIGTERM
    assert pending(chaos_database_url) == 100
    with relay_process(chaos_database_url, amqp_uri):
        assert_nothing_lost(chaos_database_url, amqp_uri)
