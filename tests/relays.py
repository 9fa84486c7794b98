"""Relays for tests: in a thread of ours, or as a process that can be killed and frozen."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

from shared.messaging.relay.limits import Limits
from shared.messaging.relay.run import Relay
from tests.forking import Forked, fork

QUICK = Limits(
    poll=0.005,
    election=0.1,
    idle_session=1.0,
    statement=3.0,
    connect=2.0,
    heartbeat=2,
    confirm=2.0,
    backoff_first=0.05,
    backoff_most=0.3,
    drain=3.0,
)
"""Bounds short enough for a test to see them kept."""


@contextmanager
def relaying(database_url: str, amqp_uri: str, limits: Limits = QUICK, **changed: float) -> Iterator[Relay]:
    """A relay of the membership service in a thread, stopped in an orderly way at the end."""
    relay = Relay("membership", database_url=database_url, amqp_uri=amqp_uri, limits=replace(limits, **changed))
    thread = threading.Thread(target=relay.run)
    thread.start()
    try:
        yield relay
    finally:
        relay.stopping.set()
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def relay_process(database_url: str, amqp_uri: str, limits: Limits = QUICK, *, die_at: str = "") -> Iterator[Forked]:
    """A relay of the membership service as a process; with `die_at` it kills itself -9 at that point."""
    settings = json.dumps(
        {"database_url": database_url, "amqp_uri": amqp_uri, "limits": asdict(limits), "die_at": die_at}
    )
    process = fork("tests.relay_process", settings, env=os.environ, imports=["intercoop.commands.relay"], kind="plain")
    try:
        yield process
    finally:
        process.kill()
        process.wait()
