"""Dues: what was assessed for a year, what was waived, and what other formulas would have brought."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.dues import Assessment, Discount, Inputs, assess
from services.membership.model.base import Base
from services.membership.model.formulas import DuesFormula
from services.membership.model.members import Member
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7
from shared.money import Money

NoDuesReason = Literal["no_statistic", "not_a_member", "other_membership", "assessed_otherwise"]
Outcome = Literal["more", "less", "same", "not_comparable", "not_assessed"]


class UnknownAssessment(NotFound):
    message = "There is no dues assessment {assessment_id}."


class UnknownSimulation(NotFound):
    message = "There is no dues simulation {simulation_id}."


class UnknownDiscount(NotFound):
    message = "There is no discount {discount_id} of this member."


class DiscountUnknownToFormula(Rejected):
    message = "The formula in force for {year} has no discount {code}; it has: {codes}."


class DiscountTooHigh(Rejected):
    message = "The formula in force for {year} allows at most {most} % for {code}."


class DiscountGranted(Conflict):
    message = "This member already has the discount {code} for {year}; withdraw it first."


class DiscountWithdrawn(Conflict):
    message = "The discount was withdrawn already."


class YearAssessed(Conflict):
    message = "The dues of {year} are assessed already for this member, so its discounts stay as they are."


class DuesDiscount(Base):
    """A part of one member's dues of one year that somebody decided to waive, and why."""

    __tablename__ = "dues_discounts"
    __table_args__ = (
        CheckConstraint("percent > 0 AND percent <= 100", name="percent"),
        Index("ix_dues_discounts_member_id", "member_id"),
        Index(
            "uq_dues_discounts_granted",
            "member_id",
            "year",
            "code",
            unique=True,
            postgresql_where="withdrawn_at IS NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    year: Mapped[int]
    code: Mapped[str]
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    reason: Mapped[str]
    granted_at: Mapped[datetime]
    granted_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    withdrawn_reason: Mapped[str] = mapped_column(default="")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    def withdraw(self, reason: str, *, now: datetime, actor: str) -> None:
        """It counts no more; the line stays.

        Raises:
            DiscountWithdrawn: when somebody was faster.
        """
        if self.withdrawn_at:
            raise DiscountWithdrawn
        self.withdrawn_at, self.withdrawn_by, self.withdrawn_reason = now, actor, reason


class DuesAssessment(Base):
    """What a member owes for a year: the formula's version, all that went into it, and each line. Never changed."""

    __tablename__ = "dues_assessments"
    __table_args__ = (
        UniqueConstraint("member_id", "year"),
        Index("ix_dues_assessments_year_id", "year", "id"),
        Index("ix_dues_assessments_assessed_at_id", "assessed_at", "id"),
        Index("ix_dues_assessments_formula_id", "formula_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    year: Mapped[int]
    formula_id: Mapped[UUID] = mapped_column(ForeignKey("dues_formulas.id"))
    statistic_id: Mapped[UUID | None] = mapped_column(ForeignKey("statistic_declarations.id"))
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    assessed_at: Mapped[datetime]
    assessed_by: Mapped[str]

    member: Mapped[Member] = relationship(lambda: Member, lazy="joined", innerjoin=True)
    formula: Mapped[DuesFormula] = relationship(lambda: DuesFormula)

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    def replay(self) -> Assessment:
        """The same computed again, from the stored version and inputs."""
        return assess(self.formula.formula, read_inputs(self.inputs))


def stored_inputs(inputs: Inputs) -> dict[str, Any]:
    """The inputs as the assessment keeps them; decimals as text, for they must come back exact."""
    discounts = [{"code": one.code, "percent": str(one.percent)} for one in inputs.discounts]
    return vars(inputs) | {"discounts": discounts}


def read_inputs(stored: dict[str, Any]) -> Inputs:
    """What `stored_inputs` kept."""
    discounts = tuple(Discount(code=one["code"], percent=Decimal(one["percent"])) for one in stored["discounts"])
    return Inputs(**stored | {"discounts": discounts})


def stored_lines(assessment: Assessment) -> list[dict[str, Any]]:
    """The lines as the assessment keeps them."""
    return [vars(line) for line in assessment.lines]


class DuesSimulation(Base):
    """A formula tried on the members of a year beside the one in force, as things were known at that moment.

    `baseline_id` is the formula compared with, None where none was in force. `statistics_year` is the year whose
    accepted statistics were used for both.
    """

    __tablename__ = "dues_simulations"
    __table_args__ = (Index("ix_dues_simulations_simulated_at_id", "simulated_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    formula_id: Mapped[UUID] = mapped_column(ForeignKey("dues_formulas.id"))
    baseline_id: Mapped[UUID | None] = mapped_column(ForeignKey("dues_formulas.id"))
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="as they were: a draft may change")
    year: Mapped[int]
    statistics_year: Mapped[int]
    currency: Mapped[str]
    baseline_currency: Mapped[str | None]
    simulated_at: Mapped[datetime]
    simulated_by: Mapped[str]

    formula: Mapped[DuesFormula] = relationship(
        lambda: DuesFormula, foreign_keys=lambda: DuesSimulation.formula_id, lazy="joined", innerjoin=True
    )
    baseline: Mapped[DuesFormula | None] = relationship(
        lambda: DuesFormula, foreign_keys=lambda: DuesSimulation.baseline_id, lazy="joined"
    )


class SimulatedDues(Base):
    """One member in a simulation. `change` is the difference in minor units, where both are of one currency."""

    __tablename__ = "dues_simulation_rows"
    __table_args__ = (
        UniqueConstraint("simulation_id", "member_id"),
        Index("ix_dues_simulation_rows_change", "simulation_id", "change", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    simulation_id: Mapped[UUID] = mapped_column(ForeignKey("dues_simulations.id", ondelete="CASCADE"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    country: Mapped[str]
    category: Mapped[str]
    persons: Mapped[int | None] = mapped_column(BigInteger)
    minor: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[NoDuesReason | None] = mapped_column(Text)
    baseline_minor: Mapped[int | None] = mapped_column(BigInteger)
    baseline_reason: Mapped[NoDuesReason | None] = mapped_column(Text)
    change: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[Outcome] = mapped_column(Text)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    member: Mapped[Member] = relationship(lambda: Member, lazy="joined", innerjoin=True)


def outcome_of(minor: int | None, baseline_minor: int | None, *, comparable: bool) -> tuple[int | None, Outcome]:
    """The difference to the baseline and what it means for the member."""
    if minor is None:
        return None, "not_assessed"
    if baseline_minor is None or not comparable:
        return None, "not_comparable"
    change = minor - baseline_minor
    return change, "more" if change > 0 else "less" if change < 0 else "same"
