"""What a place for files can do."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Protocol
from uuid import UUID

CHUNK = 64 * 1024


class FileAway(Exception):  # noqa: N818 -- says what is the matter
    """No such file is there."""


class StorageAway(Exception):  # noqa: N818 -- see above
    """The store can not be reached, or can not work now; the same call may work later."""


class Storage(Protocol):
    """A place for files, each under an id."""

    def put(self, file_id: UUID, file: BinaryIO) -> None:
        """Keep what the file holds from where it stands; it is there whole, and safe, or not at all.

        Raises:
            StorageAway
        """

    def read(self, file_id: UUID) -> Iterator[bytes]:
        """The file in pieces.

        Raises:
            FileAway, StorageAway: at the call, not at the first piece.
        """

    def delete(self, file_id: UUID) -> None:
        """Away with it; one that is not there is no fault, while the storage itself is.

        Raises:
            StorageAway
        """

    def kept_before(self, moment: datetime) -> Iterator[UUID]:
        """The files that were put before a moment; also what remains of ones that were put halfway is deleted.

        Raises:
            StorageAway: at any piece.
        """
