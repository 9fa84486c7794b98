"""What a place for files can do."""

from collections.abc import Iterator
from datetime import datetime
from typing import IO, Protocol
from uuid import UUID

CHUNK = 64 * 1024


class FileAway(Exception):  # noqa: N818 -- says what is the matter
    """No such file is there."""


class Storage(Protocol):
    """A place for files, each under an id."""

    def put(self, file_id: UUID, file: IO[bytes]) -> None:
        """Keep what the file holds from where it stands; it is there whole, and safe, or not at all."""

    def read(self, file_id: UUID) -> Iterator[bytes]:
        """The file in pieces.

        Raises:
            FileAway: at the call, not at the first piece.
        """

    def delete(self, file_id: UUID) -> None:
        """Away with it; one that is not there is no fault."""

    def kept_before(self, moment: datetime) -> Iterator[UUID]:
        """The files that were put before a moment; also what remains of ones that were put halfway is deleted."""
