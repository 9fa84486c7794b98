"""Papers of applications, and the members that support them."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from werkzeug.wrappers import Response

from services.membership import operations, schemas
from services.membership.file_types import EXTENSIONS, type_of
from services.membership.model import ApplicationDocument, DocumentAway, MembershipApplication
from services.membership.service.application_showing import shown
from services.membership.service.applications import APPLICATION
from services.membership.service.scopes import READ, WRITE
from services.membership.settings import Settings
from services.membership.storage import FileAway, Storage, StorageAway, open_storage
from shared import settings
from shared.batches import batches
from shared.clock import utc_now
from shared.database import transaction
from shared.http.call import Call
from shared.http.problems import Unavailable
from shared.http.request import Upload
from shared.http.routing import MIB, route
from shared.schedule import Turn, every

MOST_BYTES = 20 * MIB
ANY_TYPE = "application/octet-stream"
_UNCLAIMED = timedelta(hours=1)
"""A file whose row is not committed by then never will be: no request lasts as long."""

_AT_ONCE = 500
_LATER = {"Retry-After": "5"}
_DOCUMENT = f"{APPLICATION}/documents/<uuid:document_id>"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
"""What strangers sent is saved and not shown, and can do nothing where a browser shows it all the same."""


class ApplicationDocumentRoutes:
    """The checklist, file by file; who supports an application."""

    @route(
        "POST",
        f"{APPLICATION}/documents",
        scope=WRITE,
        query=schemas.DocumentFilter,
        returns=schemas.ApplicationDocumentResponse,
        status=201,
        consumes=(ANY_TYPE, *EXTENSIONS),
        max_body=MOST_BYTES,
        upload=True,
    )
    def add_document(self, call: Call, *, application_id: UUID) -> Any:
        """Add a paper: the file is the body, at most 20 MiB. What counts is its content, not its name or type.

        PDF, PNG, JPEG, DOCX, XLSX and ODT are taken. The same file again under the same kind changes nothing.
        """
        of = operations.application_to_change(call.session, application_id=application_id)
        call.match(of)
        return taken_in(call, of, call.upload, **call.query, actor=call.actor)

    @route("GET", f"{_DOCUMENT}/content", scope=READ, produces=ANY_TYPE)
    def download_document(self, call: Call, *, application_id: UUID, document_id: UUID) -> Response:
        """The file itself, to be saved; its type is in the application."""
        return handed_out(
            call, operations.document(call.session, application_id=application_id, document_id=document_id)
        )

    @route("DELETE", _DOCUMENT, scope=WRITE, status=204)
    def remove_document(self, call: Call, *, application_id: UUID, document_id: UUID) -> None:
        """Take a paper back, while the application may be changed; one that was submitted stays on record."""
        of = operations.application_to_change(call.session, application_id=application_id)
        call.match(of)
        operations.remove_document(call.session, of, document_id=document_id, actor=call.actor, now=call.now)

    @route(
        "POST",
        f"{APPLICATION}/endorsements",
        scope=WRITE,
        body=schemas.EndorsementRequest,
        returns=schemas.ApplicationResponse,
        status=201,
    )
    def add_endorsement(self, call: Call, *, application_id: UUID) -> Any:
        """A present member supports the application."""
        of = operations.application_to_change(call.session, application_id=application_id)
        call.match(of)
        operations.add_endorsement(call.session, of, **call.body, actor=call.actor, now=call.now)
        return shown(call, of)

    @route("DELETE", f"{APPLICATION}/endorsements/<uuid:member_id>", scope=WRITE, status=204)
    def remove_endorsement(self, call: Call, *, application_id: UUID, member_id: UUID) -> None:
        """The member supports it no longer."""
        of = operations.application_to_change(call.session, application_id=application_id)
        call.match(of)
        operations.remove_endorsement(call.session, of, member_id=member_id, actor=call.actor, now=call.now)

    @every(seconds=3600)
    def delete_files(self, turn: Turn) -> None:
        """Delete files of applications that came to nothing, some time after their end.

        First the files, then the note of it: what is interrupted between is done again. While the storage is away
        nothing is noted, and a later turn goes on.
        """
        storage = storage_of(turn.settings)
        while not turn.stopping():
            with transaction(turn.engine) as session:
                ids = operations.files_over_time(session, now=utc_now())
            if not ids:
                return
            for file_id in ids:
                storage.delete(file_id)
            with transaction(turn.engine) as session:
                operations.note_deleted(session, ids, now=utc_now())

    @every(seconds=3600)
    def sweep_files(self, turn: Turn) -> None:
        """Delete files that no paper names: their upload failed after all, or the paper was taken back."""
        storage = storage_of(turn.settings)
        for ids in batches(storage.kept_before(utc_now() - _UNCLAIMED), _AT_ONCE):
            if turn.stopping():
                return
            with transaction(turn.engine) as session:
                known = operations.known_documents(session, ids)
            for file_id in set(ids) - known:
                storage.delete(file_id)


def taken_in(
    call: Call, of: MembershipApplication, upload: Upload | None, *, kind: str, name: str, actor: str
) -> ApplicationDocument:
    """A file that was sent, as a paper of the application."""
    assert upload
    added, is_new = operations.add_document(
        call.session,
        of,
        kind=kind,
        name=name,
        media_type=type_of(upload.file),
        size=upload.size,
        sha256=upload.sha256,
        actor=actor,
        now=call.now,
    )
    if is_new:
        try:
            storage_of(call.settings).put(added.id, upload.file)
        except StorageAway as error:
            raise Unavailable(headers=_LATER) from error
    return added


def handed_out(call: Call, found: ApplicationDocument) -> Response:
    """The file of a paper, to be saved.

    Raises:
        DocumentAway, DocumentDeleted
    """
    found.ensure_file()
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
