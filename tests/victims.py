"""A broker and a database server whose processes are in the test's hands."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote
from uuid import uuid4

import httpx
import psutil
import psycopg
from sqlalchemy.engine import make_url

from intercoop.broker_definitions import ADMINISTRATOR
from intercoop.local.broker import Broker, epmd
from intercoop.local.postgres import Database
from intercoop.local.servers import Server
from shared.database import connect
from shared.tables import plumbing
from tests.waiting import eventually

STARVING = {
    "memory": ("vm_memory_monitor set_vm_memory_high_watermark", "0.00001", "0.4"),
    "disk": ("rabbit_disk_monitor set_disk_free_limit", '"900000GB"', '"50MB"'),
}


REGISTRY_SECONDS = 2
"""RabbitMQ writes down that it has a quorum queue up to a second late. What becomes of one it had not yet written down
when it was killed is the matter of tests/chaos/test_forgotten_queues.py, and of no other."""


@dataclass(frozen=True)
class VictimBroker:
    """A broker's process in our hands."""

    server: Server
    broker: Broker

    @property
    def process(self) -> psutil.Process:
        assert self.server.process
        return psutil.Process(self.server.process.pid)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Alive for the kernel, dead for everybody else."""
        self.process.suspend()
        try:
            yield
        finally:
            self.process.resume()

    def restart(self, *, kill: bool = False) -> None:
        if kill:
            self.settle()
            self.server.kill()
        else:
            self.server.stop()
        self.server.start()

    def settle(self) -> None:
        """Give it the time to write down which queues it has."""
        settled_at = time.monotonic() + REGISTRY_SECONDS
        eventually(lambda: time.monotonic() > settled_at, within=REGISTRY_SECONDS + 1)

    def call(self, function: str, *arguments: str) -> None:
        """Call a function of the node, as rabbitmqctl would; that needs up to a minute on a busy machine."""
        tool = Path(epmd()).with_name("erl_call")
        done = subprocess.run(
            [tool, "-n", self.broker.node, "-a", f"{function} [{', '.join(arguments)}]"],
            env=self.broker.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stdout) == (0, "ok"), done.stdout + done.stderr

    def set_env(self, **settings: int) -> None:
        """Settings of the broker that channels opened from now on go by."""
        for name, value in settings.items():
            self.call("application set_env", "rabbit", name, str(value))

    @contextmanager
    def starved(self, resource: Literal["memory", "disk"]) -> Iterator[None]:
        """An alarm: the broker goes on, but takes nothing from those who publish."""
        function, low, normal = STARVING[resource]
        self.call(function, low)
        try:
            yield
        finally:
            self.call(function, normal)

    def close_connections(self) -> int:
        """Close what the management API knows of; returns how many connections that were."""
        with httpx.Client(base_url=self.broker.api, timeout=30) as api:
            names = [connection["name"] for connection in api.get("/api/connections").json()]
            return sum(api.delete(f"/api/connections/{quote(name)}").is_success for name in names)

    def new_vhost(self) -> str:
        """A virtual host's URI, for the administrator."""
        name = f"chaos-{uuid4().hex[:8]}"
        with httpx.Client(base_url=self.broker.api, timeout=30) as api:
            api.put(f"/api/vhosts/{name}").raise_for_status()
            everything = {"configure": ".*", "write": ".*", "read": ".*"}
            api.put(f"/api/permissions/{name}/{ADMINISTRATOR}", json=everything).raise_for_status()
        return self.broker.uri().rsplit("/", 1)[0] + "/" + name


@dataclass(frozen=True)
class VictimDatabase:
    """A database server's process in our hands."""

    server: Server
    database: Database

    def restart(self, *, kill: bool = False) -> None:
        if kill:
            self._kill_all()
        else:
            self.server.stop()
        self.server.start()

    def _kill_all(self) -> None:
        """The children too, else the next start waits until each has noticed that its parent is gone."""
        assert self.server.process
        children = psutil.Process(self.server.process.pid).children(recursive=True)
        self.server.kill()
        psutil.wait_procs(children, timeout=10)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server and every session of it."""
        assert self.server.process
        parent = psutil.Process(self.server.process.pid)
        family = [parent, *parent.children(recursive=True)]
        for process in family:
            process.suspend()
        try:
            yield
        finally:
            for process in family:
                if process.is_running():
                    process.resume()

    def new_database(self) -> str:
        """The URL of a new database with the shared tables."""
        name = f"chaos_{uuid4().hex[:8]}"
        url = make_url(self.database.url())
        with psycopg.connect(
            url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
        ) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        new = url.set(database=name).render_as_string(hide_password=False)
        engine = connect(new)
        plumbing.create_all(engine)
        engine.dispose()
        return new
