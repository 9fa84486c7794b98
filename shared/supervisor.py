"""Several worker processes of one service under a small parent that replaces the dead and stops the living."""

import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from types import FrameType

from shared import logs

RESTART_SECONDS = 1.0
"""A dead worker is replaced after this, so that one that can't start does not spin."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger("intercoop.supervisor")


def supervise(work: Callable[[], None], *, workers: int, service: str) -> None:
    """Run `work` in `workers` forked processes; returns when SIGTERM or SIGINT has ended them all.

    The parent opens no threads, so that forking is safe. The workers watch their parent and stop when it is gone.
    """
    logs.configure(service)
    folder = tempfile.mkdtemp(prefix="intercoop-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        _Family(work).live(workers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Family:
    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._children: set[int] = set()
        self._stopping = False

    def live(self, size: int) -> None:
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        for _ in range(size):
            self._bear()
        while self._children:
            self._bury()

    def _bear(self) -> None:
        # A signal between fork and the note of the child would miss it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        child = 0 if self._stopping else os.fork()
        if child:
            self._children.add(child)
        elif not self._stopping:
            self._become_worker()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _become_worker(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        try:
            self._work()
        except SystemExit as error:
            sys.stderr.write(f"{error}\n" if isinstance(error.code, str) else "")
            os._exit(error.code if isinstance(error.code, int) else 1)
        except BaseException:
            log.exception("worker failed")
            os._exit(1)
        os._exit(0)

    def _bury(self) -> None:
        child, status = os.waitpid(-1, 0)
        self._children.discard(child)
        if not self._stopping:
            log.error("worker died", extra={"pid": child, "status": os.waitstatus_to_exitcode(status)})
            time.sleep(RESTART_SECONDS)
            self._bear()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        for child in self._children:
            os.kill(child, signal.SIGTERM)
