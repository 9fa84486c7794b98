"""Starts everything in order, keeps it running, and ends it in the opposite order."""

import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TextIO

from intercoop.local.plan import Plan
from intercoop.local.program import Program, cut, stop, tail
from intercoop.local.records import Phase, ProcessRecord, Records

BACKOFF_SECONDS = (0.5, 1, 2, 5, 10, 30)
STEADY_SECONDS = 60.0
"""A child that ran this long is taken for healthy again: its next death starts the backoff anew."""

Say = Callable[[str], None]
Ready = Callable[[], bool]


class AlreadyRunning(Exception):  # noqa: N818 -- says what it is
    """Another launcher holds this home."""


class StartFailed(Exception):  # noqa: N818 -- says what it is
    """Something ended, or did not become ready in time."""


class Stopped(Exception):  # noqa: N818 -- says what it is
    """Somebody asked us to stop while we were starting."""


@contextmanager
def only_one(plan: Plan) -> Iterator[TextIO]:
    """Hold the home for as long as the block lasts; the system lets go of it even after kill -9."""
    plan.home.mkdir(parents=True, exist_ok=True)
    with (plan.home / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"already running in {plan.home}; `intercoop status` shows it") from None
        yield lock


@dataclass
class Child:
    """A running program of ours, and how often it had to be started again."""

    program: Program
    process: subprocess.Popen[bytes]
    started: float
    restarts: int = 0
    failures: int = 0
    start_again_at: float | None = None


class Launcher:
    """The children of one instance. `say` tells the user what happens; `stopping` ends everything."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self.plan = plan
        self.say = say
        self.stopping = Event()
        self.hurried = Event()
        self.children: dict[str, Child] = {}
        self.records = Records.load(plan.records)

    def clean_up(self) -> None:
        """End what a launcher that was killed left behind, and write down that we are here."""
        if left := self.records.end_leftovers():
            self.say(f"ended what an earlier start left behind: {', '.join(left)}")
        self.records.launcher = ProcessRecord.of(os.getpid())
        self.enter("starting")

    def enter(self, phase: Phase) -> None:
        """Write down where we are."""
        self.records.phase = phase
        self.records.save()

    def start(self, program: Program) -> None:
        """Start a child and write it down."""
        child = self.children[program.name] = Child(program, program.start(), time.monotonic())
        self._record(child)

    def run(self, program: Program, *, seconds: float = 300) -> None:
        """Run a program to its end; raises StartFailed when it fails."""
        process = program.start()
        try:
            self._wait(lambda: process.poll() is not None, program, seconds)
        finally:
            stop(process, program)
        if process.returncode:
            raise StartFailed(f"{program.name} failed:\n{tail(program.log)}")

    def wait_ready(self, name: str, ready: Ready, *, seconds: float = 90) -> None:
        """Return when the child answers; raises StartFailed when it ended or takes too long, Stopped when asked to."""
        child = self.children[name]

        def settled() -> bool:
            if child.process.poll() is not None:
                raise StartFailed(f"{name} ended at its start; {child.program.log} says:\n{tail(child.program.log)}")
            return ready()

        self._wait(settled, child.program, seconds)

    def watch(self) -> None:
        """Keep the children running until somebody asks us to stop."""
        while not self.stopping.wait(0.25):
            for child in self.children.values():
                self._look_after(child)
                cut(child.program.log)

    def stop(self) -> None:
        """End the children, the last started first; services and relays side by side."""
        self.enter("stopping")
        for group in self._groups():
            for child in group:
                if child.process.poll() is None:
                    child.process.send_signal(child.program.stop_signal)
            for child in group:
                self._await_end(child)
        self.records.processes.clear()
        self.enter("stopped")

    def _groups(self) -> list[list[Child]]:
        """What may end side by side: everything that uses the servers, then the broker with the database, then epmd."""
        servers, last = ("broker", "database"), ("epmd",)
        children = list(self.children.values())
        users = [child for child in children if child.program.name not in (*servers, *last)]
        return [
            users,
            [child for child in children if child.program.name in servers],
            [child for child in children if child.program.name in last],
        ]

    def _await_end(self, child: Child) -> None:
        deadline = time.monotonic() + child.program.stop_seconds
        while child.process.poll() is None:
            if self.hurried.is_set() or time.monotonic() > deadline:
                child.process.kill()
            time.sleep(0.02)

    def _look_after(self, child: Child) -> None:
        if child.process.poll() is None:
            return
        now = time.monotonic()
        if child.start_again_at is None:
            self._plan_restart(child, now)
        elif now >= child.start_again_at:
            child.process, child.started, child.start_again_at = child.program.start(), now, None
            child.restarts += 1
            self._record(child)

    def _plan_restart(self, child: Child, now: float) -> None:
        child.failures = 0 if now - child.started > STEADY_SECONDS else child.failures
        pause = BACKOFF_SECONDS[min(child.failures, len(BACKOFF_SECONDS) - 1)]
        child.failures, child.start_again_at = child.failures + 1, now + pause
        end = child.process.returncode
        self.say(f"{child.program.name} ended ({_outcome(end)}), starts again in {pause:g} s; see {child.program.log}")

    def _record(self, child: Child) -> None:
        self.records.processes[child.program.name] = ProcessRecord.of(
            child.process.pid, restarts=child.restarts, stop_signal=int(child.program.stop_signal)
        )
        self.records.save()

    def _wait(self, settled: Ready, program: Program, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not settled():
            if self.stopping.wait(0.05):
                raise Stopped
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"{program.name} is not ready after {seconds:g} s; {program.log} says:\n{tail(program.log)}"
                )


def _outcome(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
