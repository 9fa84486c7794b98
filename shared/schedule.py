"""`@every`: a method of the service class that runs again and again, in each process of the service."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from nameko.extensions import Entrypoint, register_entrypoint
from sqlalchemy import Engine

from shared.settings import Settings

_log = logging.getLogger("intercoop.schedule")

LONGEST_PAUSE = 30.0
"""After failures in a row the next turn comes later and later, in seconds up to this, and never before its time."""

_MOST_DOUBLED = 10
"""So many failures in a row make the pause longer; beyond it is as long as it gets."""

STOP_SECONDS = 20
"""How long a turn may take to end when the service stops."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What the method is handed; it opens transactions of its own, and ends soon when `stopping()` is true."""

    engine: Engine
    settings: Settings
    stopping: Callable[[], bool]


Method = TypeVar("Method", bound=Callable[[Any, Turn], None])


def every(*, seconds: float) -> Callable[[Method], Method]:
    """Call the method with a Turn, and again `seconds` after it has returned.

    Several processes take turns at the same time, so the method must lock what it works on. What it raises is logged
    and is no more than a longer pause: the work must still be there at the next turn.
    """

    def decorate(method: Method) -> Method:
        register_entrypoint(method, Scheduled(seconds=seconds))
        return method

    return decorate


def pause_after(failures: int, *, seconds: float) -> float:
    """How long to wait for the next turn, in seconds, after so many failures in a row."""
    if not failures:
        return seconds
    return max(seconds, min(seconds * 2.0 ** min(failures, _MOST_DOUBLED), LONGEST_PAUSE))


class Scheduled(Entrypoint):  # type: ignore[misc] # nameko has no types
    """The entrypoint behind `@every`: one managed thread of the container."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._stopping = threading.Event()
        self._ended = threading.Event()

    def start(self) -> None:
        config = self.container.config
        turn = Turn(engine=config["engine"], settings=config["settings"], stopping=self._stopping.is_set)
        self._thread = self.container.spawn_managed_thread(lambda: self._run(turn), identifier=f"{self.method_name}")
        self._thread.link(lambda _: self._ended.set())

    def stop(self) -> None:
        """Return when the turn in hand has ended."""
        self._stopping.set()
        if not self._ended.wait(STOP_SECONDS):
            _log.warning("gave up waiting for a turn", extra={"method": self.method_name})
            self.kill()

    def kill(self) -> None:
        self._thread.kill()

    def _run(self, turn: Turn) -> None:
        failures = 0
        while not self._stopping.is_set():
            failures = 0 if self._succeeds(turn) else failures + 1
            self._stopping.wait(pause_after(failures, seconds=self._seconds))

    def _succeeds(self, turn: Turn) -> bool:
        try:
            getattr(self.container.service_cls(), self.method_name)(turn)
        except Exception as error:  # noqa: BLE001 -- a managed thread that raises takes the whole service down
            _log.warning("turn failed", extra={"method": self.method_name}, exc_info=error)
            return False
        return True
