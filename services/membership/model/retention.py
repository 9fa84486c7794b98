"""What is done to keep a member near: planned, then done or dropped, with its history."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.engagement_weights import ActionKind
from services.membership.model.base import Base
from services.membership.model.members import Member
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

MOST_ACTIONS = 2000
"""So many are looked at in one answer."""

ActionState = Literal["planned", "done", "dropped"]


class UnknownRetentionAction(NotFound):
    message = "There is no retention action {action_id}."


class ActionPlannedAlready(Conflict):
    message = "The same is planned for this member already, until {due_on}; change that one."


class ActionClosed(Conflict):
    message = "The action is {state}; only a planned one is changed, done or dropped."


class ActionDueInPast(Rejected):
    message = "The action cannot be due on {due_on}, which is over. Give today or a later day."


class ActionNotDone(Conflict):
    message = "The action is {state}; what happened after can be told of one that was done."


class TooManyActions(Rejected):
    message = "More than {most} actions were done then; ask for a shorter period."


class DoneLater(Rejected):
    message = "Nothing can have been done on {done_on}, which has not come."


class DoneBeforeAdmission(Rejected):
    message = "Nothing was done for the member on {done_on}: its membership began on {admitted_on}."


class RetentionStep(Base):
    """A line of an action's history."""

    __tablename__ = "retention_steps"

    action_id: Mapped[UUID] = mapped_column(ForeignKey("retention_actions.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[Literal["planned", "changed", "done", "dropped"]] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime]
    by: Mapped[str]


class RetentionAction(Base):
    """Something to be done for a member until a day; of one kind a member has at most one planned.

    `note` is for the staff; people are named by their roles there.
    """

    __tablename__ = "retention_actions"
    __table_args__ = (
        CheckConstraint("state IN ('planned', 'done', 'dropped')", name="state"),
        CheckConstraint("(state = 'done') = (done_on IS NOT NULL)", name="done"),
        Index("uq_retention_actions_planned", "member_id", "kind", unique=True, postgresql_where="state = 'planned'"),
        Index("ix_retention_actions_member_id", "member_id"),
        Index("ix_retention_actions_due_on_id", "due_on", "id"),
        Index("ix_retention_actions_done_on_id", "done_on", "id"),
        Index("ix_retention_actions_owner_due_on", "owner", "due_on", postgresql_where="state = 'planned'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    kind: Mapped[ActionKind] = mapped_column(Text)
    owner: Mapped[str]
    due_on: Mapped[date]
    note: Mapped[str]
    state: Mapped[ActionState] = mapped_column(Text)
    done_on: Mapped[date | None]

    member: Mapped[Member] = relationship(lambda: Member, lazy="joined", innerjoin=True)
    history: Mapped[list[RetentionStep]] = relationship(
        lambda: RetentionStep, cascade="all, delete-orphan", order_by=lambda: RetentionStep.number, lazy="selectin"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @classmethod
    def plan(
        cls, member: Member, *, kind: ActionKind, owner: str, due_on: date, note: str, now: datetime, actor: str
    ) -> "RetentionAction":
        """Raises: ActionDueInPast."""
        _ensure_to_come(due_on, now)
        planned = cls(id=uuid7(), member=member, kind=kind, owner=owner, due_on=due_on, note=note, state="planned")
        planned._record("planned", now=now, actor=actor, owner=owner, due_on=due_on.isoformat(), note=note)
        return planned

    def change(self, *, now: datetime, actor: str, **facts: Any) -> None:
        """Somebody else does it, later or earlier, or there is more to say.

        Raises:
            ActionClosed, ActionDueInPast
        """
        self._ensure_planned()
        differs = {name: value for name, value in facts.items() if getattr(self, name) != value}
        if "due_on" in differs:
            _ensure_to_come(differs["due_on"], now)
        for name, value in differs.items():
            setattr(self, name, value)
        if differs:
            told = {name: value if isinstance(value, str) else value.isoformat() for name, value in differs.items()}
            self._record("changed", now=now, actor=actor, **told)

    def finish(self, done_on: date, note: str, *, now: datetime, actor: str) -> None:
        """It was done.

        Raises:
            ActionClosed, DoneLater, DoneBeforeAdmission
        """
        self._ensure_planned()
        if done_on > now.date():
            raise DoneLater(pointer="/done_on", done_on=done_on)
        if done_on < self.member.admitted_on:
            days = {"done_on": done_on, "admitted_on": self.member.admitted_on}
            raise DoneBeforeAdmission(pointer="/done_on", **days)
        self.state, self.done_on = "done", done_on
        self._record("done", now=now, actor=actor, done_on=done_on.isoformat(), note=note)

    def drop(self, reason: str, *, now: datetime, actor: str) -> None:
        """It is not needed any more.

        Raises:
            ActionClosed
        """
        self._ensure_planned()
        self.state = "dropped"
        self._record("dropped", now=now, actor=actor, reason=reason)

    def _ensure_planned(self) -> None:
        if self.state != "planned":
            raise ActionClosed(state=self.state)

    def _record(
        self, step: Literal["planned", "changed", "done", "dropped"], *, now: datetime, actor: str, **details: str
    ) -> None:
        number = len(self.history) + 1
        self.history.append(RetentionStep(number=number, step=step, details=details, at=now, by=actor))


def _ensure_to_come(due_on: date, now: datetime) -> None:
    if due_on < now.date():
        raise ActionDueInPast(pointer="/due_on", due_on=due_on)
