"""A broker and a database of our own for as long as a block lasts: what the tests stand on."""

import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from intercoop.broker_definitions import ADMINISTRATOR
from intercoop.local.broker import Broker
from intercoop.local.ports import Ports
from intercoop.local.postgres import Database
from intercoop.local.program import Program, stop, tail
from shared.contracts.catalogue import BY_PUBLISHER


class ServerFailed(Exception):  # noqa: N818 -- says what it is
    """A server ended, or did not become ready in time; the message ends with the tail of its log."""


@dataclass
class Server:
    """One server whose process is ours: to stop, kill, freeze and start again."""

    program: Program
    is_ready: Callable[[], bool]
    seconds: float = 90
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, unless it runs, and wait until it is ready."""
        if self.process is None or self.process.poll() is not None:
            self.process = self.program.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Return when it answers; raises ServerFailed when it ends instead or takes too long."""
        deadline = time.monotonic() + self.seconds
        while not self.is_ready():
            if self.process is None or self.process.poll() is not None:
                raise ServerFailed(f"{self.program.name} ended:\n{tail(self.program.log)}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.program.name} is not ready:\n{tail(self.program.log)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """As an operator stops it."""
        if self.process is not None:
            stop(self.process, self.program)

    def kill(self) -> None:
        """As a power cut ends it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def private_database(folder: Path, *, durable: bool = False) -> Iterator[tuple[Server, Database]]:
    """A database server of the caller's own, fast rather than safe against a power cut; its files go at the end."""
    password = secrets.token_urlsafe(18)
    ports = Ports.free()
    database = Database(folder=folder, port=ports["database"], password=password, durable=durable)
    database.prepare()
    server = Server(database.program(folder), database.ready)
    try:
        server.start()
        yield server, database
    finally:
        server.stop()
        database.erase()


@contextmanager
def private_broker(folder: Path) -> Iterator[tuple[Server, Broker]]:
    """A broker node of the caller's own; killed at the end, since an orderly stop takes seconds and saves nothing."""
    passwords = {user: secrets.token_urlsafe(18) for user in (ADMINISTRATOR, *BY_PUBLISHER)}
    broker = Broker(folder=folder, ports=Ports.free(), passwords=passwords)
    broker.prepare()
    mapper, node = broker.programs(folder)
    epmd, server = Server(mapper, lambda: True), Server(node, broker.ready)
    try:
        epmd.start()
        server.start()
        yield server, broker
    finally:
        server.kill()
        epmd.kill()
