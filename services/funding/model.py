"""What funding knows of members, and the rule of who is eligible."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import MetaData, String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared import database
from shared.contracts.membership import Category, Standing

Reason = Literal["not_admitted", "in_grace", "suspended", "resigned", "terminated"]


class Base(database.Base):
    """Funding's own tables."""

    __abstract__ = True
    metadata = MetaData(naming_convention=database.NAMING)


@dataclass(frozen=True)
class Eligibility:
    """Whether a member may receive funds, and what speaks against it or is worth knowing."""

    eligible: bool
    reasons: tuple[Reason, ...] = ()


NOT_ADMITTED = Eligibility(eligible=False, reasons=("not_admitted",))

_BY_STANDING: dict[Standing, Eligibility] = {
    "current": Eligibility(eligible=True),
    "grace": Eligibility(eligible=True, reasons=("in_grace",)),
    "suspended": Eligibility(eligible=False, reasons=("suspended",)),
    "resigned": Eligibility(eligible=False, reasons=("resigned",)),
    "terminated": Eligibility(eligible=False, reasons=("terminated",)),
}


class Member(Base):
    """Replica of membership's member: nothing here is decided by funding."""

    __tablename__ = "members"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(String(2))
    sectors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    category: Mapped[Category] = mapped_column(Text)
    standing: Mapped[Standing] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]

    @property
    def eligibility(self) -> Eligibility:
        """Late dues alone (grace) cost nobody a grant; the lost standing does."""
        return _BY_STANDING[self.standing]
