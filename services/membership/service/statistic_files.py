"""Evidence files of statistic declarations, for staff and by link."""

from typing import Any
from uuid import UUID

from werkzeug.wrappers import Response

from services.membership import operations, schemas
from services.membership.file_types import EXTENSIONS
from services.membership.model import StatisticDeclaration, StatisticFile
from services.membership.service.files import ANY_TYPE, MOST_BYTES, facts_of, keep, sent
from services.membership.service.scopes import READ, WRITE
from services.membership.service.statistic_links import LINK, actor_of, ensure_signed, opened
from services.membership.service.statistics import STATISTIC
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.request import Upload
from shared.http.routing import route

_FILE = f"{STATISTIC}/files/<uuid:file_id>"
_SORT = {"added_at": StatisticFile.added_at}


class StatisticFileRoutes:
    """What shows where the figures come from, until they are accepted."""

    @route(
        "POST",
        f"{STATISTIC}/files",
        scope=WRITE,
        query=schemas.EvidenceName,
        returns=schemas.EvidenceResponse,
        status=201,
        consumes=(ANY_TYPE, *EXTENSIONS),
        max_body=MOST_BYTES,
        upload=True,
    )
    def add_statistic_file(self, call: Call, *, statistic_id: UUID) -> Any:
        """Add evidence: the file is the body, at most 20 MiB. What counts is its content, not its name or type.

        PDF, PNG, JPEG, DOCX, XLSX and ODT are taken, at most 10 files. The same file again changes nothing.
        """
        of = operations.statistic_to_change(call.session, statistic_id=statistic_id)
        call.match(of)
        return taken_in(call, of, call.upload, **call.query, actor=call.actor)

    @route("GET", f"{STATISTIC}/files", scope=READ, returns=schemas.EvidenceResponse, sort=_SORT)
    def list_statistic_files(self, call: Call, *, statistic_id: UUID) -> Page[StatisticFile]:
        """The evidence, also what was taken back after figures were declared."""
        of = operations.statistic(call.session, statistic_id=statistic_id)
        return call.page(operations.evidence_files(statistic_id=of.id))

    @route("GET", _FILE, scope=READ, produces=ANY_TYPE)
    def download_statistic_file(self, call: Call, *, statistic_id: UUID, file_id: UUID) -> Response:
        """The file itself, to be saved; its type is in the declaration."""
        return sent(call, operations.evidence(call.session, statistic_id=statistic_id, file_id=file_id))

    @route("DELETE", _FILE, scope=WRITE, status=204)
    def remove_statistic_file(self, call: Call, *, statistic_id: UUID, file_id: UUID) -> None:
        """Take a file back until the figures are accepted; once figures were declared it stays on record."""
        of = operations.statistic_to_change(call.session, statistic_id=statistic_id)
        call.match(of)
        operations.remove_evidence(call.session, of, file_id=file_id, actor=call.actor, now=call.now)

    @route(
        "POST",
        f"{LINK}/files",
        scope=None,
        query=schemas.EvidenceName,
        returns=schemas.LinkEvidenceResponse,
        status=201,
        consumes=(ANY_TYPE, *EXTENSIONS),
        max_body=MOST_BYTES,
        upload=True,
        guard=ensure_signed,
    )
    def add_statistic_file_by_link(self, call: Call, *, token: str) -> Any:
        """Add evidence: the file is the body, at most 20 MiB, at most 10 files. What counts is its content."""
        of, link = opened(call, token)
        call.match(of)
        return taken_in(call, of, call.upload, **call.query, actor=actor_of(link))

    @route("GET", f"{LINK}/files", scope=None, returns=schemas.LinkEvidenceResponse, sort=_SORT)
    def list_statistic_files_by_link(self, call: Call, *, token: str) -> Page[StatisticFile]:
        """The evidence there is."""
        of, _ = opened(call, token)
        return call.page(operations.evidence_files(statistic_id=of.id, current=True))

    @route("DELETE", f"{LINK}/files/<uuid:file_id>", scope=None, status=204)
    def remove_statistic_file_by_link(self, call: Call, *, token: str, file_id: UUID) -> None:
        """Take back a file that came by a link, until the figures are accepted."""
        of, link = opened(call, token)
        call.match(of)
        operations.remove_evidence_by_link(call.session, of, file_id=file_id, actor=actor_of(link), now=call.now)


def taken_in(call: Call, of: StatisticDeclaration, upload: Upload | None, *, name: str, actor: str) -> StatisticFile:
    """A file that was sent, as evidence of the declaration."""
    assert upload
    facts = facts_of(upload)
    added, is_new = operations.add_evidence(call.session, of, name=name, **facts, actor=actor, now=call.now)
    if is_new:
        keep(call, added.id, upload)
    return added
