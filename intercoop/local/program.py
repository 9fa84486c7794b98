"""A program to run beside us: how it starts, how it is asked to stop, and that it dies with the one who started it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LOG_BYTES = 20_000_000
"""A log is kept up to this size, and once more as long."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program. `user` is a system user to run as, possible only for root; output goes to `log`."""

    name: str
    argv: tuple[str, ...]
    log: Path
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 30.0
    """More than a service takes by itself when what is in hand waits for somebody who does not answer."""

    def start(self) -> subprocess.Popen[bytes]:
        """Run it in a session of its own, so that Ctrl-C reaches the launcher alone and everything ends in order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                (*_that_dies_with_parent(self.stop_signal), *self.argv),
                cwd=self.cwd,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.user,
                group=primary_group(self.user),
                extra_groups=[] if self.user else None,
            )


def primary_group(user: str | None) -> int | None:
    """The user's own group."""
    if user is None:
        return None
    import pwd  # noqa: PLC0415 -- exists on Unix alone, and only root gets here

    return pwd.getpwnam(user).pw_gid


def _that_dies_with_parent(stop_signal: signal.Signals) -> tuple[str, ...]:
    """On Linux the kernel tells the child when the one who started it is gone, even by kill -9.

    setpriv asks for that and becomes the program. A function between fork and exec could ask, too, but forbids the
    cheap way to start a process, and warns in every process that knows eventlet or has threads.
    """
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", stop_signal.name.removeprefix("SIG"), "--") if setpriv else ()


def stop(process: subprocess.Popen[bytes], program: Program) -> None:
    """Ask it to stop, wait its time, then kill it."""
    if process.poll() is None:
        process.send_signal(program.stop_signal)
        try:
            process.wait(program.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def cut(log: Path, *, at_bytes: int = LOG_BYTES) -> None:
    """Move a log that has grown too long aside, and go on with an empty one.

    The program keeps appending to the same file meanwhile; what it says in the moment between copy and cut is lost.
    """
    if log.exists() and log.stat().st_size > at_bytes:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for the message that something failed."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
