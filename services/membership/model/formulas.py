"""Dues formulas: versions of the terms, who wrote and who approved them, and when they hold."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.dues import Formula, Terms, read_formula
from services.membership.model.base import Base
from shared.errors import Conflict, Forbidden, NotFound, Rejected
from shared.ids import uuid7

FormulaState = Literal["draft", "approved", "retired", "discarded"]
FormulaStep = Literal["drafted", "changed", "approved", "retired", "discarded"]


class UnknownFormula(NotFound):
    message = "There is no dues formula {formula_id}."


class NoFormulaInForce(NotFound):
    message = "No approved dues formula is in force on {day}; approve one that begins then or before."


class FormulaSettled(Conflict):
    message = "Formula {number} is {state}, so its terms stay as they are; draft a new one."


class MakerApproves(Forbidden):
    message = "Who wrote a formula can't approve it; somebody else must."


class FormulaOverlaps(Conflict):
    message = "Formula {number} is in force from {begins} to {ends}; retire it as of an earlier day first."


class FormulaNotApproved(Conflict):
    message = "Formula {number} is {state}; only an approved one can be retired."


class RetiredBeforeItBegan(Rejected):
    message = "The formula begins on {effective_from}; it can't end before."


class FormulaInUse(Conflict):
    message = "Dues of {year} were assessed by this formula, so it must be in force on the first day of that year."


class FormulaChange(Base):
    """A line of a formula's history."""

    __tablename__ = "dues_formula_changes"

    formula_id: Mapped[UUID] = mapped_column(ForeignKey("dues_formulas.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[FormulaStep] = mapped_column(Text)
    reason: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class DuesFormula(Base):
    """One version of the dues formula, in force from `effective_from` until the day before `effective_until`.

    Whatever was approved never changes, except that it ends.
    """

    __tablename__ = "dues_formulas"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'approved', 'retired', 'discarded')", name="state"),
        ExcludeConstraint(
            (text("daterange(effective_from, effective_until)"), "&&"),
            name="ex_dues_formulas_in_force",
            where=text("state IN ('approved', 'retired')"),
        ),
        Index("ix_dues_formulas_effective_from_id", "effective_from", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    number: Mapped[int] = mapped_column(Integer, Identity(always=True), unique=True)
    name: Mapped[str]
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[FormulaState] = mapped_column(Text)
    effective_from: Mapped[date]
    effective_until: Mapped[date | None]

    history: Mapped[list[FormulaChange]] = relationship(
        lambda: FormulaChange, cascade="all, delete-orphan", order_by=lambda: FormulaChange.number
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @classmethod
    def draft(
        cls, *, name: str, terms: Terms, effective_from: date, reason: str, now: datetime, actor: str
    ) -> "DuesFormula":
        """A new version, to be approved by somebody else.

        Raises:
            Rejected: when the terms mean nothing; see `read_formula`.
        """
        read_formula(terms)
        drafted = cls(id=uuid7(), name=name, terms=dict(terms), state="draft", effective_from=effective_from)
        drafted._note("drafted", reason, now, actor)
        return drafted

    @property
    def formula(self) -> Formula:
        """What the terms mean."""
        return read_formula(self.terms)

    @property
    def makers(self) -> frozenset[str]:
        """Everybody who wrote at it."""
        return frozenset(line.changed_by for line in self.history if line.step in {"drafted", "changed"})

    def covers(self, day: date) -> bool:
        """In force on that day, if it was approved."""
        return self.effective_from <= day and (self.effective_until is None or day < self.effective_until)

    def change(self, *, reason: str, now: datetime, actor: str, **facts: Any) -> None:
        """Take over `facts` (name, terms, effective_from) into a draft.

        Raises:
            FormulaSettled: when it is no draft any more.
        """
        self._ensure_draft()
        if "terms" in facts:
            read_formula(facts["terms"])
        for name, value in facts.items():
            setattr(self, name, value)
        self._note("changed", reason, now, actor)

    def approve(self, *, reason: str, now: datetime, actor: str) -> None:
        """It is in force from its day on.

        Raises:
            FormulaSettled: when it is no draft any more.
            MakerApproves: when the actor wrote at it.
        """
        self._ensure_draft()
        if actor in self.makers:
            raise MakerApproves
        self.state = "approved"
        self._note("approved", reason, now, actor)

    def retire(self, *, effective_until: date, reason: str, now: datetime, actor: str) -> None:
        """It is in force until the day before `effective_until`.

        Raises:
            FormulaNotApproved: when it never was in force, or has an end already.
            RetiredBeforeItBegan: when it would end before it begins.
        """
        if self.state != "approved":
            raise FormulaNotApproved(number=self.number, state=self.state)
        if effective_until < self.effective_from:
            raise RetiredBeforeItBegan(effective_from=self.effective_from, pointer="/effective_until")
        self.state, self.effective_until = "retired", effective_until
        self._note("retired", reason, now, actor)

    def discard(self, *, reason: str, now: datetime, actor: str) -> None:
        """A draft that nobody wants; it stays readable.

        Raises:
            FormulaSettled: when it is no draft any more.
        """
        self._ensure_draft()
        self.state = "discarded"
        self._note("discarded", reason, now, actor)

    def _ensure_draft(self) -> None:
        if self.state != "draft":
            raise FormulaSettled(number=self.number, state=self.state)

    def _note(self, step: FormulaStep, reason: str, now: datetime, actor: str) -> None:
        number = len(self.history) + 1
        self.history.append(FormulaChange(number=number, step=step, reason=reason, changed_at=now, changed_by=actor))
