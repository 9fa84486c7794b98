"""The storage a setting names."""

from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from services.membership.storage.base import Storage
from services.membership.storage.folder import Folder

_SCHEMES = {"s3": True, "s3+http": False}
_WANTED = "must be file:///path or s3://key:secret@host[:port]/bucket[/prefix][?region=name] (s3+http:// without TLS)"


class Place(NamedTuple):
    """Where an S3-compatible store is, and who we are there."""

    endpoint: str
    bucket: str
    prefix: str
    key: str
    secret: str
    region: str
    tls: bool


@cache
def open_storage(url: str) -> Storage:
    """The folder or store that file:///path or s3://key:secret@host/bucket names.

    Raises:
        ValueError: for any other kind of address; its text doesn't repeat the address, which may hold a secret.
    """
    place = place_of(url)
    if isinstance(place, Path):
        return Folder(place)
    from services.membership.storage.s3 import S3  # noqa: PLC0415 -- it brings what eventlet has to patch before

    return S3(**place._asdict())


def place_of(url: str) -> Path | Place:
    """What the address says, without going there.

    Raises:
        ValueError: as open_storage.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return Path(unquote(parts.path))
    bucket, _, prefix = unquote(parts.path).strip("/").partition("/")
    if parts.scheme not in _SCHEMES or not (parts.hostname and parts.username and parts.password and bucket):
        raise ValueError(_WANTED)
    return Place(
        endpoint=parts.netloc.rpartition("@")[2],
        bucket=bucket,
        prefix=prefix,
        key=unquote(parts.username),
        secret=unquote(parts.password),
        region=parse_qs(parts.query).get("region", ["us-east-1"])[0],
        tls=_SCHEMES[parts.scheme],
    )
