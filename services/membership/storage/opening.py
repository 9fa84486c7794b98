"""The storage a setting names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from services.membership.storage.base import Storage
from services.membership.storage.folder import Folder


def open_storage(url: str) -> Storage:
    """The folder of file:///path.

    Raises:
        ValueError: for any other kind of address; its text doesn't repeat the address.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return Folder(Path(unquote(parts.path)))
    raise ValueError("must be file:///path")
