"""Papers of an application, and the members that support it. Where the files are is the caller's business."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.membership.file_types import EXTENSIONS
from services.membership.model import (
    AlreadyEndorsed,
    ApplicationDocument,
    EmptyDocument,
    EndorsedInFuture,
    Endorsement,
    EndorserNotCurrent,
    EndorsesItself,
    MembershipApplication,
    TooManyDocuments,
    TypeNotTaken,
    UnknownDocument,
    UnknownDocumentKind,
    UnknownEndorsement,
    UnknownMember,
)
from services.membership.model.application_documents import MOST_DOCUMENTS
from services.membership.operations.members import member_to_change
from services.membership.standing import IN_GOOD_STANDING
from shared.ids import uuid7

_NAME_LENGTH = 200


def add_document(
    session: Session,
    of: MembershipApplication,
    *,
    kind: str,
    name: str,
    media_type: str | None,
    size: int,
    sha256: str,
    actor: str,
    now: datetime,
) -> tuple[ApplicationDocument, bool]:
    """Enter a paper; whether it is new, for the same file under the same kind is the one that is there already.

    Raises:
        NotEditable, ApplicationClosed, UnknownDocumentKind, EmptyDocument, TypeNotTaken, TooManyDocuments
    """
    of.ensure_editable()
    _ensure_kind(of, kind)
    if not size:
        raise EmptyDocument
    if media_type is None:
        raise TypeNotTaken(possible=", ".join(sorted(EXTENSIONS.values())))
    same = next((one for one in of.current_documents if (one.kind, one.sha256) == (kind, sha256)), None)
    if same:
        return same, False
    if len(of.current_documents) >= MOST_DOCUMENTS:
        raise TooManyDocuments(most=MOST_DOCUMENTS)
    added = ApplicationDocument(id=uuid7(), kind=kind, name=plain_name(name, media_type), media_type=media_type)
    added.size, added.sha256, added.added_at, added.added_by = size, sha256, now, actor
    of.documents.append(added)
    of.work("document_added", now=now, actor=actor, document=kind, document_id=str(added.id), sha256=sha256)
    session.flush()
    return added, True


def _ensure_kind(of: MembershipApplication, kind: str) -> None:
    possible = [one.kind for one in of.form.documents_of(of.kind)]
    if kind not in possible:
        raise UnknownDocumentKind(kind=kind, possible=", ".join(possible))


def plain_name(name: str, media_type: str) -> str:
    """A name without folders and control characters, with the ending its content asks for."""
    last = "".join(char for char in name.replace("\\", "/").rpartition("/")[2] if char.isprintable()).strip(" .")
    ending = f".{EXTENSIONS[media_type]}"
    stem = last[: -len(ending)] if last.lower().endswith(ending) else last
    return f"{stem[:_NAME_LENGTH] or 'document'}{ending}"


def document(session: Session, *, application_id: UUID, document_id: UUID) -> ApplicationDocument:
    """A paper, removed ones as well: somebody may have decided by it."""
    found = session.get(ApplicationDocument, document_id)
    if not found or found.application_id != application_id:
        raise UnknownDocument
    return found


def current_document(of: MembershipApplication, *, document_id: UUID) -> ApplicationDocument:
    """A paper that was not taken back.

    Raises:
        UnknownDocument
    """
    found = next((one for one in of.current_documents if one.id == document_id), None)
    if not found:
        raise UnknownDocument
    return found


def remove_document(
    session: Session, of: MembershipApplication, *, document_id: UUID, actor: str, now: datetime
) -> None:
    """Take a paper back; of a draft it is gone, of one that was submitted it stays, marked.

    Raises:
        NotEditable, ApplicationClosed, UnknownDocument
    """
    of.ensure_editable()
    removed = current_document(of, document_id=document_id)
    removed.removed_at, removed.removed_by = now, actor
    of.work("document_removed", now=now, actor=actor, document=removed.kind, document_id=str(document_id))
    if not of.submitted_at:
        of.documents.remove(removed)
    session.flush()


def add_endorsement(
    session: Session,
    of: MembershipApplication,
    *,
    member_id: UUID,
    reference: str,
    given_on: date | None = None,
    actor: str,
    now: datetime,
) -> Endorsement:
    """A present member supports the application.

    Raises:
        ApplicationClosed, UnknownMember, EndorsesItself, EndorserNotCurrent, AlreadyEndorsed, EndorsedInFuture
    """
    of.ensure_open()
    try:
        member = member_to_change(session, member_id=member_id)
    except UnknownMember as error:
        raise UnknownMember(member_id=member_id, pointer="/member_id") from error
    if member.organization_id == of.organization_id:
        raise EndorsesItself(pointer="/member_id")
    if member.standing not in IN_GOOD_STANDING:
        raise EndorserNotCurrent(pointer="/member_id", name=member.organization.name, standing=member.standing)
    if any(one.member_id == member_id for one in of.endorsements):
        raise AlreadyEndorsed(pointer="/member_id", name=member.organization.name)
    if given_on and given_on > now.date():
        raise EndorsedInFuture(pointer="/given_on", given_on=given_on)
    added = Endorsement(id=uuid7(), member=member, given_on=given_on or now.date(), reference=reference)
    added.recorded_at, added.recorded_by = now, actor
    of.endorsements.append(added)
    of.work("endorsed", text=reference, now=now, actor=actor, member_id=str(member_id))
    session.flush()
    return added


def remove_endorsement(
    session: Session, of: MembershipApplication, *, member_id: UUID, actor: str, now: datetime
) -> None:
    """The member supports it no longer, or never did.

    Raises:
        ApplicationClosed, UnknownEndorsement
    """
    of.ensure_open()
    removed = next((one for one in of.endorsements if one.member_id == member_id), None)
    if not removed:
        raise UnknownEndorsement
    of.endorsements.remove(removed)
    of.work("endorsement_removed", now=now, actor=actor, member_id=str(member_id))
    session.flush()
