"""What comes with an application: documents, and members that support it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.members import Member
from services.membership.standing import IN_GOOD_STANDING
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

MOST_DOCUMENTS = 50


class UnknownDocument(NotFound):
    message = "There is no such document of this application."


class DocumentAway(NotFound):
    message = "The document's file is not there; upload it again."


class DocumentDeleted(NotFound):
    message = "The file was deleted on {deleted_on}, some time after the application ended; its SHA-256 was {sha256}."


class UnknownDocumentKind(Rejected):
    message = "The checklist of this kind of applicant has no {kind}. It has: {possible}."


class TypeNotTaken(Rejected):
    message = "The file is none of: {possible}. What counts is what is in it, not its name."


class EmptyDocument(Rejected):
    message = "The file is empty; send another one."


class TooManyDocuments(Conflict):
    message = "An application has at most {most} documents; remove one first."


class UnknownEndorsement(NotFound):
    message = "That member does not support this application."


class AlreadyEndorsed(Conflict):
    message = "{name} is recorded as supporting it already."


class EndorserNotCurrent(Rejected):
    message = "{name} is {standing}; only a member that is current, or in grace, can support an application."


class EndorsedInFuture(Rejected):
    message = "No member can have supported it on {given_on}, which has not come."


class EndorsesItself(Rejected):
    message = "An organization does not support its own application."


class ApplicationDocument(Base):
    """A paper of the checklist; the file itself is in the storage under the id.

    `media_type` is what the content shows. One removed after it was submitted stays, and so does its file: somebody
    has relied on it. `file_deleted_at` is when the file of an application that came to nothing was deleted.
    """

    __tablename__ = "application_documents"
    __table_args__ = (
        CheckConstraint("size > 0", name="size"),
        Index("ix_application_documents_application_id", "application_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    kind: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None]
    file_deleted_at: Mapped[datetime | None]

    def ensure_file(self) -> None:
        """Raises: DocumentDeleted."""
        if self.file_deleted_at:
            raise DocumentDeleted(deleted_on=self.file_deleted_at.date(), sha256=self.sha256)


class Endorsement(Base):
    """A present member says that it supports an application."""

    __tablename__ = "application_endorsements"
    __table_args__ = (
        UniqueConstraint("application_id", "member_id"),
        Index("ix_application_endorsements_member_id", "member_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    given_on: Mapped[date]
    reference: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]

    member: Mapped[Member] = relationship(lambda: Member, lazy="joined", innerjoin=True)

    @property
    def counts(self) -> bool:
        """Whether the member is still in good standing, as announced last."""
        return self.member.standing in IN_GOOD_STANDING
