"""`@every`: how long between turns, whatever a turn does, and that nobody waits for it at the end."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from shared.schedule import LONGEST_PAUSE, STOP_SECONDS, Scheduled, Turn, pause_after
from tests.waiting import eventually


class Thread:
    """What a container hands out for a managed thread."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.killed = False
        self._run, self._told = run, lambda _: None
        self._thread = threading.Thread(target=self._all, daemon=True)
        self._thread.start()

    def _all(self) -> None:
        try:
            self._run()
        finally:
            self._told(self)

    def link(self, told: Callable[[Any], None]) -> None:
        self._told = told

    def kill(self) -> None:
        self.killed = True

    def ends(self, *, within: float) -> bool:
        self._thread.join(within)
        return not self._thread.is_alive()


class Service:
    """Counts its turns, every one of which fails."""

    turns: int = 0

    def work(self, _turn: Turn) -> None:
        type(self).turns += 1
        raise RuntimeError("away")


def scheduled(seconds: float) -> tuple[Scheduled, list[Thread]]:
    threads: list[Thread] = []

    def spawn(run: Callable[[], None], **_: str) -> Thread:
        threads.append(Thread(run))
        return threads[-1]

    entry = Scheduled(seconds=seconds)
    entry.method_name = "work"
    entry.container = SimpleNamespace(
        config={"engine": None, "settings": None}, service_cls=Service, spawn_managed_thread=spawn
    )
    return entry, threads


@pytest.mark.parametrize("seconds", [0.5, 10, 60, 3600])
def test_a_turn_comes_when_it_was_asked_for(seconds: float) -> None:
    assert pause_after(0, seconds=seconds) == seconds


@pytest.mark.parametrize("seconds", [0.5, 10, 60, 3600])
def test_failures_make_it_later_up_to_a_bound_and_never_earlier_however_many(seconds: float) -> None:
    pauses = [pause_after(failures, seconds=seconds) for failures in range(5000)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == max(seconds, LONGEST_PAUSE)
    assert pause_after(1, seconds=0.5) == 1


def test_who_stops_does_not_wait_for_the_next_turn() -> None:
    Service.turns = 0
    entry, threads = scheduled(3600)
    entry.start()
    eventually(lambda: Service.turns)
    entry.stop()
    [thread] = threads
    assert thread.ends(within=STOP_SECONDS)
    assert (Service.turns, thread.killed) == (1, False)


def test_more_failures_than_a_float_can_double_do_not_end_it() -> None:
    Service.turns = 0
    entry, threads = scheduled(1e-300)
    entry.start()
    eventually(lambda: Service.turns > 2200)
    entry.stop()
    assert threads[0].ends(within=STOP_SECONDS)
