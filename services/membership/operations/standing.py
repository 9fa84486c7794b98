"""Where a member stands: asked for any day, and announced when a day has brought a change."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.announcements import unannounced
from services.membership.facts import Fact
from services.membership.model import AlreadyMember, KnownLater, Member, StandingFact, StandingPolicy
from services.membership.operations import representation
from services.membership.operations.announcing import live_member, public_state
from services.membership.policy import OPENING, Policy, in_force
from services.membership.standing import Change, Course, State
from services.membership.voting import Quota, Vote, is_current, quota, vote
from shared.contracts.membership import MemberStandingChanged, Standing
from shared.messaging.outbox import publish

SCHEDULE = "schedule"
"""Who announces what time alone has changed."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a member stands on a day, by what was known at an instant; `following` is what comes by itself."""

    member: Member
    on: date
    known_at: datetime
    state: State
    since: date | None
    is_current: bool
    vote: Vote
    quota: Quota
    policy: Policy
    following: Change | None


def policies(session: Session) -> list[Policy]:
    """Every version, the opening one first."""
    rows = session.scalars(select(StandingPolicy).order_by(StandingPolicy.version))
    return [OPENING, *(row.policy for row in rows)]


def plain_facts() -> Select[*tuple[Any, ...]]:
    """Everybody's facts, to be narrowed down and read by `facts_by_member`."""
    row = StandingFact
    columns = (row.id, row.kind, row.effective_on, row.recorded_at, row.period, row.until, row.voids_id)
    return select(row.member_id, *columns)


def facts_by_member(session: Session, narrowed: Select[*tuple[Any, ...]]) -> dict[UUID, list[Fact]]:
    """In one query, as plain tuples: of thousands of members, mapped rows would take most of the time."""
    found: dict[UUID, list[Fact]] = defaultdict(list)
    for member_id, *fact in session.execute(narrowed):
        found[member_id].append(Fact._make(fact))
    return found


def facts_of(session: Session, member: Member) -> list[StandingFact]:
    """All of a member's facts as they were recorded."""
    query = select(StandingFact).where(StandingFact.member_id == member.id)
    return list(session.scalars(query.order_by(StandingFact.recorded_at, StandingFact.id)))


def ensure_known(known_at: datetime | None, *, now: datetime) -> datetime:
    """The instant whose knowledge counts: now, unless an earlier one is asked for.

    Raises:
        KnownLater: when it has not come.
    """
    if known_at and known_at > now:
        raise KnownLater(pointer="/known_at", known_at=known_at)
    return known_at or now


def position(
    session: Session,
    stands: Member,
    *,
    on: date | None = None,
    known_at: datetime | None = None,
    persons_represented: int | None = None,
    now: datetime,
) -> Position:
    """Where the member stands on a day (today if None), by what is known now or was known at `known_at`.

    The quota rests on the accepted statistic, or on `persons_represented` to see what another number would give.
    """
    instant, day = ensure_known(known_at, now=now), on or now.date()
    known = policies(session)
    facts = [row.fact for row in facts_of(session, stands)]
    course = Course(facts, known, known_at=instant)
    state, changes = course.state(day), course.changes()
    policy = in_force((one for one in known if one.recorded_at is None or one.recorded_at <= instant), day)
    found = vote(course, state, category=stands.category, policy=policy, on=day)
    declared = representation.persons_represented(session, year=day.year, known_at=instant, member_ids=[stands.id])
    persons = declared.get(stands.id) if persons_represented is None else persons_represented
    return Position(
        member=stands,
        on=day,
        known_at=instant,
        state=state,
        since=max((each.on for each in changes if each.on <= day), default=None),
        is_current=is_current(state),
        vote=found,
        quota=quota(policy, found, persons),
        policy=policy,
        following=next((each for each in changes if each.on > day), None),
    )


def standing_on(session: Session, member: Member, *, on: date) -> Standing | None:
    """For who changes the locked member: all there is counts, also what a request that began later recorded first."""
    return Course([row.fact for row in facts_of(session, member)], policies(session)).state(on).standing


def announce(session: Session, member: Member, *, facts: Sequence[StandingFact], actor: str, now: datetime) -> None:
    """Say every change up to today that was not said yet, in order; saying it again says nothing.

    The member is locked. Raises AlreadyMember when a membership would come back to life beside a newer one.
    """
    today = now.date()
    course = Course([row.fact for row in facts], policies(session))
    for previous, change in unannounced(member.announced, course, through=today):
        member.note(previous, change, reason=_words(change, facts), now=now, actor=actor)
        _ensure_one(session, member)
        session.flush()
        fact = MemberStandingChanged(
            **public_state(member),
            previous_standing=previous,
            effective_on=change.on,
            rule=change.state.reasons[0].rule,
        )
        publish(session, fact, at=now)
    member.termination_proposed_on = course.state(today).proposed_on
    member.next_change_on = course.wakes_on(today)
    session.flush()


def announce_next_due(session: Session, *, now: datetime) -> Member | None:
    """Announce what the days since have changed of one member whose day has come; None when there is none.

    A member another process has in hand is passed over.
    """
    query = select(Member).where(Member.next_change_on <= now.date()).order_by(Member.next_change_on, Member.id)
    due = session.scalars(query.limit(1).with_for_update(of=Member, skip_locked=True)).first()
    if due:
        announce(session, due, facts=facts_of(session, due), actor=SCHEDULE, now=now)
    return due


def _ensure_one(session: Session, member: Member) -> None:
    if member.is_ended:
        return
    with session.no_autoflush:
        other = live_member(session, member.organization)
    if other and other.id != member.id:
        raise AlreadyMember(name=member.organization.name)


def _words(change: Change, facts: Sequence[StandingFact]) -> str:
    """What was written with the facts that decide, or with those of the day where nothing speaks against the member."""
    reason = change.state.reasons[0]
    deciding: set[UUID] = {one.id for one in reason.facts}
    if reason.rule == "good_standing":
        deciding = {row.id for row in facts if row.effective_on == change.on}
    return next((row.reason for row in reversed(facts) if row.id in deciding), "")
