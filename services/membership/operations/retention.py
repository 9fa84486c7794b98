"""What staff does to keep members near: planned, changed, done or dropped."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.engagement_weights import ActionKind
from services.membership.model import (
    ActionPlannedAlready,
    Member,
    NoMemberAnyMore,
    RetentionAction,
    UnknownRetentionAction,
)
from services.membership.model.retention import ActionState
from services.membership.operations.candidates import any_of
from shared.contracts.membership import RetentionActionTaken
from shared.messaging.outbox import publish


def plan_action(
    session: Session,
    member: Member,
    *,
    kind: ActionKind,
    due_on: date,
    owner: str | None = None,
    note: str = "",
    actor: str,
    now: datetime,
) -> RetentionAction:
    """Plan something for the locked member; without `owner` it is for who looks after it, or whoever plans.

    Raises:
        NoMemberAnyMore: when the membership has ended.
        ActionPlannedAlready: when one of the kind is planned.
        ActionDueInPast
    """
    if member.is_ended:
        raise NoMemberAnyMore(standing=member.standing)
    same = retention_actions(member_id=member.id, kind=kind, state="planned")
    if before := session.scalars(same).first():
        raise ActionPlannedAlready(due_on=before.due_on)
    does_it = owner or member.owner or actor
    planned = RetentionAction.plan(member, kind=kind, owner=does_it, due_on=due_on, note=note, now=now, actor=actor)
    session.add(planned)
    session.flush()
    return planned


def change_action(
    session: Session, changed: RetentionAction, *, actor: str, now: datetime, **facts: Any
) -> RetentionAction:
    """Owner, day or note of a locked action."""
    changed.change(now=now, actor=actor, **facts)
    session.flush()
    return changed


def finish_action(
    session: Session,
    done: RetentionAction,
    *,
    done_on: date | None = None,
    note: str = "",
    actor: str,
    now: datetime,
) -> RetentionAction:
    """A locked action was done, on a day (today if None); said to whoever listens."""
    day = done_on or now.date()
    done.finish(day, note, now=now, actor=actor)
    session.flush()
    fact = RetentionActionTaken(
        action_id=done.id,
        member_id=done.member_id,
        organization_id=done.member.organization_id,
        kind=done.kind,
        done_on=day,
    )
    publish(session, fact, at=now)
    return done


def drop_action(
    session: Session, dropped: RetentionAction, *, reason: str, actor: str, now: datetime
) -> RetentionAction:
    """A locked action is not needed any more."""
    dropped.drop(reason, now=now, actor=actor)
    session.flush()
    return dropped


def planned_for(session: Session, member_ids: Sequence[UUID]) -> dict[UUID, list[RetentionAction]]:
    """What is planned for each of the members, the next first."""
    query = retention_actions(state="planned").where(RetentionAction.member_id == any_of(member_ids))
    found: dict[UUID, list[RetentionAction]] = defaultdict(list)
    for one in session.scalars(query.order_by(RetentionAction.due_on, RetentionAction.id)):
        found[one.member_id].append(one)
    return found


def retention_action(session: Session, *, action_id: UUID) -> RetentionAction:
    found = session.get(RetentionAction, action_id)
    if not found:
        raise UnknownRetentionAction(action_id=action_id)
    return found


def action_to_change(session: Session, *, action_id: UUID) -> RetentionAction:
    """The action, locked; its member is not."""
    lock = {"of": RetentionAction}
    found = session.get(RetentionAction, action_id, with_for_update=lock, populate_existing=True)
    if not found:
        raise UnknownRetentionAction(action_id=action_id)
    return found


def retention_actions(
    *,
    member_id: UUID | None = None,
    kind: ActionKind | None = None,
    owner: str | None = None,
    state: ActionState | None = None,
    overdue: bool | None = None,
    today: date | None = None,
) -> Select[RetentionAction]:
    """Actions that match everything given; an overdue one should have been done before `today`."""
    row = RetentionAction
    given = {row.member_id: member_id, row.kind: kind, row.owner: owner, row.state: state}
    query = select(row).where(*(column == value for column, value in given.items() if value is not None))
    if overdue is not None:
        late = (row.state == "planned") & (row.due_on < today)
        query = query.where(late if overdue else ~late)
    return query
