"""Prospects: organizations being won."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.organizations import Organization
from shared.errors import Conflict, NotFound
from shared.ids import uuid7

Stage = Literal["opened", "admitted", "lost"]


class UnknownProspect(NotFound):
    message = "There is no prospect {prospect_id}."


class AlreadyProspect(Conflict):
    message = "{name} is already being won."


class ProspectClosed(Conflict):
    message = "The prospect is closed: {stage}."


class Prospect(Base):
    """One attempt to win an organization; at most one is open at a time."""

    __tablename__ = "prospects"
    __table_args__ = (
        CheckConstraint("stage IN ('opened', 'admitted', 'lost')", name="stage"),
        Index("uq_prospects_open", "organization_id", unique=True, postgresql_where="stage = 'opened'"),
        Index("ix_prospects_opened_at_id", "opened_at", "id"),
        Index("ix_prospects_organization_id", "organization_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    stage: Mapped[Stage] = mapped_column(Text, default="opened")
    source: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    lost_reason: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]

    organization: Mapped[Organization] = relationship(lambda: Organization, lazy="joined", innerjoin=True)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    def admit(self, *, now: datetime, actor: str) -> None:
        """Close it as won.

        Raises:
            ProspectClosed: when it is not open any more.
        """
        self._close("admitted", now=now, actor=actor)

    def lose(self, reason: str, *, now: datetime, actor: str) -> None:
        """Close it as lost, with the reason.

        Raises:
            ProspectClosed: when it is not open any more.
        """
        self._close("lost", now=now, actor=actor)
        self.lost_reason = reason

    def _close(self, stage: Stage, *, now: datetime, actor: str) -> None:
        if self.stage != "opened":
            raise ProspectClosed(stage=self.stage)
        self.stage, self.closed_at, self.closed_by = stage, now, actor
