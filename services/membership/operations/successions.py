"""Successions: a member is merged or split into other organizations, and its membership may pass on to them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy.orm import Session

from services.membership.model import Member, NotPassedOn, Organization, OwnSuccessor
from services.membership.operations.announcing import live_member
from services.membership.operations.facts import Recorded, decide
from services.membership.operations.finding import organization_to_change
from services.membership.operations.members import admit, close_as_won
from services.membership.operations.prospects import prospects
from services.membership.operations.standing import standing_on
from shared.contracts.membership import Standing


class GivenSuccessor(TypedDict, total=False):
    """A successor as the caller names it; `admit` when the membership passes on to it."""

    organization_id: UUID
    admit: bool


def succeed(
    session: Session,
    ended: Member,
    *,
    successors: Sequence[GivenSuccessor],
    effective_on: date | None = None,
    reason: str,
    reference: str = "",
    actor: str,
    now: datetime,
) -> Recorded:
    """The member's organization is merged into one successor or split into several, and its membership ends.

    A successor to admit becomes a member from that day on, in the same category, unless it is one already.

    Raises:
        OwnSuccessor, UnknownOrganization, OrganizationGone: for a successor that can be none.
        NotPassedOn: when there is one to admit and the membership was not current.
    """
    day = effective_on or now.date()
    was = standing_on(session, ended, on=day)
    found = {
        one["organization_id"]: _successor(session, ended, one["organization_id"])
        for one in sorted(successors, key=lambda one: one["organization_id"])
    }
    recorded = decide(
        session,
        ended,
        kind="succeeded",
        effective_on=day,
        reason=reason,
        reference=reference,
        successors=list(found.values()),
        actor=actor,
        now=now,
    )
    for one in successors:
        if one.get("admit"):
            _pass_on(
                session, ended, found[one["organization_id"]], was=was, day=day, reason=reason, actor=actor, now=now
            )
    return recorded


def _successor(session: Session, ended: Member, organization_id: UUID) -> Organization:
    if organization_id == ended.organization_id:
        raise OwnSuccessor(pointer="/successors")
    found = organization_to_change(session, organization_id=organization_id)
    found.ensure_listed()
    return found


def _pass_on(
    session: Session,
    ended: Member,
    successor: Organization,
    *,
    was: Standing | None,
    day: date,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    """Who is suspended or late with dues would otherwise be rid of it by a merger."""
    if live_member(session, successor):
        return
    if was != "current":
        raise NotPassedOn(standing=was)
    won = session.scalar(prospects(stage="opened", organization_id=successor.id))
    left = won.admit(now=now, actor=actor) if won else None
    heir = admit(
        session,
        successor,
        category=ended.category,
        reason=reason,
        owner=ended.owner,
        admitted_on=day,
        actor=actor,
        now=now,
    )
    if won and left:
        close_as_won(session, won, heir, left, at=now)
