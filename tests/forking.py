"""Programs under test that begin where their imports are over, for a test run starts hundreds.

Importing a service takes one to two seconds of the processor. A template does it once and forks; what runs is the same
`python -m module`, with an environment, a folder and a log of its own. That it starts from nothing, too, is for the
tests of `intercoop up` and of the commands.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union

ROOT = Path(__file__).parents[1]

Process = Union["subprocess.Popen[bytes]", "Forked"]
"""A program under test, however it was started."""

Kind = Literal["patched", "plain"]
"""Whether eventlet has patched the standard library, as in what serves, or not."""


class Template:
    """The process that imports and forks."""

    def __init__(self, kind: Kind) -> None:
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.template_process", kind],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, **question: Any) -> Any:
        """Its answer; a template that is gone answers nothing."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        with self._turn:
            stdin.write(json.dumps(question).encode() + b"\n")
            stdin.flush()
            return json.loads(stdout.readline())

    def close(self) -> None:
        """End it, and with it whatever it started that still runs."""
        self._process.kill()
        self._process.communicate()


@cache
def template(kind: Kind) -> Template:
    """One of each kind per test process, started when it is first needed."""
    made = Template(kind)
    atexit.register(made.close)
    return made


class Forked:
    """A running program, as subprocess.Popen shows it."""

    def __init__(self, parent: Template, pid: int) -> None:
        self._template = parent
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""
        if self.returncode is None:
            self.returncode = self._template.ask(ended=self.pid)
        return self.returncode

    def wait(self, timeout: float = float("inf")) -> int:
        """Its exit status once it has one.

        Raises:
            subprocess.TimeoutExpired: it still runs after so many seconds.
        """
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        """Nothing happens when it has ended: until it is asked after, nobody else gets its id."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


def fork(
    module: str,
    *arguments: str,
    env: Mapping[str, str],
    imports: Sequence[str],
    log: Path | None = None,
    kind: Kind = "patched",
    cwd: Path = ROOT,
    session: bool = False,
) -> Forked:
    """`python -m module arguments...`, its output added to `log` or shown with ours.

    `imports` is what the template is to know before.
    """
    if log:
        log.touch()
    parent = template(kind)
    pid = parent.ask(
        module=module,
        argv=[module, *arguments],
        log=str(log) if log else None,
        env=dict(env),
        imports=imports,
        cwd=str(cwd),
        session=session,
    )
    return Forked(parent, pid)
