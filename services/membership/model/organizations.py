"""Organizations: every cooperative or body known, member or not, with its identifiers and contacts."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.names import fold, place_of
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

_INDEXED = 300
"""Characters an index entry has room for; folding may lengthen a text."""


class UnknownOrganization(NotFound):
    message = "There is no organization {organization_id}."


class UnknownContact(NotFound):
    message = "There is no contact {contact_id}."


class OrganizationGone(Conflict):
    message = "{name} is no longer in its register."


class IdentifierTwice(Rejected):
    message = "The identifier {scheme} {value} is given twice."


class Organization(Base):
    """A cooperative or body known to the platform.

    `register` and `register_key` say which register it came from and its key there; both are None when staff entered
    it. `gone_at` is when its register stopped listing it.
    """

    __tablename__ = "organizations"
    __table_args__ = (
        CheckConstraint("(register IS NULL) = (register_key IS NULL)", name="register_and_key"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        UniqueConstraint("register", "register_key"),
        Index("ix_organizations_folded_name_id", "folded_name", "id"),
        Index("ix_organizations_country_folded_name_id", "country", "folded_name", "id"),
        Index("ix_organizations_search", "search", postgresql_using="gin"),
        Index("ix_organizations_sectors", "sectors", postgresql_using="gin"),
        Index("ix_organizations_place", "place"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    name: Mapped[str]
    country: Mapped[str]
    subdivision: Mapped[str] = mapped_column(default="")
    locality: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    postal_code: Mapped[str] = mapped_column(default="")
    website: Mapped[str] = mapped_column(default="")
    sectors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    structure: Mapped[str] = mapped_column(default="")
    founded_on: Mapped[date | None]
    language: Mapped[str]
    register: Mapped[str | None]
    register_key: Mapped[str | None]
    register_hash: Mapped[bytes | None]
    gone_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    folded_name: Mapped[str]
    folded_subdivision: Mapped[str]
    place: Mapped[str | None]
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed("to_tsvector('simple'::regconfig, folded_name)", persisted=True), deferred=True
    )

    identifiers: Mapped[list["Identifier"]] = relationship(
        lambda: Identifier,
        cascade="all, delete-orphan",
        order_by=lambda: (Identifier.scheme, Identifier.value),
    )
    contacts: Mapped[list["Contact"]] = relationship(
        lambda: Contact, cascade="all, delete-orphan", order_by=lambda: (Contact.role, Contact.id)
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    def describe(self, *, now: datetime, **facts: Any) -> None:
        """Take over `facts`, column by column, and what follows from them."""
        for name, value in facts.items():
            setattr(self, name, value)
        derived = derive(self.name, self.country, locality=self.locality, subdivision=self.subdivision)
        self.folded_name, self.folded_subdivision, self.place = derived
        self.updated_at = now

    def ensure_listed(self) -> None:
        """Refuse what only makes sense for an organization that still exists.

        Raises:
            OrganizationGone: when its register no longer lists it.
        """
        if self.gone_at:
            raise OrganizationGone(name=self.name)


def derive(name: str, country: str, *, locality: str, subdivision: str) -> tuple[str, str, str | None]:
    """Folded name, folded subdivision and place, as they stand beside what they are derived from."""
    place = place_of(country, locality=locality, subdivision=subdivision)
    return fold(name)[:_INDEXED], fold(subdivision), place and place[:_INDEXED]


class Identifier(Base):
    """What a register or tax office calls an organization: an org-id.guide list code and a value.

    `valid` is False when the value fails its check digit; it is kept, and never taken for identity.
    """

    __tablename__ = "identifiers"
    __table_args__ = (
        Index("ix_identifiers_valid", "scheme", "value", postgresql_where="valid"),
        Index("ix_identifiers_value", "value"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    scheme: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    valid: Mapped[bool]


class Contact(Base):
    """How to reach an organization, or a person who acts for it; `from_register` ones follow the register."""

    __tablename__ = "contacts"
    __table_args__ = (Index("ix_contacts_organization_id", "organization_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    role: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    language: Mapped[str]
    from_register: Mapped[bool] = mapped_column(default=False)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form


class Unmatched(Base):
    """Organizations that are new or changed and have not been compared with their neighbours yet."""

    __tablename__ = "unmatched"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
