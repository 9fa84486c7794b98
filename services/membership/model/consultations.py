"""Consultation of the members of an applicant's country: who was asked, until when, and what each said."""

from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.application_states import end_of
from services.membership.model.applications import MembershipApplication
from services.membership.model.base import Base
from services.membership.model.members import Member
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

Stance = Literal["support", "object", "abstain"]
RecordedStance = Literal["support", "object", "abstain", "silent"]


class UnknownOpinion(NotFound):
    message = "That member was not consulted on this application."


class NotConsulting(Conflict):
    message = "Nobody is consulted on the application now."


class ConsultationClosed(Conflict):
    message = "The consultation ended on {closes_on}; what is said now is not counted any more."


class AnswersOutstanding(Conflict):
    message = "{count} of the members consulted have not answered; the consultation ends on {closes_on}."


class ObjectionUnexplained(Rejected):
    message = "Who objects says why."


class PeriodOfConsultation(Rejected):
    message = "Members have between {least} and {most} days to answer; give a day from {first} to {last}."


class Consultation(Base):
    """One round of asking. The day it closes lasts until it has ended everywhere on earth (UTC-12)."""

    __tablename__ = "consultations"
    __table_args__ = (Index("ix_consultations_application_id", "application_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    country: Mapped[str]
    as_of: Mapped[date]
    closes_on: Mapped[date]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]

    opinions: Mapped[list["Opinion"]] = relationship(
        lambda: Opinion, cascade="all, delete-orphan", order_by=lambda: Opinion.id
    )

    @property
    def closes_at(self) -> datetime:
        """The moment from which nothing is taken."""
        return end_of(self.closes_on)

    def ensure_open(self, now: datetime) -> None:
        """Raises: ConsultationClosed; also while the schedule has not come round yet."""
        if self.closed_at or now >= self.closes_at:
            raise ConsultationClosed(closes_on=self.closes_on)


class Opinion(Base):
    """What one member said, None while it may still; "silent" once it may not. `written_at`: when it was asked last."""

    __tablename__ = "consultation_opinions"
    __table_args__ = (
        CheckConstraint("stance IN ('support', 'object', 'abstain', 'silent')", name="stance"),
        UniqueConstraint("consultation_id", "member_id"),
        Index("ix_consultation_opinions_member_id", "member_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    consultation_id: Mapped[UUID] = mapped_column(ForeignKey("consultations.id", ondelete="CASCADE"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    stance: Mapped[RecordedStance | None] = mapped_column(Text)
    comment: Mapped[str] = mapped_column(default="")
    reference: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime | None]
    recorded_by: Mapped[str | None]
    written_at: Mapped[datetime | None]

    member: Mapped[Member] = relationship(lambda: Member, lazy="joined", innerjoin=True)
    links: Mapped[list["OpinionLink"]] = relationship(
        lambda: OpinionLink, cascade="all, delete-orphan", order_by=lambda: OpinionLink.id
    )


class OpinionLink(Base):
    """A way in without login, for whoever got it; it opens one opinion, until the consultation closes."""

    __tablename__ = "consultation_links"
    __table_args__ = (Index("ix_consultation_links_opinion_id", "opinion_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    opinion_id: Mapped[UUID] = mapped_column(ForeignKey("consultation_opinions.id", ondelete="CASCADE"))
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]


def consult(
    of: MembershipApplication, members: list[UUID], closes_on: date, *, now: datetime, actor: str
) -> Consultation:
    """Ask these members; where there are none it is over at once, and said so.

    Raises:
        StateNotAllowed, PeriodOfConsultation
    """
    _ensure_period(of, closes_on, now.date())
    country = of.organization.country
    of.move("consultation", now=now, actor=actor, members=len(members), closes_on=closes_on.isoformat())
    opened = Consultation(id=uuid7(), country=country, as_of=now.date(), closes_on=closes_on)
    opened.opened_at, opened.opened_by = now, actor
    opened.opinions = [Opinion(id=uuid7(), member_id=member_id) for member_id in members]
    of.consultations.append(opened)
    of.wait_until(closes_on, opened.closes_at, now=now)
    if not members:
        close(of, now=now, actor=actor)
    return opened


def say(
    of: MembershipApplication,
    opinion: Opinion,
    stance: Stance,
    *,
    comment: str,
    reference: str = "",
    now: datetime,
    actor: str,
) -> None:
    """Take what a member says, or says anew.

    Raises:
        NotConsulting, ConsultationClosed, ObjectionUnexplained
    """
    asking(of).ensure_open(now)
    if stance == "object" and not comment.strip():
        raise ObjectionUnexplained(pointer="/comment")
    told = {"member_id": str(opinion.member_id), "stance": stance, "previous_stance": opinion.stance}
    opinion.stance, opinion.comment, opinion.reference = stance, comment, reference
    opinion.recorded_at, opinion.recorded_by = now, actor
    of.work("opinion", text=comment, now=now, actor=actor, **told)


def close(of: MembershipApplication, *, now: datetime, actor: str) -> None:
    """Silence is recorded as such, and it is ready for the Board. Before its end only once everybody has answered.

    Raises:
        NotConsulting, AnswersOutstanding
    """
    closing = asking(of)
    silent = [one for one in closing.opinions if not one.stance]
    if silent and now < closing.closes_at:
        raise AnswersOutstanding(count=len(silent), closes_on=closing.closes_on)
    for one in silent:
        one.stance, one.recorded_at, one.recorded_by = "silent", now, actor
    closing.closed_at, closing.closed_by = now, actor
    counts: dict[str, Any] = {stance: sum(one.stance == stance for one in closing.opinions) for stance in _STANCES}
    of.move("ready_for_decision", now=now, actor=actor, closes_on=closing.closes_on.isoformat(), **counts)


def asking(of: MembershipApplication) -> Consultation:
    """The consultation that is on.

    Raises:
        NotConsulting
    """
    if of.state != "consultation" or not of.consultation:
        raise NotConsulting
    return of.consultation


_STANCES: tuple[RecordedStance, ...] = ("support", "object", "abstain", "silent")


def _ensure_period(of: MembershipApplication, closes_on: date, today: date) -> None:
    policy = of.form.policy
    least, most = policy.consultation_days_least, policy.consultation_days_most
    first, last = today + timedelta(days=least), today + timedelta(days=most)
    if not first <= closes_on <= last:
        raise PeriodOfConsultation(pointer="/closes_on", least=least, most=most, first=first, last=last)
