"""Leads: interest an organization showed at a gathering, and what came of it here."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.organizations import Organization
from shared.errors import NotFound, Rejected

LeadOutcome = Literal["opened", "added", "late", "member", "gone"]
FoundBy = Literal["id", "name", "new", "ambiguous"]


class UnknownLead(NotFound):
    message = "There is no lead {lead_id}."


class LeadOfNobody(Rejected):
    message = "The lead {lead_id} names no organization known here, and none by name and country."


class Lead(Base):
    """What the events service captured; `id` is its own. `found_by` says how its organization was recognized.

    `outcome`: it opened a prospect, was added to the open one, arrived late for one that had ended meanwhile, or led to
    none since its organization is a member already or gone from its register.
    """

    __tablename__ = "leads"
    __table_args__ = (
        CheckConstraint("outcome IN ('opened', 'added', 'late', 'member', 'gone')", name="outcome"),
        CheckConstraint("found_by IN ('id', 'name', 'new', 'ambiguous')", name="found_by"),
        Index("ix_leads_organization_id_captured_at", "organization_id", "captured_at"),
        Index("ix_leads_prospect_id", "prospect_id"),
        Index("ix_leads_name_key", "name_key", postgresql_where="name_key <> ''"),
        Index("ix_leads_captured_at_id", "captured_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    gathering_id: Mapped[UUID]
    gathering: Mapped[str]
    gathering_kind: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    given_name: Mapped[str]
    name_key: Mapped[str]
    found_by: Mapped[FoundBy] = mapped_column(Text)
    interest: Mapped[str]
    outcome: Mapped[LeadOutcome] = mapped_column(Text)
    prospect_id: Mapped[UUID | None] = mapped_column(ForeignKey("prospects.id"))
    correlation_id: Mapped[str]
    captured_at: Mapped[datetime]
    received_at: Mapped[datetime]

    organization: Mapped[Organization] = relationship(lambda: Organization, lazy="joined", innerjoin=True)
