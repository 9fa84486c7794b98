"""Imports of registers: what was read, and what is to be said about single rows."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.base import Base
from shared.errors import Conflict, NotFound
from shared.ids import uuid7

State = Literal["running", "completed", "interrupted"]
Kind = Literal["rejected", "in_review", "flagged"]


class UnknownImport(NotFound):
    message = "There is no import {import_id}."


class ImportRunning(Conflict):
    message = "The register {register} is being imported already."


class ImportRun(Base):
    """One reading of a register's file. Counts are final when it is completed, so far when it was interrupted.

    Each row ends in exactly one of created, updated, unchanged, in_review, rejected.
    `missing` organizations of the register were not in the file; `gone` of them were marked so.
    """

    __tablename__ = "import_runs"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'completed', 'interrupted')", name="state"),
        Index("ix_import_runs_started_at_id", "started_at", "id"),
        Index("ix_import_runs_register", "register"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    register: Mapped[str]
    profile: Mapped[str]
    file: Mapped[str]
    state: Mapped[State] = mapped_column(Text, default="running")
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    rows: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    in_review: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    flagged_identifiers: Mapped[int] = mapped_column(default=0)
    missing: Mapped[int] = mapped_column(default=0)
    gone: Mapped[int] = mapped_column(default=0)


class Finding(Base):
    """What is to be said about one row: rejected, in review, or taken in with a flagged value."""

    __tablename__ = "import_findings"
    __table_args__ = (
        CheckConstraint("kind IN ('rejected', 'in_review', 'flagged')", name="kind"),
        Index("ix_import_findings_import_id_id", "import_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("import_runs.id", ondelete="CASCADE"))
    line: Mapped[int]
    key: Mapped[str] = mapped_column(default="")
    column: Mapped[str] = mapped_column(default="")
    kind: Mapped[Kind] = mapped_column(Text)
    reason: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
