"""Comms while its mail server accepts, and then says nothing."""

import socket
import time
from pathlib import Path

import pytest

from intercoop.audit.services import Audited
from shared.database import connect
from shared.worker import STOP_SECONDS
from tests.comms.letters import due_mail
from tests.conftest import Servers
from tests.system import system


@pytest.fixture
def ran() -> list[Audited]:
    """Nothing is published: the mail never leaves."""
    return []


@pytest.mark.long
def test_it_stops_in_time_though_the_mail_server_says_nothing(servers: Servers, tmp_path: Path) -> None:
    """Trap: a launcher that waits less long than the service's own deadline kills it."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"smtp://127.0.0.1:{mute.getsockname()[1]}"
        with system(servers, tmp_path, smtp_url=url) as running:
            running.start("comms")
            engine = connect(running.database_url("comms"))
            due_mail(engine)
            engine.dispose()
            mute.settimeout(30)
            connection, _ = mute.accept()
            with connection:
                began = time.monotonic()
                running.stop("comms")
                assert time.monotonic() - began < STOP_SECONDS
