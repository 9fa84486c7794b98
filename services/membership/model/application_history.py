"""What happened to an application: who did what, when and why."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.application_states import ApplicationState
from services.membership.model.base import Base

ApplicationEntryKind = Literal[
    "opened",
    "moved",
    "edited",
    "kind_changed",
    "assigned",
    "document_added",
    "document_removed",
    "files_deleted",
    "endorsed",
    "endorsement_removed",
    "found",
    "answered",
    "opinion",
    "written",
    "linked",
    "unlinked",
    "noted",
]

_KINDS = ", ".join(repr(kind) for kind in get_args(ApplicationEntryKind))


class ApplicationEntry(Base):
    """A line of an application's history; none is ever changed. `previous` and `state` stand where it moved.

    Of answers only the names of the questions are kept: who somebody's president was is nobody's business once it is
    corrected.
    """

    __tablename__ = "application_entries"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        Index("ix_application_entries_application_id_id", "application_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    kind: Mapped[ApplicationEntryKind] = mapped_column(Text)
    previous: Mapped[ApplicationState | None] = mapped_column(Text)
    state: Mapped[ApplicationState | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    at: Mapped[datetime]
    by: Mapped[str]
