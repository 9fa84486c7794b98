"""Dues runs: which year is invoiced, in which series and by which plan, and how far it is."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.dues.instalments import Share
from services.membership.model.base import Base
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import uuid7

RunState = Literal["draft", "issuing", "issued", "discarded"]
NoInvoiceReason = Literal["no_statistic", "not_assessed", "nothing_owed", "invoiced", "no_contact"]

WHOLE = 100
"""Percent."""


class UnknownRun(NotFound):
    message = "There is no dues run {run_id}."


class SharesIncomplete(Rejected):
    message = "The shares of the instalments make {total} percent; they have to make 100."


class DueDatesOutOfOrder(Rejected):
    message = "Instalments are due one after the other, each on a later day: {due_on}."


class InstalmentInPast(Rejected):
    message = "The first instalment is due on {due_on}, which is not after {today}."


class RunNotDraft(Conflict):
    message = "The run is {state}, no draft any more; plan another run for who is missing."


class NothingToIssue(Conflict):
    message = "The run has no draft; its preview says who is skipped and why."


class DuesRun(Base):
    """One issue of invoices: prepared as drafts, then numbered and sent off in batches until none is left.

    `shares` are the instalments: percent as text, and the day each is due. With `again` those are invoiced anew whose
    invoice was cancelled.
    """

    __tablename__ = "dues_runs"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'issuing', 'issued', 'discarded')", name="state"),
        Index("ix_dues_runs_planned_at_id", "planned_at", "id"),
        Index("ix_dues_runs_issuing", "started_at", postgresql_where="state = 'issuing'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    year: Mapped[int]
    series: Mapped[str]
    state: Mapped[RunState] = mapped_column(Text)
    shares: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    again: Mapped[bool]
    planned_at: Mapped[datetime]
    planned_by: Mapped[str]
    started_at: Mapped[datetime | None]
    started_by: Mapped[str | None]
    finished_at: Mapped[datetime | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @classmethod
    def plan(
        cls, *, year: int, series: str, shares: Sequence[dict[str, Any]], again: bool, now: datetime, actor: str
    ) -> "DuesRun":
        """A run whose instalments make up the whole, one after the other.

        Raises:
            SharesIncomplete, DueDatesOutOfOrder, InstalmentInPast
        """
        stored = [{"percent": one["percent"], "due_on": one["due_on"].isoformat()} for one in shares]
        planned = cls(id=uuid7(), year=year, series=series, state="draft", shares=stored, again=again)
        planned.planned_at, planned.planned_by = now, actor
        planned._ensure_plan()
        planned.ensure_timely(now.date())
        return planned

    @property
    def plan_shares(self) -> tuple[Share, ...]:
        return tuple(Share(Fraction(one["percent"]), date.fromisoformat(one["due_on"])) for one in self.shares)

    def ensure_draft(self) -> None:
        """Refuse what only goes before the issue.

        Raises:
            RunNotDraft
        """
        if self.state != "draft":
            raise RunNotDraft(state=self.state)

    def ensure_timely(self, today: date) -> None:
        """Refuse to ask for money that was due before anybody knew.

        Raises:
            InstalmentInPast
        """
        first = self.plan_shares[0].due_on
        if first <= today:
            raise InstalmentInPast(pointer="/instalments/0/due_on", due_on=first, today=today)

    def _ensure_plan(self) -> None:
        total = sum((Decimal(one["percent"]) for one in self.shares), Decimal(0))
        if total != WHOLE:
            raise SharesIncomplete(pointer="/instalments", total=f"{total:f}")
        days = [one.due_on for one in self.plan_shares]
        for number, (day, later) in enumerate(pairwise(days), 1):
            if later <= day:
                raise DueDatesOutOfOrder(pointer=f"/instalments/{number}/due_on", due_on=later)
