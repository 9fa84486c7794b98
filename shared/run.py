"""Runs one service until it is told to stop. Imports nothing that eventlet must patch first."""

import os
import socket
import warnings
from collections.abc import Callable

from shared import logs
from shared.garbage import nothing_to_collect
from shared.settings import Settings


class PortTaken(SystemExit):
    """Somebody listens there already."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that is ours alone; worker processes share it by inheritance.

    SO_REUSEPORT would let a second instance take half of the connections unnoticed, and lose those that wait for a
    worker that dies.

    Raises:
        PortTaken: ends the process with one line.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Those it accepts inherit it. An answer goes out in two pieces, and the second would wait 40 ms for the caller's
    # delayed acknowledgement of the first.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise PortTaken(f"can not listen on {host}:{port}: {error.strerror}") from None
    sock.listen(512)
    return sock


def patch() -> None:
    """Make everything imported from here on wait without stopping the other green threads."""
    os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"
    # eventlet announces its maintenance mode at import; nameko needs it, see docs/decisions.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet  # noqa: PLC0415 -- only a process that serves may be patched

    eventlet.monkey_patch()
    from shared import waiting  # noqa: PLC0415 -- imports psycopg, which looks whether it is patched

    waiting.install()


def work(load: Callable[[], type], settings: Settings, listener: socket.socket, *, processes: int = 1) -> None:
    """Serve the class that `load` imports, in this process, until SIGTERM or SIGINT.

    `processes` is how many of them the service has; each takes its part of the database connections.
    """
    with nothing_to_collect():
        patch()
        from shared.worker import Worker  # noqa: PLC0415 -- all it imports must be patched

        logs.configure(settings.service)
        # The socket was made before the patch; its green twin takes it over.
        green = socket.socket(fileno=listener.detach())
        worker = Worker(load(), settings, green, processes=processes)
    worker.run()
