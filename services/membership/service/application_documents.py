"""Papers of applications, and the members that support them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from werkzeug.wrappers import Response

from services.membership import operations, schemas
from services.membership.file_types import EXTENSIONS
from services.membership.model import ApplicationDocument, MembershipApplication
from services.membership.service.application_showing import shown
from services.membership.service.applications import APPLICATION
from services.membership.service.files import ANY_TYPE, MOST_BYTES, facts_of, keep, sent, storage_of
from services.membership.service.scopes import READ, WRITE
from shared.batches import batches
from shared.clock import utc_now
from shared.database import transaction
from shared.http.call import Call
from shared.http.request import Upload
from shared.http.routing import route
from shared.schedule import Turn, every

_UNCLAIMED = timedelta(hours=1)
"""A file whose row is not committed by then never will be: no request lasts as long."""

_AT_ONCE = 500
_DOCUMENT = f"{APPLICATION}/documents/<uuid:document_id>"


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
        """Delete files that nothing names: their upload failed after all, or they were taken back."""
        storage = storage_of(turn.settings)
        for ids in batches(storage.kept_before(utc_now() - _UNCLAIMED), _AT_ONCE):
            if turn.stopping():
                return
            with transaction(turn.engine) as session:
                known = operations.claimed_files(session, ids)
            for file_id in set(ids) - known:
                storage.delete(file_id)


def taken_in(
    call: Call, of: MembershipApplication, upload: Upload | None, *, kind: str, name: str, actor: str
) -> ApplicationDocument:
    """A file that was sent, as a paper of the application."""
    assert upload
    facts = facts_of(upload)
    added, is_new = operations.add_document(call.session, of, kind=kind, name=name, **facts, actor=actor, now=call.now)
    if is_new:
        keep(call, added.id, upload)
    return added


def handed_out(call: Call, found: ApplicationDocument) -> Response:
    """The file of a paper, to be saved.

    Raises:
        DocumentAway, DocumentDeleted
    """
    found.ensure_file()
    return sent(call, found)
