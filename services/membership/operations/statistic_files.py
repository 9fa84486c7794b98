"""Files as evidence of a declaration. Where the files are is the caller's business."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.file_types import EXTENSIONS
from services.membership.model import (
    EmptyDocument,
    StatisticDeclaration,
    StatisticFile,
    TypeNotTaken,
    UnknownStatisticFile,
)
from services.membership.operations.application_documents import plain_name
from shared.ids import uuid7


def add_evidence(
    session: Session,
    of: StatisticDeclaration,
    *,
    name: str,
    media_type: str | None,
    size: int,
    sha256: str,
    actor: str,
    now: datetime,
) -> tuple[StatisticFile, bool]:
    """Enter a file; whether it is new, for the same file is the one that is there already.

    Raises:
        NotDeclarable, EmptyDocument, TypeNotTaken, TooManyFiles
    """
    of.ensure_declarable()
    if not size:
        raise EmptyDocument
    if media_type is None:
        raise TypeNotTaken(possible=", ".join(sorted(EXTENSIONS.values())))
    same = next((one for one in of.current_files if one.sha256 == sha256), None)
    if same:
        return same, False
    added = StatisticFile(id=uuid7(), name=plain_name(name, media_type), media_type=media_type, size=size)
    added.sha256, added.added_at, added.added_by = sha256, now, actor
    of.add_file(added)
    session.flush()
    return added, True


def evidence(session: Session, *, statistic_id: UUID, file_id: UUID) -> StatisticFile:
    """A file, removed ones as well: somebody may have relied on it.

    Raises:
        UnknownStatisticFile
    """
    found = session.get(StatisticFile, file_id)
    if not found or found.statistic_id != statistic_id:
        raise UnknownStatisticFile
    return found


def evidence_files(*, statistic_id: UUID, current: bool = False) -> Select[StatisticFile]:
    """The files of a declaration; with `current` without those that were taken back."""
    query = select(StatisticFile).where(StatisticFile.statistic_id == statistic_id)
    return query.where(StatisticFile.removed_at.is_(None)) if current else query


def remove_evidence(session: Session, of: StatisticDeclaration, *, file_id: UUID, actor: str, now: datetime) -> None:
    """Take a file back, while figures may be declared.

    Raises:
        NotDeclarable, UnknownStatisticFile
    """
    of.ensure_declarable()
    of.remove_file(of.current_file(file_id), now=now, actor=actor)
    session.flush()


def remove_evidence_by_link(
    session: Session, of: StatisticDeclaration, *, file_id: UUID, actor: str, now: datetime
) -> None:
    """The same for who holds a link: only what came by a link.

    Raises:
        NotDeclarable, UnknownStatisticFile, SentByStaff
    """
    of.ensure_declarable()
    of.current_file(file_id).ensure_removable()
    remove_evidence(session, of, file_id=file_id, actor=actor, now=now)
