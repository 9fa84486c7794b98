"""Applications for membership: from the first draft to the Board's decision, and the history of each."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

from services.membership.application_form import FORMS, Form
from services.membership.eligibility import COMMON, Outcome
from services.membership.model.application_history import ApplicationEntry, ApplicationEntryKind
from services.membership.model.application_states import (
    EDITABLE,
    NEXT,
    OPEN,
    STATES,
    AnswersWrong,
    ApplicationClosed,
    ApplicationState,
    Incomplete,
    NotConsulted,
    NotEditable,
    StateNotAllowed,
    TooEarlyToFind,
    is_person,
)
from services.membership.model.base import Base
from services.membership.model.organizations import Organization
from shared.contracts.membership import Category
from shared.errors import Wrong
from shared.ids import uuid7

if TYPE_CHECKING:
    from services.membership.model.application_decisions import ApplicationDecision
    from services.membership.model.application_documents import ApplicationDocument, Endorsement
    from services.membership.model.application_questions import ApplicationQuestion
    from services.membership.model.consultations import Consultation

_OPEN_ROWS = f"state IN ({', '.join(repr(state) for state in OPEN)})"


class MembershipApplication(Base):
    """What an organization applies with; it has at most one open application.

    `makers` are the subjects of those who worked on it, none of whom may decide. `findings` has what staff found of a
    rule by looking: outcome, reason, who and when. `due_on` is the day by which somebody has to answer, `due_at` the
    moment from which the schedule acts, `remind_on` the day to remind of it. `version` grows with everything that is
    added to it.
    """

    __tablename__ = "applications"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="state"),
        CheckConstraint("category IN ('full', 'associate')", name="category"),
        CheckConstraint("state IN ('draft', 'withdrawn') OR submitted_at IS NOT NULL", name="submitted"),
        Index("uq_applications_open", "organization_id", unique=True, postgresql_where=_OPEN_ROWS),
        Index("ix_applications_organization_id", "organization_id"),
        Index("ix_applications_changed_at_id", "changed_at", "id"),
        Index("ix_applications_opened_at_id", "opened_at", "id"),
        Index("ix_applications_state_state_since_id", "state", "state_since", "id"),
        Index("ix_applications_state_due_at", "state", "due_at", postgresql_where="due_at IS NOT NULL"),
        Index("ix_applications_remind_on", "remind_on", postgresql_where="remind_on IS NOT NULL"),
        Index("ix_applications_owner", "owner", postgresql_where=_OPEN_ROWS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    prospect_id: Mapped[UUID | None] = mapped_column(ForeignKey("prospects.id"))
    category: Mapped[Category] = mapped_column(Text)
    kind: Mapped[str]
    form_version: Mapped[int]
    state: Mapped[ApplicationState] = mapped_column(Text, default="draft")
    state_since: Mapped[datetime]
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    findings: Mapped[dict[str, dict[str, str]]] = mapped_column(JSONB, default=dict)
    makers: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    owner: Mapped[str | None]
    due_on: Mapped[date | None]
    due_at: Mapped[datetime | None]
    remind_on: Mapped[date | None]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    submitted_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]

    organization: Mapped[Organization] = relationship(lambda: Organization, lazy="joined", innerjoin=True)
    documents: Mapped[list["ApplicationDocument"]] = relationship(
        "ApplicationDocument", cascade="all, delete-orphan", order_by="ApplicationDocument.id"
    )
    endorsements: Mapped[list["Endorsement"]] = relationship(
        "Endorsement", cascade="all, delete-orphan", order_by="Endorsement.id"
    )
    questions: Mapped[list["ApplicationQuestion"]] = relationship(
        "ApplicationQuestion", cascade="all, delete-orphan", order_by="ApplicationQuestion.id"
    )
    consultations: Mapped[list["Consultation"]] = relationship(
        "Consultation", cascade="all, delete-orphan", order_by="Consultation.id"
    )
    decision: Mapped["ApplicationDecision | None"] = relationship("ApplicationDecision", cascade="all, delete-orphan")
    history: WriteOnlyMapped[ApplicationEntry] = relationship(
        lambda: ApplicationEntry, cascade="all, delete-orphan", passive_deletes=True
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @property
    def form(self) -> Form:
        """The version of the form it was begun with."""
        return FORMS[self.form_version]

    @property
    def is_open(self) -> bool:
        """Neither decided, nor withdrawn, nor lapsed."""
        return self.state in OPEN

    @property
    def consultation(self) -> "Consultation | None":
        """The last one."""
        return self.consultations[-1] if self.consultations else None

    @property
    def question(self) -> "ApplicationQuestion | None":
        """The one that waits for an answer."""
        return self.questions[-1] if self.questions and self.questions[-1].is_open else None

    @property
    def current_documents(self) -> list["ApplicationDocument"]:
        """Those that were not removed."""
        return [one for one in self.documents if not one.removed_at]

    def open(self, *, now: datetime, actor: str) -> None:
        """Begin it as a draft."""
        self.opened_at, self.opened_by, self.state_since, self.state = now, actor, now, "draft"
        self.makers = []
        self.work("opened", now=now, actor=actor)

    def answer(self, answers: Mapping[str, Any], *, now: datetime, actor: str) -> None:
        """Take over what is given, in whatever order it comes; None takes an answer away, and so does a blank text.

        Raises:
            NotEditable: when it is neither a draft nor waiting for an answer.
            AnswersWrong: when one is not of its question's type, or not asked at all.
        """
        self.ensure_editable()
        kept = self.form.kept(self.kind, answers)
        if wrong := list(self.form.faults(self.kind, kept)):
            raise AnswersWrong(wrong)
        changed = sorted(name for name, value in kept.items() if self.answers.get(name) != value)
        if not changed:
            return
        given = self.answers | kept
        self.answers = {name: value for name, value in given.items() if value is not None}
        if self.state == "draft":
            self.touch(now=now, actor=actor)
        else:
            self.work("edited", now=now, actor=actor, fields=changed)

    def become(self, kind: str, *, now: datetime, actor: str) -> None:
        """Apply as another kind; answers its form does not ask stay aside until they are asked again.

        What staff found of rules that are not common to all was found of the other kind, and counts no more.

        Raises:
            NotEditable
        """
        self.ensure_editable()
        if kind != self.kind:
            self.work("kind_changed", now=now, actor=actor, previous_kind=self.kind, new_kind=kind)
            self.kind, self.category = kind, self.form.kinds[kind].category
            self.findings = {rule: found for rule, found in self.findings.items() if rule in COMMON}

    def assign(self, owner: str | None, *, now: datetime, actor: str) -> None:
        """Give it to somebody, or to nobody.

        Raises:
            ApplicationClosed
        """
        self.ensure_open()
        if owner != self.owner:
            self.record("assigned", now=now, actor=actor, owner=owner, previous_owner=self.owner)
            self.owner = owner

    def submit(self, missing: Sequence[Wrong], *, now: datetime, actor: str) -> None:
        """Hand it in.

        Raises:
            StateNotAllowed
            Incomplete: with one line for each thing missing.
        """
        self.ensure_leads_to("submitted")
        if missing:
            raise Incomplete(missing)
        self.submitted_at = now
        self.move("submitted", now=now, actor=actor)

    def screen(self, note: str, *, now: datetime, actor: str) -> None:
        """Begin to look at it, or go back to that from before the decision.

        Raises:
            StateNotAllowed
        """
        if self.state == "more_info_requested":
            raise self._refuse("screening")
        returned = self.state == "ready_for_decision"
        self.move("screening", text=note, now=now, actor=actor, is_making=not returned)

    def find(self, rule: str, outcome: Outcome, reason: str, *, now: datetime, actor: str) -> None:
        """What looking showed of a rule; it stands in place of what follows from the papers.

        Raises:
            TooEarlyToFind, ApplicationClosed
        """
        self.ensure_open()
        if self.state in ("draft", "submitted"):
            raise TooEarlyToFind
        found = {"outcome": outcome, "reason": reason, "by": actor, "at": now.isoformat()}
        self.findings = {**self.findings, rule: found}
        self.work("found", text=reason, now=now, actor=actor, rule=rule, outcome=outcome)

    def prepare(self, note: str, *, now: datetime, actor: str) -> None:
        """Ready for the Board, once the members of its country were consulted.

        Raises:
            StateNotAllowed, NotConsulted
        """
        self.ensure_leads_to("ready_for_decision")
        if not self.consultation or not self.consultation.closed_at:
            raise NotConsulted
        self.move("ready_for_decision", text=note, now=now, actor=actor)

    def withdraw(self, reason: str, *, now: datetime, actor: str) -> None:
        """The applicant takes it back.

        Raises:
            ApplicationClosed
        """
        self.ensure_open()
        self.move("withdrawn", text=reason, now=now, actor=actor)

    def move(
        self,
        state: ApplicationState,
        *,
        text: str = "",
        now: datetime,
        actor: str,
        is_making: bool = True,
        **details: Any,
    ) -> None:
        """Go to another state, with a line that says so.

        Raises:
            StateNotAllowed, ApplicationClosed
        """
        self.ensure_leads_to(state)
        previous, self.state, self.state_since = self.state, state, now
        self.due_on = self.due_at = self.remind_on = None
        write = self.work if is_making else self.record
        write("moved", previous_state=previous, text=text, now=now, actor=actor, **details)

    def wait_until(self, day: date, moment: datetime, *, now: datetime) -> None:
        """Somebody has to answer by `day`, and is reminded if there is time; the schedule acts from `moment` on."""
        self.due_on, self.due_at = day, moment
        remind_on = day - timedelta(days=self.form.policy.reminder_days)
        self.remind_on = remind_on if remind_on > now.date() else None

    def work(self, kind: ApplicationEntryKind, *, now: datetime, actor: str, **said: Any) -> None:
        """Add a line to its history, by somebody who has a hand in it and so will not decide it."""
        self.touch(now=now, actor=actor)
        self.record(kind, now=now, actor=actor, **said)

    def touch(self, *, now: datetime, actor: str) -> None:
        """Somebody has a hand in it."""
        self.changed_at = now
        if actor not in self.makers and is_person(actor):
            self.makers = [*self.makers, actor]

    def record(
        self,
        kind: ApplicationEntryKind,
        *,
        previous_state: ApplicationState | None = None,
        text: str = "",
        now: datetime,
        actor: str,
        **details: Any,
    ) -> None:
        """Add a line to its history."""
        moved = {"previous": previous_state, "state": self.state if kind in ("moved", "opened") else None}
        self.history.add(ApplicationEntry(kind=kind, **moved, text=text, details=details, at=now, by=actor))
        self.changed_at = now

    def ensure_open(self) -> None:
        """Raises: ApplicationClosed."""
        if not self.is_open:
            raise ApplicationClosed(state=self.state)

    def ensure_editable(self) -> None:
        """Raises: ApplicationClosed, NotEditable."""
        self.ensure_open()
        if self.state not in EDITABLE:
            raise NotEditable(state=self.state)

    def ensure_leads_to(self, state: ApplicationState) -> None:
        """Raises: ApplicationClosed, StateNotAllowed."""
        self.ensure_open()
        if state not in NEXT[self.state]:
            raise self._refuse(state)

    def _refuse(self, wanted: ApplicationState) -> StateNotAllowed:
        possible = ", ".join(sorted(NEXT[self.state]))
        return StateNotAllowed(state=self.state, wanted=wanted, possible=possible)
