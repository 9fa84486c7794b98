"""Organizations: every cooperative or body known, member or not, with its identifiers and contacts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.identifiers import Kind
from services.membership.model.base import Base
from services.membership.names import acronyms_of, fold, place_of
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

Degree = Literal["primary", "secondary", "tertiary"]
"""First degree has people as members, second cooperatives, third federations."""

ContactRole = Literal[
    "office", "presidency", "general_management", "dues", "communications", "delegate", "secretariat", "other"
]
"""What somebody answers for; dues notices, invitations and ballots go to different people."""

_INDEXED = 300
"""Characters an index entry has room for; folding may lengthen a text."""


class UnknownOrganization(NotFound):
    message = "There is no organization {organization_id}."


class UnknownContact(NotFound):
    message = "There is no contact {contact_id}."


class OrganizationMergedAway(NotFound):
    message = "{name} was merged into another organization: {survivor_id}."
    shown = ("survivor_id",)


class OrganizationGone(Conflict):
    message = "{name} is no longer in its register."


class IdentifierTwice(Rejected):
    message = "The identifier {scheme} {value} is given twice."


class Organization(Base):
    """A cooperative or body known to the platform.

    `register` and `register_key` say which register it came from and its key there; both are None when staff entered
    it. `gone_at` is when its register stopped listing it. `language` is the one it is written to in, `languages` those
    it works in. One that was merged into another keeps its row, so that its register's key leads there.
    """

    __tablename__ = "organizations"
    __table_args__ = (
        CheckConstraint("(register IS NULL) = (register_key IS NULL)", name="register_and_key"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        UniqueConstraint("register", "register_key"),
        Index("ix_organizations_folded_name_id", "folded_name", "id"),
        Index("ix_organizations_country_folded_name_id", "country", "folded_name", "id"),
        Index("ix_organizations_degree_folded_name_id", "degree", "folded_name", "id"),
        Index("ix_organizations_search", "search", postgresql_using="gin"),
        Index("ix_organizations_sectors", "sectors", postgresql_using="gin"),
        Index("ix_organizations_place", "place"),
        Index("ix_organizations_acronyms", "acronyms", postgresql_using="gin"),
        Index("ix_organizations_merged_into", "merged_into", postgresql_where="merged_into IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    name: Mapped[str]
    acronym: Mapped[str] = mapped_column(default="", server_default="")
    trade_names: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    country: Mapped[str]
    subdivision: Mapped[str] = mapped_column(default="")
    locality: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    postal_code: Mapped[str] = mapped_column(default="")
    website: Mapped[str] = mapped_column(default="")
    sectors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    structure: Mapped[str] = mapped_column(default="")
    degree: Mapped[str] = mapped_column(default="", server_default="")
    founded_on: Mapped[date | None]
    language: Mapped[str]
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    register: Mapped[str | None]
    register_key: Mapped[str | None]
    register_hash: Mapped[bytes | None]
    gone_at: Mapped[datetime | None]
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    folded_name: Mapped[str]
    folded_subdivision: Mapped[str]
    place: Mapped[str | None]
    folded_aliases: Mapped[str] = mapped_column(default="", server_default="")
    acronyms: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed("to_tsvector('simple'::regconfig, folded_name || ' ' || folded_aliases)", persisted=True),
        deferred=True,
    )

    identifiers: Mapped[list["Identifier"]] = relationship(
        lambda: Identifier,
        cascade="all, delete-orphan",
        order_by=lambda: (Identifier.scheme, Identifier.value),
    )
    contacts: Mapped[list["Contact"]] = relationship(
        lambda: Contact, cascade="all, delete-orphan", order_by=lambda: (Contact.role, Contact.id)
    )
    merged: Mapped[list["Organization"]] = relationship(
        lambda: Organization, foreign_keys=lambda: Organization.merged_into, viewonly=True
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    def describe(self, *, now: datetime, **facts: Any) -> None:
        """Take over `facts`, column by column, and what follows from them."""
        for name, value in facts.items():
            setattr(self, name, value)
        derived = derive(
            self.name,
            self.country,
            locality=self.locality,
            subdivision=self.subdivision,
            acronym=self.acronym or "",
            trade_names=self.trade_names or (),
        )
        for name, value in derived.items():
            setattr(self, name, value)
        self.updated_at = now

    @property
    def registrations(self) -> list["Organization"]:
        """The rows of registers that are this organization: its own, and those of all that were merged into it."""
        own = [self] if self.register else []
        return own + [row for one in self.merged for row in one.registrations]

    def ensure_listed(self) -> None:
        """Refuse what only makes sense for an organization that still exists.

        Raises:
            OrganizationGone: when its register no longer lists it.
        """
        if self.gone_at:
            raise OrganizationGone(name=self.name)


def derive(
    name: str, country: str, *, locality: str, subdivision: str, acronym: str = "", trade_names: Sequence[str] = ()
) -> dict[str, Any]:
    """The columns that stand beside what they are derived from, for search and comparison."""
    place = place_of(country, locality=locality, subdivision=subdivision)
    aliases = " ".join(fold(alias) for alias in (acronym, *trade_names) if alias)
    return {
        "folded_name": fold(name)[:_INDEXED],
        "folded_subdivision": fold(subdivision),
        "place": place and place[:_INDEXED],
        "folded_aliases": aliases,
        "acronyms": list(acronyms_of(name, acronym)),
    }


class Identifier(Base):
    """What a register or tax office calls an organization: an org-id.guide list code and a value.

    `valid` is False when the value fails its check digit; it is kept, and never taken for identity. Nor is a number of
    a `kind` that several organizations may share.
    """

    __tablename__ = "identifiers"
    __table_args__ = (
        CheckConstraint("kind IN ('tax', 'registration', 'decree', 'other')", name="kind"),
        Index("ix_identifiers_valid", "scheme", "value", postgresql_where="valid"),
        Index("ix_identifiers_value", "value"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    scheme: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    valid: Mapped[bool]
    kind: Mapped[Kind] = mapped_column(Text, default="registration", server_default="registration")


class Contact(Base):
    """How to reach an organization, or a person who acts for it; `from_register` ones follow the register.

    `source_id` is the organization whose register's row gave it, where that one was merged into the present one.
    """

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
    source_id: Mapped[UUID | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form


class Unmatched(Base):
    """Organizations that are new or changed and have not been compared with their neighbours yet."""

    __tablename__ = "unmatched"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
