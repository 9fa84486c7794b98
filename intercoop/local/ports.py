"""The ports of one instance: fixed distances from a base, so that several instances stand side by side."""

import errno
import secrets
import socket
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

HOST = "127.0.0.1"
DEFAULT_BASE = 8000
OFFSETS = {
    "membership": 1,
    "funding": 2,
    "events": 3,
    "comms": 4,
    "membership relay": 11,
    "funding relay": 12,
    "events relay": 13,
    "comms relay": 14,
    "smtp": 25,
    "database": 32,
    "epmd": 69,
    "amqp": 72,
    "management": 73,
    "distribution": 74,
    "metrics": 92,
}


FREE_BASES = range(10_000, 32_000, 100)
"""Below the ports the kernel gives to outgoing connections (from 32768 on Linux, from 49152 elsewhere)."""


class NoneFree(Exception):  # noqa: N818 -- says what it is
    """Somebody listens in, or has claimed, every range of ports."""


@dataclass(frozen=True)
class Ports:
    """A port by name: the services, their relays' metrics, the database, smtp and the broker's five."""

    by_name: dict[str, int]

    def __getitem__(self, name: str) -> int:
        return self.by_name[name]

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        """The base plus a fixed distance for each."""
        return cls({name: base + offset for name, offset in OFFSETS.items()})

    @classmethod
    def free(cls) -> "Ports":
        """Ports nobody listens on, and that nobody else who asks like this gets while these exist; for tests.

        A port the kernel names free may be an outgoing connection's by the time a server wants to listen on it.
        So these lie where the kernel takes none from by itself, and a socket bound to the base keeps others off.

        Raises:
            NoneFree: when there are none.
        """
        for base in secrets.SystemRandom().sample(FREE_BASES, len(FREE_BASES)):
            claim = _claim(base)
            if claim is None:
                continue
            ports = cls.from_base(base)
            weakref.finalize(ports, claim.close)
            if not taken(ports, OFFSETS):
                return ports
        raise NoneFree(f"no {FREE_BASES.step} ports from {FREE_BASES.start} to {FREE_BASES.stop} are free")


def taken(ports: Ports, names: Iterable[str]) -> dict[str, int]:
    """Those of the named ports that somebody else listens on."""
    return {name: ports[name] for name in names if not _is_free(ports[name])}


def holder(port: int) -> str | None:
    """The process that listens on `port`, as far as the system lets us know: 'postgres, pid 812'."""
    for process in psutil.process_iter(["name"]):
        try:
            connections = process.net_connections(kind="tcp")
        except psutil.Error:
            continue
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
            return f"{process.name()}, pid {process.pid}"
    return None


def answers(port: int) -> bool:
    """Whether somebody accepts a connection."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((HOST, port)) == 0


def answers_at(uri: str, *, default_port: int) -> bool:
    """Whether somebody accepts a connection at the URI's host and port."""
    at = urlsplit(uri)
    try:
        with socket.create_connection((at.hostname or HOST, at.port or default_port), timeout=3):
            return True
    except OSError:
        return False


def _is_free(port: int) -> bool:
    """Bound the way servers do, so that a port whose last connections are closing counts as free."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def _claim(base: int) -> socket.socket | None:
    """A socket bound to `base` alone, listening to nobody; None when somebody else has it."""
    claim = socket.socket()
    try:
        claim.bind((HOST, base))
    except OSError:
        claim.close()
        return None
    return claim
