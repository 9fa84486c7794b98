"""The relay as a container runs it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
from sqlalchemy import Engine

from intercoop.local.ports import Ports
from shared.tables import plumbing
from tests.outboxes import fill, pending
from tests.waiting import eventually


@pytest.fixture
def outbox_url(engine: Engine, database_url: str) -> str:
    plumbing.create_all(engine)
    return database_url


@contextmanager
def intercoop_relay(outbox_url: str, amqp_uri: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    argv = [sys.executable, "-c", "from intercoop.main import main; main()", "relay", "membership", "--json"]
    env = {"PATH": os.defpath, "DATABASE_URL_MEMBERSHIP": outbox_url, "AMQP_URI": amqp_uri} | env
    process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def exposition(ports: Ports) -> str:
    with urlopen(f"http://127.0.0.1:{ports['metrics']}/metrics", timeout=30) as page:
        text: str = page.read().decode()
    return text


def test_a_sigterm_ends_it_in_order(outbox_url: str, amqp_uri: str) -> None:
    ports = Ports.free()
    with intercoop_relay(outbox_url, amqp_uri, RELAY_METRICS_PORT=str(ports["metrics"])) as process:
        fill(outbox_url, 300)
        eventually(lambda: pending(outbox_url) == 0)
        eventually(lambda: 'intercoop_relay_published_total{service="membership"} 300.0' in exposition(ports))
        assert 'intercoop_relay_leader{service="membership"} 1.0' in exposition(ports)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(output) == {"service": "membership", "stopped": True}


def test_a_missing_setting_stops_the_start_with_its_name() -> None:
    argv = [sys.executable, "-c", "from intercoop.main import main; main()", "relay", "membership"]
    done = subprocess.run(argv, env={"PATH": os.defpath}, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "DATABASE_URL" in done.stderr


def test_it_is_a_plain_process_without_green_threads() -> None:
    """Trap: a relay inside the process of the green threads blocks them, or is blocked by them."""
    script = "import sys, intercoop.commands.relay; sys.exit('eventlet' in sys.modules or 'kombu' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
