"""What the Board decided on an application, with the checks as they stood then."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.eligibility import Check
from services.membership.model.application_states import (
    DecidedInFuture,
    DecidedTooEarly,
    MakerDecides,
    NotEligible,
    RejectionUnexplained,
    TermMissing,
    TermNotAsked,
    TermOver,
    TermTooLong,
)
from services.membership.model.applications import MembershipApplication
from services.membership.model.base import Base
from shared.contracts.membership import Verdict


class ApplicationDecision(Base):
    """One decision for each application; it is never changed.

    `checks` are the eligibility rules as they stood, `despite` says why it was approved though one was not met.
    `until` is the first day without membership of an associate for a limited time.
    """

    __tablename__ = "application_decisions"
    __table_args__ = (
        CheckConstraint("verdict IN ('approved', 'rejected')", name="verdict"),
        CheckConstraint("(verdict = 'approved') = (member_id IS NOT NULL)", name="member"),
        CheckConstraint("verdict = 'approved' OR until IS NULL", name="until"),
        Index("ix_application_decisions_until", "until", postgresql_where="until IS NOT NULL"),
        Index("ix_application_decisions_member_id", "member_id"),
    )

    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True)
    verdict: Mapped[Verdict] = mapped_column(Text)
    decided_on: Mapped[date]
    minutes: Mapped[str]
    reason: Mapped[str]
    conditions: Mapped[str]
    despite: Mapped[str]
    until: Mapped[date | None]
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]


def ensure_decider(of: MembershipApplication, actor: str) -> None:
    """Raises: MakerDecides."""
    if actor in of.makers:
        raise MakerDecides


def decide(
    of: MembershipApplication,
    verdict: Verdict,
    *,
    decided_on: date,
    minutes: str,
    reason: str,
    conditions: str,
    despite: str,
    until: date | None,
    longest: date,
    checks: Sequence[Check],
    now: datetime,
    actor: str,
) -> ApplicationDecision:
    """What the Board decided, for the application to take once its member is there.

    `longest` is the last day a limited time may end.

    Raises:
        StateNotAllowed, ApplicationClosed, MakerDecides, DecidedInFuture, DecidedTooEarly
        RejectionUnexplained: when it is rejected without a reason.
        NotEligible, TermMissing, TermNotAsked, TermOver, TermTooLong: when it is approved against the rules.
    """
    of.ensure_leads_to(verdict)
    ensure_decider(of, actor)
    _ensure_day(of, decided_on, now)
    if verdict == "rejected" and not reason.strip():
        raise RejectionUnexplained(pointer="/reason")
    if verdict == "approved":
        _ensure_rules(checks, despite)
        _ensure_term(of, until, decided_on=decided_on, longest=longest)
    elif until:
        raise TermNotAsked(pointer="/until")
    of.move(verdict, text=reason, now=now, actor=actor, is_making=False, minutes=minutes, on=decided_on.isoformat())
    made = ApplicationDecision(verdict=verdict, decided_on=decided_on, minutes=minutes, reason=reason)
    made.conditions, made.despite, made.until = conditions, despite, until
    made.checks, made.decided_at, made.decided_by = [asdict(one) for one in checks], now, actor
    return made


def _ensure_day(of: MembershipApplication, decided_on: date, now: datetime) -> None:
    if decided_on > now.date():
        raise DecidedInFuture(pointer="/decided_on", decided_on=decided_on)
    submitted_on = of.submitted_at and of.submitted_at.date()
    if submitted_on and decided_on < submitted_on:
        raise DecidedTooEarly(pointer="/decided_on", decided_on=decided_on, submitted_on=submitted_on)


def _ensure_rules(checks: Sequence[Check], despite: str) -> None:
    unmet = [one.rule for one in checks if one.outcome != "passed"]
    if unmet and not despite.strip():
        raise NotEligible(pointer="/despite", rules=", ".join(unmet))


def _ensure_term(of: MembershipApplication, until: date | None, *, decided_on: date, longest: date) -> None:
    if not of.form.kinds[of.kind].temporary:
        if until:
            raise TermNotAsked(pointer="/until")
        return
    if not until:
        raise TermMissing(pointer="/until")
    if until <= decided_on:
        raise TermOver(pointer="/until", decided_on=decided_on, until=until)
    if until > longest:
        raise TermTooLong(pointer="/until", longest=longest, until=until)
