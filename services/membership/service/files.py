"""Files that people send: kept in the storage, and handed out again."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from werkzeug.wrappers import Response

from services.membership.file_types import type_of
from services.membership.model import ApplicationDocument, DocumentAway, StatisticFile
from services.membership.settings import Settings
from services.membership.storage import FileAway, Storage, StorageAway, open_storage
from shared import settings
from shared.http.call import Call
from shared.http.problems import Unavailable
from shared.http.request import Upload
from shared.http.routing import MIB

MOST_BYTES = 20 * MIB
ANY_TYPE = "application/octet-stream"
_LATER = {"Retry-After": "5"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
"""What strangers sent is saved and not shown, and can do nothing where a browser shows it all the same."""


def facts_of(upload: Upload) -> dict[str, Any]:
    """What is recorded of a file beside its name."""
    return {"media_type": type_of(upload.file), "size": upload.size, "sha256": upload.sha256}


def keep(call: Call, file_id: UUID, upload: Upload) -> None:
    """Into the storage, before its record is committed."""
    try:
        storage_of(call.settings).put(file_id, upload.file)
    except StorageAway as error:
        raise Unavailable(headers=_LATER) from error


def sent(call: Call, found: ApplicationDocument | StatisticFile) -> Response:
    """The file itself, to be saved.

    Raises:
        DocumentAway
    """
    try:
        pieces = storage_of(call.settings).read(found.id)
    except FileAway as error:
        raise DocumentAway from error
    except StorageAway as error:
        raise Unavailable(headers=_LATER) from error
    response = Response(pieces, content_type=ANY_TYPE, headers=_HEADERS)
    response.content_length = found.size
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.name, safe='')}"
    response.set_etag(found.sha256)
    return response


def storage_of(known: settings.Settings) -> Storage:
    """Where this service keeps its files."""
    assert isinstance(known, Settings)
    return open_storage(known.files_url)
