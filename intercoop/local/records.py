"""What the launcher started, written down, so that whoever comes after a crash ends exactly that and nothing else."""

import json
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, Self

import psutil

Phase = Literal["starting", "ready", "stopping", "stopped"]
_SAME_START_SECONDS = 2.0
"""How far two readings of one process's start may lie apart when the clock was set in between."""


@dataclass
class ProcessRecord:
    """One process: its number and when it started, which together are never used twice."""

    pid: int
    created: float
    restarts: int = 0
    stop_signal: int = signal.SIGTERM

    @classmethod
    def of(cls, pid: int, *, restarts: int = 0, stop_signal: int = signal.SIGTERM) -> Self:
        """The record of a running process."""
        try:
            created = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            created = 0.0
        return cls(pid, created, restarts, stop_signal)

    def find(self) -> psutil.Process | None:
        """The process itself, if it is still the one that was written down."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < _SAME_START_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


@dataclass
class Records:
    """The launcher and its children, in the file `path`."""

    path: Path
    phase: Phase = "stopped"
    launcher: ProcessRecord | None = None
    processes: dict[str, ProcessRecord] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Self:
        """What the file says; nothing when there is none."""
        if not path.exists():
            return cls(path)
        known = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            path,
            known["phase"],
            ProcessRecord(**known["launcher"]) if known["launcher"] else None,
            {name: ProcessRecord(**record) for name, record in known["processes"].items()},
        )

    def save(self) -> None:
        """Replace the file in one step, so that a reader never sees half of it."""
        state = {
            "phase": self.phase,
            "launcher": asdict(self.launcher) if self.launcher else None,
            "processes": {name: asdict(record) for name, record in self.processes.items()},
        }
        half = self.path.with_suffix(".new")
        half.write_text(json.dumps(state), encoding="utf-8")
        half.replace(self.path)

    def running_launcher(self) -> psutil.Process | None:
        """The launcher, if it lives."""
        return self.launcher.find() if self.launcher else None

    def end_leftovers(self, *, patience: float = 20) -> list[str]:
        """End what is still alive of the children: ask first, then kill; returns their names."""
        alive = {name: process for name, record in self.processes.items() if (process := record.find())}
        for name, process in alive.items():
            _signal(process, self.processes[name].stop_signal)
        _, stubborn = psutil.wait_procs(alive.values(), timeout=patience)
        for process in stubborn:
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(stubborn, timeout=5)
        self.processes.clear()
        return list(alive)


def _signal(process: psutil.Process, number: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)
