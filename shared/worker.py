"""One process of a service, from start to stop. Imported only after eventlet has patched the standard library."""

import logging
import os
import signal
import socket
import sys
import time
from types import FrameType
from typing import Any

import eventlet
from nameko.runners import ServiceRunner
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from shared.database import BRIEF, connect
from shared.http.auth import Authenticator
from shared.settings import Settings

MAX_WORKERS = 50
"""Green threads that run routes and subscriptions of one process."""

CONNECTIONS = 20
"""Database connections of one service at most, over all its processes; its health has up to two more in each."""

SECOND_SIGNAL_SECONDS = 0.5
"""Signals closer together are one: a terminal and a launcher may both send theirs."""

STOP_SECONDS = 25
"""What is in hand at SIGTERM has this long; orchestrators kill after 30."""

log = logging.getLogger("intercoop.run")


def configuration(settings: Settings, engine: Engine, health_engine: Engine, listener: socket.socket) -> dict[str, Any]:
    """What nameko's container is given, and extensions read."""
    return {
        "settings": settings,
        "engine": engine,
        "health_engine": health_engine,
        "listener": listener,
        "authenticator": Authenticator(settings),
        "AMQP_URI": settings.amqp_uri,
        "max_workers": MAX_WORKERS,
    }


class Worker:
    """One process of a service, and how it ends."""

    def __init__(self, service: type, settings: Settings, listener: socket.socket, *, processes: int) -> None:

        self._engine = connect(settings.database_url, pool_size=max(2, CONNECTIONS // 2 // processes))
        self._health_engine = connect(settings.database_url, pool_size=1, bounds=BRIEF)
        self._runner = ServiceRunner(configuration(settings, self._engine, self._health_engine, listener))
        self._runner.add_service(service)
        self._settings = settings
        self._parent = os.getppid() if processes > 1 else None
        self._told_at: float | None = None

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then finish what is in hand."""
        signal.signal(signal.SIGTERM, self._tell)
        if self._parent is None:
            signal.signal(signal.SIGINT, self._tell)
        self._wait_for_database()
        self._runner.start()
        log.info("ready", extra={"host": self._settings.http_host, "port": self._settings.http_port})
        eventlet.spawn(self._stop_when_told)
        self._runner.wait()
        self._engine.dispose()
        self._health_engine.dispose()
        log.info("stopped")

    def _wait_for_database(self) -> None:

        delay = 0.2
        while not self._should_stop():
            try:
                self._engine.connect().close()
            except OperationalError as error:
                reason = str(error.orig).partition("\n")[0]
                log.warning("waiting for the database", extra={"error": reason, "seconds": delay})
                time.sleep(delay)
                delay = min(delay * 2, 2)
            else:
                return
        sys.exit(0)

    def _tell(self, number: int, _frame: FrameType | None) -> None:
        """The first signal asks, a second one half a second later or more means at once."""
        now = time.monotonic()
        if self._told_at is None:
            self._told_at = now
        elif now - self._told_at > SECOND_SIGNAL_SECONDS:
            os._exit(128 + number)

    def _should_stop(self) -> bool:
        return self._told_at is not None or self._parent not in (None, os.getppid())

    def _stop_when_told(self) -> None:

        # A signal handler can't wake eventlet's hub, so somebody has to look.
        while not self._should_stop():
            eventlet.sleep(0.1)
        log.info("stopping", extra={"seconds": STOP_SECONDS})
        eventlet.spawn_after(STOP_SECONDS, self._give_back)
        self._runner.stop()

    def _give_back(self) -> None:
        """The deadline has passed: what is unfinished rolls back; its event comes again, its caller got no answer."""
        log.warning("not everything was finished in time")
        os._exit(0)
