"""What other services tell of members, how near each was said to be, and who looks after it."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.base import Base
from shared.contracts.membership import EngagementLevel
from shared.errors import Conflict, Rejected

ToldKind = Literal[
    "notice_delivered",
    "notice_read",
    "contact_unreachable",
    "contact_cleared",
    "registered",
    "registered_as_member",
    "awarded",
]


class NotYetSo(Rejected):
    message = "How near a member will be on {at} nobody can say; ask for a day that has come."


class NoMemberThen(Rejected):
    message = "It was no member on {at}, as far as was known then; its membership began on {admitted_on}."


class NoMemberAnyMore(Conflict):
    message = "The membership has ended: the member is {standing}."


class ToldSignal(Base):
    """An event of another service that says something of a member. Only added, and rebuilt by replay.

    `about_id` is the organization as the event has it, also when that one was merged since; of a registration or an
    award, the member. `key` is the message, the contact, the registration or the award, `at` when its publisher said
    it.
    """

    __tablename__ = "told_signals"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('notice_delivered', 'notice_read', 'contact_unreachable', 'contact_cleared', 'registered', "
            "'registered_as_member', 'awarded')",
            name="kind",
        ),
        Index("ix_told_signals_about_id_kind_at", "about_id", "kind", "at"),
        Index("ix_told_signals_key_kind", "key", "kind"),
        Index("ix_told_signals_kind_at", "kind", "at"),
    )

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    about_id: Mapped[UUID]
    kind: Mapped[ToldKind] = mapped_column(Text)
    key: Mapped[UUID]
    at: Mapped[datetime]


class EngagementWatch(Base):
    """Up to which day a member's levels have been announced, and the last of them."""

    __tablename__ = "engagement_watches"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    level: Mapped[EngagementLevel] = mapped_column(Text)
    through: Mapped[date] = mapped_column(index=True)


class EngagementLine(Base):
    """A change of level as it was announced."""

    __tablename__ = "engagement_lines"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    effective_on: Mapped[date] = mapped_column(primary_key=True)
    previous: Mapped[EngagementLevel] = mapped_column(Text)
    level: Mapped[EngagementLevel] = mapped_column(Text)
    risk: Mapped[int]
    announced_at: Mapped[datetime]


class OwnerLine(Base):
    """A member was given to somebody, or to nobody; `owner` and `previous` are subjects of tokens."""

    __tablename__ = "member_owner_lines"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    previous: Mapped[str | None]
    owner: Mapped[str | None]
    assigned_at: Mapped[datetime]
    assigned_by: Mapped[str]
