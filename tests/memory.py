"""Where servers of a test run keep their files: they are thrown away, and half of what a database does is files."""

import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER = Path("/dev/shm")
ROOM = 8 << 30
"""Bytes. The servers of a whole run have used 1.8 GB at most."""
OURS = "intercoop-test-"
NEW_SECONDS = 60
"""A folder so new may not have been locked yet."""


@contextmanager
def servers_folder() -> Iterator[Path]:
    """A folder that root's other user may enter, which pytest's own temporary folders forbid."""
    place = in_memory()
    if place:
        forget_the_killed(place)
    with tempfile.TemporaryDirectory(prefix=OURS, dir=place, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with locked(folder):
            yield folder


def in_memory() -> Path | None:
    """Linux's folder in memory, where it has room and lets programs run; else None, which is the usual place."""
    if sys.platform != "linux" or not FOLDER.is_dir() or os.statvfs(FOLDER).f_flag & os.ST_NOEXEC:
        return None
    return FOLDER if shutil.disk_usage(FOLDER).free > ROOM else None


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Whether the folder was nobody's; a lock ends with its process, however that ends."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        yield take(opened)
    finally:
        os.close(opened)


def take(opened: int) -> bool:
    """Lock what was opened; False when somebody else has."""
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def forget_the_killed(place: Path) -> None:
    """Give back the memory of test processes that could not tidy up."""
    for folder in place.glob(f"{OURS}*"):
        with suppress(FileNotFoundError):  # somebody else tidies up as well
            if time.time() - folder.stat().st_mtime > NEW_SECONDS:
                remove_if_nobodys(folder)


def remove_if_nobodys(folder: Path) -> None:
    with locked(folder) as nobodys:
        if nobodys:
            shutil.rmtree(folder, ignore_errors=True)
