"""Prospects: organizations being won, stage by stage, and the history of each."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.organizations import Organization
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

Stage = Literal["identified", "contacted", "qualified", "proposal", "applied", "dormant", "lost", "admitted"]
LostCode = Literal[
    "no_interest", "too_expensive", "not_eligible", "other_body", "no_answer", "bad_time", "closed_down", "other"
]
EntryKind = Literal["opened", "moved", "assigned", "planned", "campaign", "lead", "noted"]

WORKING: tuple[Stage, ...] = ("identified", "contacted", "qualified", "proposal", "applied")
"""Stages in which somebody works on it, in their order."""

OPEN: tuple[Stage, ...] = (*WORKING, "dormant")
"""Stages of an attempt that has not ended; an organization has at most one such."""

_NEXT: dict[Stage, frozenset[Stage]] = {
    "identified": frozenset({"contacted", "qualified", "proposal", "applied"}),
    "contacted": frozenset({"qualified", "proposal", "applied"}),
    "qualified": frozenset({"contacted", "proposal", "applied"}),
    "proposal": frozenset({"qualified", "applied"}),
    "applied": frozenset({"proposal"}),
    "dormant": frozenset(),
    "lost": frozenset(),
    "admitted": frozenset(),
}
"""Where staff may move it: any stage further on, or one back. Resting, losing, reopening and admission have rules of
their own."""

_OPEN_ROWS = f"stage IN ({', '.join(repr(stage) for stage in OPEN)})"


class UnknownProspect(NotFound):
    message = "There is no prospect {prospect_id}."


class AlreadyProspect(Conflict):
    message = "{name} is already being won."


class ProspectClosed(Conflict):
    message = "The prospect is closed: {stage}."


class MoveNotAllowed(Conflict):
    message = "A prospect that is {stage} cannot become {wanted}. Possible now: {possible}."


class NotAtRest(Conflict):
    message = "Only a lost or dormant prospect is taken up again; this one is {stage}."


class RestInPast(Rejected):
    message = "A prospect rests until a day that is still to come, not until {until}."


class ActionInPast(Rejected):
    message = "The next action cannot be due on {day}, which is over. Give today or a later day."


class ActionWithoutDay(Rejected):
    message = "Say until when the next action is to be done, and what it is."


class ProspectEntry(Base):
    """A line of a prospect's history; none is ever changed. `previous` and `stage` stand where it moved."""

    __tablename__ = "prospect_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('opened', 'moved', 'assigned', 'planned', 'campaign', 'lead', 'noted')", name="kind"),
        Index("ix_prospect_entries_prospect_id_id", "prospect_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    prospect_id: Mapped[UUID] = mapped_column(ForeignKey("prospects.id", ondelete="CASCADE"))
    kind: Mapped[EntryKind] = mapped_column(Text)
    previous: Mapped[Stage | None] = mapped_column(Text)
    stage: Mapped[Stage | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    at: Mapped[datetime]
    by: Mapped[str]


class Prospect(Base):
    """One attempt to win an organization; at most one is open at a time.

    `owner` is the token subject of whoever works on it. `resumes_at` is the stage a dormant or lost one goes back to.
    `correlation_id` and `causation_id` name the request and the event it came from, in whatever service that was.
    `fit_score` is for putting many in order: the fit as it was a few minutes ago. What is shown is computed.
    """

    __tablename__ = "prospects"
    __table_args__ = (
        CheckConstraint(
            "stage IN ('identified', 'contacted', 'qualified', 'proposal', 'applied', 'dormant', 'lost', 'admitted')",
            name="stage",
        ),
        CheckConstraint("(stage = 'dormant') = (dormant_until IS NOT NULL)", name="dormant_until"),
        Index("uq_prospects_open", "organization_id", unique=True, postgresql_where=_OPEN_ROWS),
        Index("uq_prospects_member_id", "member_id", unique=True),
        Index("ix_prospects_opened_at_id", "opened_at", "id"),
        Index("ix_prospects_organization_id", "organization_id"),
        Index("ix_prospects_next_action_on_id", "next_action_on", "id"),
        Index("ix_prospects_owner_next_action_on", "owner", "next_action_on", postgresql_where=_OPEN_ROWS),
        Index("ix_prospects_stage_stage_since", "stage", "stage_since"),
        Index("ix_prospects_campaign_id", "campaign_id"),
        Index("ix_prospects_fit_score_id", "fit_score", "id", postgresql_where=_OPEN_ROWS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    stage: Mapped[Stage] = mapped_column(Text, default="identified")
    stage_since: Mapped[datetime] = mapped_column(server_default=func.now())
    source: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    owner: Mapped[str | None]
    next_action: Mapped[str] = mapped_column(default="", server_default="")
    next_action_on: Mapped[date | None]
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id"))
    dormant_until: Mapped[date | None]
    resumes_at: Mapped[Stage | None] = mapped_column(Text)
    lost_code: Mapped[LostCode | None] = mapped_column(Text)
    lost_reason: Mapped[str] = mapped_column(default="")
    correlation_id: Mapped[str] = mapped_column(default="", server_default="")
    causation_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    fit_score: Mapped[int] = mapped_column(default=0, server_default="0")
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]

    organization: Mapped[Organization] = relationship(lambda: Organization, lazy="joined", innerjoin=True)
    history: WriteOnlyMapped[ProspectEntry] = relationship(
        lambda: ProspectEntry, cascade="all, delete-orphan", passive_deletes=True
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @property
    def is_open(self) -> bool:
        """Neither lost nor won."""
        return self.stage in OPEN

    def is_overdue(self, today: date) -> bool:
        """Its next action should have been done before `today`."""
        return self.is_open and self.next_action_on is not None and self.next_action_on < today

    def open(self, *, now: datetime, actor: str, text: str = "") -> None:
        """Write the first line of its history."""
        self.stage, self.stage_since, self.opened_at, self.opened_by = "identified", now, now, actor
        self.record("opened", stage="identified", text=text, now=now, actor=actor)

    def advance(self, stage: Stage, *, text: str = "", now: datetime, actor: str) -> Stage:
        """Move it to `stage` and return the one before.

        Raises:
            ProspectClosed: when it is lost or won.
            MoveNotAllowed: when the stage it is in doesn't lead there.
        """
        self._ensure_open()
        if stage not in _NEXT[self.stage]:
            raise self._refuse(stage)
        return self._move(stage, text=text, now=now, actor=actor)

    def rest(self, until: date, reason: str, *, now: datetime, actor: str) -> Stage:
        """Let it rest until that day, which becomes the day of its next action, so that nobody forgets it.

        Raises:
            ProspectClosed, MoveNotAllowed: an application under way doesn't rest, and who rests is not put to rest.
            RestInPast: when the day has come already.
        """
        self._ensure_open()
        if self.stage in {"applied", "dormant"}:
            raise self._refuse("dormant")
        if until <= now.date():
            raise RestInPast(pointer="/until", until=until)
        self.resumes_at, self.dormant_until, self.next_action_on = self.stage, until, until
        return self._move("dormant", text=reason, now=now, actor=actor, until=until.isoformat())

    def resume(self, reason: str, *, now: datetime, actor: str) -> Stage:
        """Take a lost or dormant one up again, where it was left; an application that failed is a proposal again.

        Raises:
            NotAtRest: when it is neither.
        """
        if self.stage not in {"lost", "dormant"}:
            raise NotAtRest(stage=self.stage)
        stage: Stage = "proposal" if self.resumes_at == "applied" else self.resumes_at or "identified"
        self.resumes_at = self.dormant_until = self.lost_code = self.closed_at = self.closed_by = None
        self.lost_reason = ""
        return self._move(stage, text=reason, now=now, actor=actor)

    def admit(self, *, now: datetime, actor: str) -> Stage:
        """Close it as won; the Board's decision counts in whatever stage it is.

        Raises:
            ProspectClosed: when it is not open any more.
        """
        return self._close("admitted", text="", now=now, actor=actor)

    def lose(self, reason: str, *, code: LostCode = "other", now: datetime, actor: str) -> Stage:
        """Close it as lost, with the reason.

        Raises:
            ProspectClosed: when it is not open any more.
        """
        left: Stage = self.stage if self.stage != "dormant" else self.resumes_at or "identified"
        previous = self._close("lost", text=reason, now=now, actor=actor, code=code)
        self.lost_code, self.lost_reason, self.resumes_at = code, reason, left
        return previous

    def assign(self, owner: str | None, *, now: datetime, actor: str) -> None:
        """Give it to somebody, or to nobody."""
        self._ensure_open()
        if owner != self.owner:
            self.record("assigned", now=now, actor=actor, owner=owner, previous_owner=self.owner)
            self.owner = owner

    def plan(self, action: str, day: date | None, *, now: datetime, actor: str) -> None:
        """What is to be done next, and until when; neither when nothing is.

        Raises:
            ProspectClosed: when it is lost or won.
            ActionInPast: when that day is over.
            ActionWithoutDay: when one is given without the other, or a dormant one would be left without.
        """
        self._ensure_open()
        if (action, day) == (self.next_action, self.next_action_on):
            return
        if bool(action) != bool(day) or (self.stage == "dormant" and not day):
            raise ActionWithoutDay(pointer="/next_action" if day else "/next_action_on")
        if day and day < now.date():
            raise ActionInPast(pointer="/next_action_on", day=day)
        self.next_action, self.next_action_on = action, day
        self.record("planned", text=action, now=now, actor=actor, day=day.isoformat() if day else None)

    def record(
        self,
        kind: EntryKind,
        *,
        previous: Stage | None = None,
        stage: Stage | None = None,
        text: str = "",
        now: datetime,
        actor: str,
        **details: str | None,
    ) -> None:
        """Add a line to its history."""
        entry = ProspectEntry(kind=kind, previous=previous, stage=stage, text=text, details=details, at=now, by=actor)
        self.history.add(entry)

    def _ensure_open(self) -> None:
        if not self.is_open:
            raise ProspectClosed(stage=self.stage)

    def _refuse(self, wanted: Stage) -> MoveNotAllowed:
        possible = ", ".join(sorted(_NEXT[self.stage])) or "reopen"
        return MoveNotAllowed(pointer="/stage", stage=self.stage, wanted=wanted, possible=possible)

    def _close(self, stage: Stage, *, text: str, now: datetime, actor: str, **details: str) -> Stage:
        self._ensure_open()
        self.closed_at, self.closed_by = now, actor
        self.next_action, self.next_action_on, self.dormant_until = "", None, None
        return self._move(stage, text=text, now=now, actor=actor, **details)

    def _move(self, stage: Stage, *, text: str, now: datetime, actor: str, **details: str | None) -> Stage:
        previous, self.stage, self.stage_since = self.stage, stage, now
        self.record("moved", previous=previous, stage=stage, text=text, now=now, actor=actor, **details)
        return previous
