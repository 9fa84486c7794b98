"""Servers, programs and rows: what every measurement needs."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx
import psycopg
from sqlalchemy.engine import make_url

HERE = Path(__file__).parent
OURS = sys.executable
PEERS = os.environ["BENCH_PEERS_PYTHON"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. `ratio` is against the peer, or against the bar where the bar is a time."""

    name: str
    ours: float
    peer: float | None
    ratio: float
    bar: str
    met: bool
    unit: str
    how: str

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def faster(name: str, ours: list[float], peer: list[float], *, bar: float, unit: str, how: str) -> Row:
    """A row of rates: the ratio of the medians must reach `bar`."""
    mine, theirs = statistics.median(ours), statistics.median(peer)
    ratio = mine / theirs
    return Row(
        name=name, ours=round(mine, 1), peer=round(theirs, 1), ratio=round(ratio, 2), bar=f">= {bar} x",
        met=ratio >= bar, unit=unit, how=how,
    )  # fmt: skip


def within(name: str, value: float, *, bar: float, unit: str, how: str) -> Row:
    """A row without a peer: `value` must not exceed `bar`."""
    return Row(
        name=name, ours=round(value, 1), peer=None, ratio=round(value / bar, 2), bar=f"<= {bar} {unit}",
        met=value <= bar, unit=unit, how=how,
    )  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """Where the servers are, how often to measure, and how to tell what goes on."""

    amqp_uri: str
    rabbitmq_api: str
    database_url: str
    rounds: int
    say: Callable[[str], None]

    @contextmanager
    def vhost(self) -> Iterator[str]:
        """The AMQP URI of a virtual host that lives as long as the block."""
        user, name = urlsplit(self.amqp_uri).username or "guest", f"bench-{uuid4().hex[:12]}"
        with self.api() as api:
            api.put(f"/api/vhosts/{name}").raise_for_status()
            everything = {"configure": ".*", "write": ".*", "read": ".*"}
            api.put(f"/api/permissions/{name}/{quote(user)}", json=everything).raise_for_status()
        try:
            yield urlsplit(self.amqp_uri)._replace(path=f"/{name}").geturl()
        finally:
            with self.api() as api:
                api.delete(f"/api/vhosts/{name}")

    def api(self) -> httpx.Client:
        return httpx.Client(base_url=self.rabbitmq_api, timeout=60)

    @contextmanager
    def database(self, *statements: str) -> Iterator[str]:
        """The URL of a database that lives as long as the block, after `statements`."""
        name = f"bench_{uuid4().hex[:12]}"
        sql(self.database_url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        url = make_url(self.database_url).set(database=name).render_as_string(hide_password=False)
        try:
            sql(url, *statements)
            yield url
        finally:
            sql(self.database_url, f"DROP DATABASE {name} WITH (FORCE)")


def sql(url: str, *statements: str) -> None:
    with psycopg.connect(plain(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def value(url: str, query: str) -> object:
    """The first column of the query's first row."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(plain(url), autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def until(url: str, query: str, expected: object, *, within_s: float) -> float:
    """When `query` first gave `expected`, by the clock all processes share."""
    deadline = time.monotonic() + within_s
    with psycopg.connect(plain(url), autocommit=True) as connection:
        while True:
            row = connection.execute(query.encode()).fetchone()
            now = time.monotonic()
            if row and row[0] == expected:
                return now
            if now > deadline:
                raise SystemExit(f"after {within_s} s {query!r} gave {row}, not {expected}")
            time.sleep(0.01)


@contextmanager
def program(python: str, *command: object, ready: str = "", **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs as long as the block, from the time it has said `ready`."""
    with TemporaryFile() as log:
        process = subprocess.Popen(
            [python, *map(str, command)], env=os.environ | env, cwd=HERE.parent, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(process, log, ready)
            yield process
        finally:
            end(process)


def wait_for(process: subprocess.Popen[bytes], log: IO[bytes], word: str) -> None:
    deadline = time.monotonic() + 60
    while word not in (said := os.pread(log.fileno(), 100_000, 0).decode()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"{process.args} did not become ready:\n{said}")
        time.sleep(0.05)


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def answer(python: str, *command: object, **env: str) -> dict[str, float]:
    """What a program printed as JSON on its last line."""
    done = subprocess.run(
        [python, *map(str, command)],
        env=os.environ | env, cwd=HERE.parent, text=True, stdout=subprocess.PIPE, check=True, timeout=90,
    )  # fmt: skip
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result
