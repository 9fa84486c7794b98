"""Affiliations: which cooperative belongs to which federation, from when until when."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.organizations import Organization
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7


class UnknownAffiliation(NotFound):
    message = "There is no affiliation {affiliation_id}."


class AffiliatedWithItself(Rejected):
    message = "An organization can't be affiliated with itself; name the federation it belongs to."


class AlreadyAffiliated(Conflict):
    message = "{name} is affiliated with {federation} already; end that affiliation first."


class AffiliationEndsEarly(Rejected):
    message = "An affiliation can't end on {until_on}, before it begins on {since_on}."


class Affiliation(Base):
    """`organization` belongs to `federation` from `since_on` to `until_on`; a day that is not known is None."""

    __tablename__ = "affiliations"
    __table_args__ = (
        CheckConstraint("organization_id <> federation_id", name="two"),
        CheckConstraint("until_on >= since_on", name="order"),
        Index("ix_affiliations_organization_id", "organization_id"),
        Index("ix_affiliations_federation_id", "federation_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    federation_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    since_on: Mapped[date | None]
    until_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="", server_default="")

    organization: Mapped[Organization] = relationship(
        lambda: Organization, foreign_keys=lambda: Affiliation.organization_id, lazy="joined", innerjoin=True
    )
    federation: Mapped[Organization] = relationship(
        lambda: Organization, foreign_keys=lambda: Affiliation.federation_id, lazy="joined", innerjoin=True
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    def date(self, *, since_on: date | None, until_on: date | None) -> None:
        """Say from when until when.

        Raises:
            AffiliationEndsEarly: when it would end before it begins.
        """
        if since_on and until_on and until_on < since_on:
            raise AffiliationEndsEarly(pointer="/until_on", since_on=since_on, until_on=until_on)
        self.since_on, self.until_on = since_on, until_on
