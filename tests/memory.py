"""Where servers of a test run keep their files: they are thrown away, and half of what a database does is files."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

FOLDER = Path("/dev/shm")
ROOM = 8 << 30
"""Bytes. Four test processes, each with two databases and two brokers, have used a third of it at most."""
OURS = "intercoop-test-"


@contextmanager
def servers_folder() -> Iterator[Path]:
    """A folder that root's other user may enter, which pytest's own temporary folders forbid."""
    place = in_memory()
    if place:
        forget_the_killed(place)
    prefix = f"{OURS}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def in_memory() -> Path | None:
    """Linux's folder in memory, where it has room and lets programs run; else None, which is the usual place."""
    usable = FOLDER.is_dir() and not os.statvfs(FOLDER).f_flag & os.ST_NOEXEC
    return FOLDER if usable and shutil.disk_usage(FOLDER).free > ROOM else None


def forget_the_killed(place: Path) -> None:
    """Give back the memory that a test process held which could not tidy up."""
    for folder in place.glob(f"{OURS}*-*"):
        pid = folder.name.removeprefix(OURS).partition("-")[0]
        if not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
