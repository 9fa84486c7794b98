"""Files in a folder of the machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfileobj
from typing import IO, BinaryIO
from uuid import UUID, uuid4

from services.membership.storage.base import CHUNK, FileAway, StorageAway

_HALFWAY = ".part"


class Folder:
    """Files under `root`, in folders by the end of their id, so that none grows large."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, file_id: UUID, file: BinaryIO) -> None:
        """Written beside its place, flushed to the disk, then renamed: nobody sees half of it, whatever dies when."""
        path = self._path(file_id)
        with _told_apart():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(file, path)
            _flush_folder(path.parent)
            _flush_folder(self._root)

    def read(self, file_id: UUID) -> Iterator[bytes]:
        with _told_apart():
            try:
                opened = self._path(file_id).open("rb")
            except FileNotFoundError as error:
                raise FileAway(file_id) from error
        return _pieces(opened)

    def delete(self, file_id: UUID) -> None:
        with _told_apart():
            if not any(self._root.iterdir()):  # a disk that is not mounted leaves its folder, empty
                raise StorageAway(file_id)
            self._path(file_id).unlink(missing_ok=True)

    def kept_before(self, moment: datetime) -> Iterator[UUID]:
        for path in self._root.glob("??/*"):
            with suppress(FileNotFoundError, ValueError):  # somebody else sweeps too; what is no id is not ours
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) >= moment:
                    continue
                if path.suffix == _HALFWAY:
                    path.unlink()
                else:
                    yield UUID(path.name)

    def _path(self, file_id: UUID) -> Path:
        name = str(file_id)
        return self._root / name[-2:] / name


@contextmanager
def _told_apart() -> Iterator[None]:
    """Whatever else the disk refuses, it may give later: it is full, away, or being looked after."""
    try:
        yield
    except OSError as error:
        raise StorageAway from error


def _write(file: BinaryIO, path: Path) -> None:
    beside = path.with_name(f"{path.name}.{uuid4().hex}{_HALFWAY}")
    try:
        with beside.open("xb") as written:
            copyfileobj(file, written, CHUNK)
            written.flush()
            os.fsync(written.fileno())
        beside.rename(path)
    except BaseException:
        with suppress(OSError):  # what remains is swept; why it was not written matters more
            beside.unlink(missing_ok=True)
        raise


def _pieces(opened: IO[bytes]) -> Iterator[bytes]:
    with opened:
        while piece := opened.read(CHUNK):
            yield piece


def _flush_folder(folder: Path) -> None:
    """A name too has to survive a power cut: the file's in its folder, and the folder's in the root."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
