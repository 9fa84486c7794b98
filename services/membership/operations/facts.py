"""Facts of members: each recorded once, announced where it changes the standing, and never taken back but by another.

Whoever records has the member locked (`member_to_change`), so of two who do it at once the second sees the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.facts import Kind
from services.membership.model import (
    AlreadyRecorded,
    AlreadyVoided,
    Member,
    NotVoidable,
    Organization,
    RecordedOtherwise,
    StandingFact,
    UnknownFact,
)
from services.membership.model.facts import ensure_recordable, key_of
from services.membership.operations.standing import announce, facts_of, policies
from services.membership.standing import Course
from shared.ids import uuid7


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A fact and its member; `repeated` when it was there already and nothing was changed."""

    fact: StandingFact
    member: Member
    repeated: bool = False

    @property
    def version(self) -> int:
        """The member's."""
        return self.member.version


def facts(*, member: Member, kind: Kind | None = None) -> Select[StandingFact]:
    """All that was recorded of a member, voided or not."""
    query = select(StandingFact).where(StandingFact.member_id == member.id)
    return query.where(StandingFact.kind == kind) if kind else query


def record_admission(session: Session, member: Member, *, reason: str, actor: str, now: datetime) -> StandingFact:
    """The first fact; the operation that admits announces it."""
    fact = StandingFact(
        member_id=member.id,
        kind="admitted",
        key="admitted",
        effective_on=member.admitted_on,
        reason=reason,
        recorded_at=now,
        recorded_by=actor,
    )
    session.add(fact)
    return fact


def record_dues_due(
    session: Session,
    member: Member,
    *,
    period: str,
    due_on: date,
    reason: str = "",
    reference: str = "",
    actor: str,
    now: datetime,
) -> Recorded:
    """The dues of `period` are to be settled by the end of `due_on`, which may lie ahead. Again changes nothing.

    Raises:
        RecordedOtherwise: when they are recorded with another day; void that fact first.
    """
    new = _new("dues_due", due_on, period=period, reason=reason, reference=reference, actor=actor, now=now)
    return _record(session, member, new)


def record_dues_settled(
    session: Session,
    member: Member,
    *,
    period: str,
    settled_on: date,
    reason: str = "",
    reference: str = "",
    actor: str,
    now: datetime,
) -> Recorded:
    """Of `period` nothing is owed any more from `settled_on` on, however it was settled. Again changes nothing.

    A payment that fails after all: void this fact (`void_fact`).

    Raises:
        UnknownPeriod: when no dues of the period are recorded.
        NotYetHappened: when the day has not come.
        RecordedOtherwise: when it is recorded with another day.
    """
    new = _new("dues_settled", settled_on, period=period, reason=reason, reference=reference, actor=actor, now=now)
    return _record(session, member, new)


def decide(
    session: Session,
    member: Member,
    *,
    kind: Kind,
    reason: str,
    reference: str = "",
    effective_on: date | None = None,
    until: date | None = None,
    successors: Sequence[Organization] = (),
    actor: str,
    now: datetime,
) -> Recorded:
    """A decision or declaration as of `effective_on` (today if None); who comes second is told.

    Raises:
        AlreadyRecorded: when it is recorded with the same day.
        RecordedOtherwise: when it is recorded with another.
        DomainError: what `ensure_recordable` refuses.
    """
    new = _new(kind, effective_on or now.date(), until=until, reason=reason, reference=reference, actor=actor, now=now)
    new.successors = list(successors)
    recorded = _record(session, member, new)
    if recorded.repeated:
        raise AlreadyRecorded(recorded_on=recorded.fact.recorded_at.date())
    return recorded


def void_fact(
    session: Session,
    member: Member,
    *,
    fact_id: UUID,
    reason: str,
    reference: str = "",
    actor: str,
    now: datetime,
) -> Recorded:
    """The fact was wrong: from now on it counts for no day; what was known before keeps it.

    Raises:
        UnknownFact, AlreadyVoided, NotVoidable.
        AlreadyMember: when that would revive a membership beside a newer one.
    """
    wrong = next((row for row in facts_of(session, member) if row.id == fact_id), None)
    if not wrong:
        raise UnknownFact(fact_id=fact_id)
    if wrong.kind in ("admitted", "voided"):
        raise NotVoidable
    if wrong.voided_by:
        raise AlreadyVoided
    new = _new("voided", wrong.effective_on, voids_id=fact_id, reason=reason, reference=reference, actor=actor, now=now)
    return _record(session, member, new)


def _new(kind: Kind, effective_on: date, *, actor: str, now: datetime, **said: Any) -> StandingFact:
    facts = {"period": "", "until": None, "voids_id": None} | said
    key = key_of(kind, effective_on=effective_on, period=facts["period"], voids_id=facts["voids_id"])
    return StandingFact(
        id=uuid7(), kind=kind, key=key, effective_on=effective_on, recorded_at=now, recorded_by=actor, **facts
    )


def _record(session: Session, member: Member, new: StandingFact) -> Recorded:
    known = facts_of(session, member)
    namesakes = [row for row in known if row.key == new.key]
    earlier = next((row for row in namesakes if not row.voided_by), None)
    if earlier:
        return _repeated(earlier, new, member)
    if new.kind != "voided":
        course = Course([row.fact for row in known], policies(session))
        days = {"admitted_on": member.admitted_on, "today": new.recorded_at.date()}
        ensure_recordable(new.fact, course, category=member.category, **days)
    new.member_id, new.generation = member.id, max((row.generation for row in namesakes), default=0) + 1
    session.add(new)
    member.fact_count += 1
    announce(session, member, facts=[*known, new], actor=new.recorded_by, now=new.recorded_at)
    return Recorded(fact=new, member=member)


def _repeated(earlier: StandingFact, again: StandingFact, member: Member) -> Recorded:
    if not earlier.says_the_same(again):
        raise RecordedOtherwise(effective_on=earlier.effective_on)
    return Recorded(fact=earlier, member=member, repeated=True)
