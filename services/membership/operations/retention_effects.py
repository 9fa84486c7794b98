"""What happened after something was done: how near the member was before and so many days later, and what it did."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership.engagement import Direction, Picture, direction
from services.membership.engagement_weights import ActionKind, in_force
from services.membership.model import ActionNotDone, RetentionAction, StandingFact, TooManyActions
from services.membership.model.retention import MOST_ACTIONS
from services.membership.operations.candidates import any_of
from services.membership.operations.engagement import Gathered, gather
from services.membership.policy import days_after
from shared.contracts.membership import Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """The eve of an action beside a later day; no picture where it was no member, and then no direction.

    `ended` when the days have passed; else `after` is today. A member that left has got worse.
    """

    action: RetentionAction
    before_on: date
    after_on: date
    ended: bool
    before: Picture | None
    after: Picture | None
    standing_before: Standing | None
    standing_after: Standing | None
    direction: Direction | None
    paid: bool
    declared: bool
    registered: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class KindEffects:
    """Actions of one kind: how many were done, of how many the days have passed, and how those ended."""

    kind: ActionKind
    done: int
    ended: int
    better: int
    same: int
    worse: int
    paid: int
    declared: int
    registered: int


def effect(session: Session, action: RetentionAction, *, days: int, now: datetime) -> Effect:
    """What happened in the days after an action that was done.

    Raises:
        ActionNotDone
    """
    if action.done_on is None:
        raise ActionNotDone(state=action.state)
    return effects(session, [action], days=days, now=now)[0]


def effects(session: Session, actions: Sequence[RetentionAction], *, days: int, now: datetime) -> list[Effect]:
    """Of many actions that were done, with one reading for all."""
    done = [one.done_on for one in actions if one.done_on]
    if not done:
        return []
    members = list({one.member_id for one in actions})
    found = gather(session, members, since=days_after(min(done), -1), until=now.date())
    paid = _paid(session, members, since=min(done))
    return [_effect(found, paid[one.member_id], one, days=days, today=now.date()) for one in actions]


def effects_by_kind(session: Session, *, since: date, until: date, days: int, now: datetime) -> list[KindEffects]:
    """What actions done in a period led to, by their kind.

    Raises:
        TooManyActions: when there are more than one answer can look at; ask for a shorter period.
    """
    row = RetentionAction
    query = select(row).where(row.state == "done", row.done_on >= since, row.done_on <= until)
    actions = session.scalars(query.order_by(row.done_on, row.id).limit(MOST_ACTIONS + 1)).all()
    if len(actions) > MOST_ACTIONS:
        raise TooManyActions(pointer="/since", most=MOST_ACTIONS)
    by_kind: dict[ActionKind, list[Effect]] = defaultdict(list)
    for one in effects(session, actions, days=days, now=now):
        by_kind[one.action.kind].append(one)
    return [_summed(kind, by_kind[kind]) for kind in sorted(by_kind)]


def _effect(found: Gathered, paid: Iterable[date], action: RetentionAction, *, days: int, today: date) -> Effect:
    assert action.done_on
    eve, last = days_after(action.done_on, -1), days_after(action.done_on, days)
    end = min(last, today)
    was, before = found.on(action.member_id, eve, in_force(end))
    state, after = found.on(action.member_id, end)
    return Effect(
        action=action,
        before_on=eve,
        after_on=end,
        ended=last < today,
        before=before,
        after=after,
        standing_before=was.standing,
        standing_after=state.standing,
        direction=_direction(before, after),
        paid=any(action.done_on <= day <= end for day in paid),
        declared=_declared(found, action.member_id, action.done_on, end),
        registered=any(
            one.kind == "registered" and action.done_on <= one.on <= end for one in found.signals(action.member_id)
        ),
    )


def _direction(before: Picture | None, after: Picture | None) -> Direction | None:
    if before is None:
        return None
    return direction(before, after, in_force(after.at)) if after else "worse"


def _declared(found: Gathered, member_id: UUID, since: date, until: date) -> bool:
    made = (one.declared_at for one in found.declared(member_id))
    return any(at is not None and since <= at.date() <= until for at in made)


def _paid(session: Session, member_ids: Sequence[UUID], *, since: date) -> dict[UUID, list[date]]:
    """The days on which dues were settled, so far as that was not found wrong."""
    row = StandingFact
    query = select(row.member_id, row.effective_on).where(row.kind == "dues_settled", row.effective_on >= since)
    found: dict[UUID, list[date]] = defaultdict(list)
    for member_id, day in session.execute(query.where(row.member_id == any_of(member_ids), ~row.voiding.has())):
        found[member_id].append(day)
    return found


def _summed(kind: ActionKind, found: Sequence[Effect]) -> KindEffects:
    ended = [one for one in found if one.ended]
    ways = [one.direction for one in ended]
    return KindEffects(
        kind=kind,
        done=len(found),
        ended=len(ended),
        better=ways.count("better"),
        same=ways.count("same"),
        worse=ways.count("worse"),
        paid=sum(one.paid for one in ended),
        declared=sum(one.declared for one in ended),
        registered=sum(one.registered for one in ended),
    )
