"""What an applicant is asked after it applied: by whom, until when, and what it answered."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.application_states import end_of
from services.membership.model.applications import MembershipApplication
from services.membership.model.base import Base
from shared.errors import Conflict, Rejected
from shared.ids import uuid7


class NothingAsked(Conflict):
    message = "Nothing was asked that waits for an answer."


class DueInPast(Rejected):
    message = "The answer cannot be due on {due_on}, which is over. Give a later day."


class DueTooLate(Rejected):
    message = "The answer has to be due within {days} days."


class ApplicationQuestion(Base):
    """One round of the loop; silence is `lapsed_at`."""

    __tablename__ = "application_questions"
    __table_args__ = (Index("ix_application_questions_application_id", "application_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    question: Mapped[str]
    due_on: Mapped[date]
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    lapsed_at: Mapped[datetime | None]

    @property
    def is_open(self) -> bool:
        """Nobody has answered, and it has not lapsed."""
        return not self.answered_at and not self.lapsed_at


def ask(of: MembershipApplication, question: str, due_on: date, *, now: datetime, actor: str) -> ApplicationQuestion:
    """The applicant may change the application and add papers until it has answered, or its time is over.

    Raises:
        StateNotAllowed, DueInPast, DueTooLate
    """
    policy = of.form.policy
    if due_on < now.date():
        raise DueInPast(pointer="/due_on", due_on=due_on)
    if due_on > now.date() + timedelta(days=policy.question_days_most):
        raise DueTooLate(pointer="/due_on", days=policy.question_days_most)
    of.move("more_info_requested", text=question, now=now, actor=actor, due_on=due_on.isoformat())
    asked = ApplicationQuestion(id=uuid7(), question=question, due_on=due_on, asked_at=now, asked_by=actor)
    of.questions.append(asked)
    of.wait_until(due_on, end_of(lapses_on(of, asked)), now=now)
    return asked


def lapses_on(of: MembershipApplication, asked: ApplicationQuestion) -> date:
    """The last day on which an answer is taken."""
    return asked.due_on + timedelta(days=of.form.policy.silence_days)


def answer(of: MembershipApplication, text: str, *, now: datetime, actor: str) -> None:
    """It goes on where it was: in screening.

    Raises:
        NothingAsked
    """
    asked = of.question
    if not asked or not of.is_open:
        raise NothingAsked
    asked.answer, asked.answered_at, asked.answered_by = text, now, actor
    of.work("answered", text=text, now=now, actor=actor)
    of.move("screening", now=now, actor=actor)


def lapse(of: MembershipApplication, reason: str, *, now: datetime, actor: str) -> None:
    """Nobody answered."""
    asked = of.question
    if asked:
        asked.lapsed_at = now
    of.move("lapsed", text=reason, now=now, actor=actor)
