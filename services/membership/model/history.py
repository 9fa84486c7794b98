"""What happened to an organization's record: who changed what, when and why."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.base import Base
from shared.ids import uuid7

ChangeKind = Literal[
    "added",
    "changed",
    "register_changed",
    "contact_added",
    "contact_changed",
    "contact_removed",
    "affiliation_added",
    "affiliation_changed",
    "affiliation_removed",
    "merged",
    "unmerged",
]


class OrganizationChange(Base):
    """One change of one organization's record.

    `fields` has [before, after] by field. Of contacts only the names of the fields are kept: what a person's address
    was is nobody's business once it is gone.
    """

    __tablename__ = "organization_changes"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('added', 'changed', 'register_changed', 'contact_added', 'contact_changed', 'contact_removed', "
            "'affiliation_added', 'affiliation_changed', 'affiliation_removed', 'merged', 'unmerged')",
            name="kind",
        ),
        Index("ix_organization_changes_organization_id_changed_at_id", "organization_id", "changed_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    kind: Mapped[ChangeKind] = mapped_column(Text)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
