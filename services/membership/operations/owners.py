"""Who looks after a member."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from services.membership.model import Member, OwnerLine


def assign_member(session: Session, member: Member, *, owner: str | None, actor: str, now: datetime) -> Member:
    """Give the locked member to somebody, or to nobody; whose it was before is kept. Said again it changes nothing."""
    if owner == member.owner:
        return member
    last = select(func.coalesce(func.max(OwnerLine.number), 0)).where(OwnerLine.member_id == member.id)
    line = OwnerLine(member_id=member.id, number=session.scalars(last).one() + 1, previous=member.owner, owner=owner)
    line.assigned_at, line.assigned_by = now, actor
    session.add(line)
    member.owner = owner
    session.flush()
    return member


def owner_lines(*, member_id: UUID) -> Select[OwnerLine]:
    return select(OwnerLine).where(OwnerLine.member_id == member_id)
