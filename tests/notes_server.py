"""The notes service in a process of its own, and what a test asks of it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine

from intercoop.local.ports import Ports
from shared.database import connect, plumbing
from tests.forking import ROOT, Process, fork
from tests.notes_service import NotesBase
from tests.tokens import Issuer
from tests.waiting import eventually

IMPORTS = ("shared.worker", "tests.notes_service")


class NotesServer:
    """One running instance."""

    def __init__(self, folder: Path, database_url: str, *, workers: int, environment: dict[str, str]) -> None:
        self.issuer = Issuer()
        self.ports = Ports.free()
        self.port = self.ports["membership"]
        self.log = folder / "log"
        self.environment = os.environ | {
            "DATABASE_URL": database_url,
            "AMQP_URI": "amqp://nobody.invalid",
            "HTTP_PORT": str(self.port),
            "AUTH_JWKS": str(self.issuer.write_jwks(folder / "jwks.json")),
            "AUTH_ISSUER": self.issuer.name,
            "LINK_SECRET": "not a secret in a test",
            "PUBLIC_URL": "https://api.example",
            **environment,
        }
        self.process = self.start(workers)

    def start(self, workers: int = 1) -> Process:
        """One more process with the same settings."""
        if workers == 1:
            return fork("tests.notes_process", "1", log=self.log, env=self.environment, imports=IMPORTS)
        # Its metrics decide at import whether they are kept for several processes.
        command = [sys.executable, "-m", "tests.notes_process", str(workers)]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def client(self, token: str | None = None, **options: Any) -> httpx.Client:
        """Calls it as whoever the token says."""
        token = self.issuer.token() if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        address = f"http://127.0.0.1:{self.port}"
        return httpx.Client(base_url=address, headers=headers, timeout=30, verify=False, **options)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=15)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health/live").is_success
        except httpx.TransportError:
            assert self.process.poll() is None, self.log.read_text()
            return False

    def lines(self, message: str = "") -> list[dict[str, Any]]:
        """What it has logged, of one message or all."""
        found = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in found if message in ("", line["message"])]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def running(
    folder: Path, database_url: str, *, workers: int = 1, environment: dict[str, str] | None = None
) -> Iterator[NotesServer]:
    """A server on the database, whose tables are made here, for as long as the block lasts."""
    create_tables(database_url)
    server = NotesServer(folder, database_url, workers=workers, environment=environment or {})
    try:
        eventually(server.is_ready)
        yield server
    finally:
        if server.process.poll() is None:
            server.process.terminate()
        server.process.wait(30)


def create_tables(database_url: str) -> None:
    engine: Engine = connect(database_url)
    plumbing.create_all(engine)
    NotesBase.metadata.create_all(engine)
    engine.dispose()
