"""A TCP proxy that can swallow, cut and delay what passes, as networks do."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit

Direction = Literal["up", "down"]
"""up: from the client to the server."""


class Proxy:
    """Listens on loopback and passes everything on to `target`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._swallowed: set[Direction] = set()
        self._refuses = False
        self._closed = False
        self.delay = 0.0
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self, *directions: Direction) -> None:
        """From now on take these directions' bytes and pass nothing on; both sides still see an open connection."""
        self._swallowed = set(directions)

    def cut(self) -> None:
        """Close every connection; new ones are still accepted."""
        while self._pairs:
            for end in self._pairs.pop():
                end.close()

    def refuse(self, *, refuses: bool = True) -> None:
        """Close new connections at once."""
        self._refuses = refuses

    @property
    def connections(self) -> int:
        return len(self._pairs)

    def close(self) -> None:
        self._closed = self._refuses = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # a close alone doesn't wake whoever waits in accept
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = None if self._refuses else self._dial()
            if server is None:
                client.close()
                continue
            self._pairs.append((client, server))
            threading.Thread(target=self._pump, args=(client, server, "up"), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, "down"), daemon=True).start()

    def _dial(self) -> socket.socket | None:
        try:
            return socket.create_connection(self._target)
        except OSError:
            return None  # the server is away, and whoever calls is hung up on

    def _pump(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        try:
            # A close from another thread doesn't wake a blocked recv, so it never blocks for long.
            while source.fileno() >= 0:
                if not select.select([source], [], [], 0.2)[0]:
                    continue
                if not (data := source.recv(65536)):
                    break
                if self.delay:
                    time.sleep(self.delay)
                if direction not in self._swallowed:
                    sink.sendall(data)
        except (OSError, ValueError):
            pass  # the other pump or cut() closed it
        if direction not in self._swallowed:
            for end in (source, sink):
                end.close()


@contextmanager
def proxied(url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy to the server of `url`, and the URL that goes through it."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    here = Proxy((address.hostname, address.port))
    through = address.netloc.rsplit(":", 1)[0] + f":{here.port}"
    try:
        yield here, address._replace(netloc=through).geturl()
    finally:
        here.close()
