"""What the other services are told when organizations are joined or parted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership.model import Member, Merge, Organization
from services.membership.operations.announcing import (
    PublicState,
    announce_contact,
    announce_update,
    live_member,
    public_state,
)


@dataclass(frozen=True)
class MemberView:
    """What the other services know of an organization: its live membership as they have it, if there is one."""

    member_id: UUID | None
    state: PublicState | None

    @classmethod
    def of(cls, session: Session, organization: Organization) -> Self:
        member = live_member(session, organization)
        return cls(member.id, public_state(member)) if member else cls(None, None)

    @property
    def is_member(self) -> bool:
        return self.member_id is not None


def announce_merge(session: Session, merge: Merge, survivor: Organization, *, before: MemberView, at: datetime) -> None:
    """The loser's memberships and contacts are the survivor's from now on."""
    _announce_members(session, merge, survivor, before, at=at)
    if live_member(session, survivor):
        moved = _moved(merge, "contacts.organization_id")
        for contact in survivor.contacts:
            if contact.id in moved or not before.is_member:
                announce_contact(session, contact, at=at)


def announce_unmerge(
    session: Session,
    merge: Merge,
    survivor: Organization,
    loser: Organization,
    *,
    before: MemberView,
    at: datetime,
) -> None:
    """Memberships and contacts are the loser's again; nobody writes to contacts of who is no member any more."""
    _announce_members(session, merge, survivor, before, at=at)
    for one in (survivor, loser):
        is_member = live_member(session, one) is not None
        was_told = before.is_member
        for contact in one.contacts:
            if one is loser and (is_member or was_told):
                announce_contact(session, contact, at=at, removed=not is_member)
            elif one is survivor and was_told and not is_member:
                announce_contact(session, contact, at=at, removed=True)


def _announce_members(
    session: Session, merge: Merge, survivor: Organization, before: MemberView, *, at: datetime
) -> None:
    moved = _moved(merge, "members.organization_id")
    for member in session.scalars(select(Member).where(Member.id.in_(moved)).order_by(Member.id)).all():
        announce_update(session, member, at=at)
    live = live_member(session, survivor)
    if live and live.id not in moved and live.id == before.member_id and public_state(live) != before.state:
        announce_update(session, live, at=at)


def _moved(merge: Merge, name: str) -> set[UUID]:
    return {UUID(one) for one in merge.moved.get(name, ())}
