"""Imports libraries once and forks the programs that need them: `python -m tests.template_process patched|plain`.

Each line of its input asks for a process, and is answered with the id, or after one that it started, and is answered
with the exit status or null. It ends with its input, and all it started die with it.
"""

import ctypes
import json
import os
import runpy
import signal
import sys
from importlib import import_module
from typing import Any

from shared import run
from shared.garbage import nothing_to_collect

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def serve() -> dict[str, Any]:
    """Answer until the input ends; returns what is to be run, in a process that was forked for it."""
    for line in sys.stdin:
        asked = json.loads(line)
        if "ended" in asked:
            answer = ended(asked["ended"])
        else:
            with nothing_to_collect():
                for module in asked["imports"]:
                    import_module(module)
            answer = os.fork()
            if not answer:
                return dict(asked)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    sys.exit()


def ended(pid: int) -> int | None:
    """The exit status of a process as subprocess has it, None while it runs."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def become(asked: dict[str, Any]) -> None:
    """Take on the environment, folder and output that a process started for itself would have."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if asked["session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    redirect(os.open(os.devnull, os.O_RDONLY), 0)
    if asked["log"]:
        redirect(os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), 1, 2)
    else:
        redirect(os.dup(2), 1)
    sys.argv = asked["argv"]


def redirect(opened: int, *numbers: int) -> None:
    """What was written to or read from these goes there now."""
    for number in numbers:
        os.dup2(opened, number)
    os.close(opened)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    patched = sys.argv[1] == "patched"
    if patched:
        run.patch()
    wanted = serve()
    if patched:
        # The hub's epoll instance would be one for all that were forked, and wake each for what concerns another.
        import_module("eventlet.hubs").use_hub()
    become(wanted)
    runpy.run_module(wanted["module"], run_name="__main__", alter_sys=True)
