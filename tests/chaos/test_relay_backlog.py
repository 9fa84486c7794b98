"""A great many rows wait: memory stays flat and order is kept."""

import psutil
import pytest

from shared.messaging.relay.limits import Limits
from shared.messaging.topology import stream
from tests.outboxes import assert_complete, fill, pending
from tests.relays import relay_process
from tests.streams import read_stream
from tests.waiting import eventually

GROWTH = 40_000_000
"""Bytes a relay may grow from its first thousand rows on. Only the long form could grow so much: a million rows are
500 MB. The short one is for the order."""


@pytest.mark.parametrize("rows", [8_000, pytest.param(1_000_000, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
def test_a_backlog_is_sent_in_order_in_flat_memory(chaos_database_url: str, amqp_uri: str, rows: int) -> None:
    fill(chaos_database_url, rows, subjects=100)
    with relay_process(chaos_database_url, amqp_uri, Limits()) as process:
        eventually(lambda: pending(chaos_database_url) < rows - 1000)
        relay = psutil.Process(process.pid)
        before, most = relay.memory_info().rss, 0

        def done() -> bool:
            nonlocal most
            most = max(most, relay.memory_info().rss)
            return pending(chaos_database_url) == 0

        eventually(done, within=60 + rows / 500, every=0.2)
    assert most - before < GROWTH
    assert_complete(chaos_database_url, read_stream(amqp_uri, stream("membership", "internal"), quiet=2))
