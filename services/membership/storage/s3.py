"""Files in an S3-compatible store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from os import SEEK_END
from typing import BinaryIO
from uuid import UUID

from minio import Minio
from minio.error import S3Error, ServerError
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from services.membership.storage.base import CHUNK, FileAway, StorageAway

_MIB = 1024 * 1024
_ONE_PART = 64 * _MIB
"""Whatever we keep goes in one piece, which the store takes whole or not at all."""

_TRIES = Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
_WAITS = Timeout(connect=5, read=20)
"""A store that says nothing must not hold a request for ever."""


class S3:
    """Files in one bucket, which has to exist, under `prefix` and their id."""

    def __init__(
        self, endpoint: str, *, bucket: str, prefix: str, key: str, secret: str, region: str, tls: bool
    ) -> None:
        pool = PoolManager(timeout=_WAITS, retries=_TRIES, maxsize=10)
        self._client = Minio(endpoint, access_key=key, secret_key=secret, region=region, secure=tls, http_client=pool)
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""

    def put(self, file_id: UUID, file: BinaryIO) -> None:
        start = file.tell()
        size = file.seek(0, SEEK_END) - start
        file.seek(start)
        with _told_apart():
            self._client.put_object(self._bucket, self._name(file_id), file, size, part_size=_ONE_PART)

    def read(self, file_id: UUID) -> Iterator[bytes]:
        with _told_apart():
            answer = self._client.get_object(self._bucket, self._name(file_id))
        return _pieces(answer)

    def delete(self, file_id: UUID) -> None:
        with _told_apart():
            self._client.remove_object(self._bucket, self._name(file_id))

    def kept_before(self, moment: datetime) -> Iterator[UUID]:
        with _told_apart():
            for known in self._client.list_objects(self._bucket, prefix=self._prefix):
                file_id = _id_of(known.object_name or "", self._prefix)
                if file_id and known.last_modified and known.last_modified < moment:
                    yield file_id

    def _name(self, file_id: UUID) -> str:
        return f"{self._prefix}{file_id}"


@contextmanager
def _told_apart() -> Iterator[None]:
    """A file that is not there, a store that is not there, and what is wrong with our own settings."""
    try:
        yield
    except S3Error as error:
        if error.code == "NoSuchKey":
            raise FileAway from error
        raise
    except (HTTPError, ServerError) as error:
        raise StorageAway from error


def _id_of(name: str, prefix: str) -> UUID | None:
    """What is no id is not ours."""
    try:
        return UUID(name.removeprefix(prefix))
    except ValueError:
        return None


def _pieces(answer: object) -> Iterator[bytes]:
    try:
        yield from answer.stream(CHUNK)  # type: ignore[attr-defined] # urllib3's response, by another name each version
    finally:
        answer.close()  # type: ignore[attr-defined] # see above
        answer.release_conn()  # type: ignore[attr-defined] # see above
