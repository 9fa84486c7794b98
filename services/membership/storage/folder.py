"""Files in a folder of the machine."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfileobj
from typing import IO, BinaryIO
from uuid import UUID, uuid4

from services.membership.storage.base import CHUNK, FileAway

_HALFWAY = ".part"


class Folder:
    """Files under `root`, in folders by the end of their id, so that none grows large."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, file_id: UUID, file: BinaryIO) -> None:
        """Written beside its place, flushed to the disk, then renamed: nobody sees half of it, whatever dies when."""
        path = self._path(file_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{uuid4().hex}{_HALFWAY}")
        try:
            with beside.open("xb") as written:
                copyfileobj(file, written, CHUNK)
                written.flush()
                os.fsync(written.fileno())
            beside.rename(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)

    def read(self, file_id: UUID) -> Iterator[bytes]:
        try:
            opened = self._path(file_id).open("rb")
        except FileNotFoundError as error:
            raise FileAway(file_id) from error
        return _pieces(opened)

    def delete(self, file_id: UUID) -> None:
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


def _pieces(opened: IO[bytes]) -> Iterator[bytes]:
    with opened:
        while piece := opened.read(CHUNK):
            yield piece


def _flush_folder(folder: Path) -> None:
    """The rename too has to survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
