"""Versions of the policy of standing: listed, and decided before they begin."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.membership.model import Member, PolicyInPast, StandingPolicy
from services.membership.policy import OPENING
from shared.contracts.membership import Category


def policy_versions(session: Session) -> list[StandingPolicy]:
    """Every version; the opening one is described like the others, and was recorded by nobody."""
    figures = {name: getattr(OPENING, name) for name in OPENING.__slots__ if name != "recorded_at"}
    figures["delegate_brackets"] = [one._asdict() for one in OPENING.delegate_brackets]
    opening = StandingPolicy(**figures, reason="", reference="", recorded_by="")
    return [opening, *session.scalars(select(StandingPolicy).order_by(StandingPolicy.version))]


def add_policy(
    session: Session,
    *,
    effective_on: date,
    voting_categories: Sequence[Category],
    delegate_brackets: Sequence[dict[str, int]],
    reason: str,
    reference: str = "",
    actor: str,
    now: datetime,
    **figures: Any,
) -> StandingPolicy:
    """A version from a day to come on; a later version from the same day takes its place.

    Raises:
        PolicyInPast: when the day is today or before.
    """
    if effective_on <= now.date():
        raise PolicyInPast(pointer="/effective_on", today=now.date())
    added = StandingPolicy(
        version=session.scalars(select(func.coalesce(func.max(StandingPolicy.version), 1))).one() + 1,
        effective_on=effective_on,
        voting_categories=list(voting_categories),
        delegate_brackets=list(delegate_brackets),
        reason=reason,
        reference=reference,
        recorded_at=now,
        recorded_by=actor,
        **figures,
    )
    session.add(added)
    session.flush()
    _wake(session, effective_on)
    return added


def _wake(session: Session, effective_on: date) -> None:
    """What falls due from that day on may change sooner than was computed: the schedule looks again then."""
    session.execute(
        update(Member).where(Member.next_change_on > effective_on).values(next_change_on=effective_on),
        execution_options={"synchronize_session": False},
    )
