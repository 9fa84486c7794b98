"""Writers under a relay, what its gauges say, and the count at the end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import REGISTRY

from shared.messaging.topology import stream
from tests.outboxes import assert_complete, fill, pending
from tests.streams import read_stream
from tests.waiting import eventually


@contextmanager
def writing(database_url: str, *, every: float = 0.05) -> Iterator[None]:
    """Somebody who commits 20 events again and again, whatever the broker does."""
    done = threading.Event()

    def write() -> None:
        while not done.wait(every):
            fill(database_url, 20)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def assert_nothing_lost(database_url: str, amqp_uri: str, *, within: float = 60) -> None:
    """All is marked, numbered without a gap, and in the stream in the outbox's order."""
    eventually(lambda: pending(database_url) == 0, within=within)
    assert_complete(database_url, read_stream(amqp_uri, stream("membership", "internal")))


def failures() -> float:
    """Connections to the broker that relays of this process gave up."""
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        if metric.name == "intercoop_relay_failures"
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


def gauge(name: str) -> float:
    """What a relay of this process says of the membership service."""
    return REGISTRY.get_sample_value(name, {"service": "membership"}) or 0.0
