"""Versions of the policy of standing, each decided before the day it begins."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from services.membership.model.base import Base
from services.membership.policy import Bracket, Policy
from shared.contracts.membership import Category
from shared.errors import Rejected


class PolicyInPast(Rejected):
    message = "A policy begins on a day to come, after {today}; what was due before keeps to its own."


class StandingPolicy(Base):
    """A version with its figures, as in services/membership/policy.py; version 1 is the opening one and no row."""

    __tablename__ = "standing_policies"
    __table_args__ = (CheckConstraint("version > 1", name="version"),)

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    effective_on: Mapped[date]
    grace_days: Mapped[int]
    vote_rests_after_days: Mapped[int | None]
    termination_proposed_after_months: Mapped[int]
    termination_after_months: Mapped[int | None]
    resignation_notice_months: Mapped[int]
    temporary_months: Mapped[int]
    voting_categories: Mapped[list[Category]] = mapped_column(ARRAY(Text))
    delegate_brackets: Mapped[list[dict[str, int]]] = mapped_column(JSONB)
    reason: Mapped[str]
    reference: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]

    @property
    def policy(self) -> Policy:
        """As the function of standing reads it."""
        return Policy(
            version=self.version,
            effective_on=self.effective_on,
            recorded_at=self.recorded_at,
            grace_days=self.grace_days,
            vote_rests_after_days=self.vote_rests_after_days,
            termination_proposed_after_months=self.termination_proposed_after_months,
            termination_after_months=self.termination_after_months,
            resignation_notice_months=self.resignation_notice_months,
            temporary_months=self.temporary_months,
            voting_categories=tuple(self.voting_categories),
            delegate_brackets=tuple(Bracket(**one) for one in self.delegate_brackets),
        )
