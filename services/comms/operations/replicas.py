"""What comms follows of membership: members and merges."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.comms.model import Member, MergedOrganization
from shared import merged, replica
from shared.contracts.membership import MemberState
from shared.messaging.wire import Delivery


def keep_members(session: Session, deliveries: Sequence[Delivery[MemberState]]) -> None:
    replica.keep(session, Member, deliveries)


def forget_members(session: Session) -> None:
    session.execute(delete(Member))


def keep_merges(session: Session, deliveries: Sequence[Delivery[merged.Change]]) -> None:
    """Messages, welcomes and contacts of a merged organization are found under its survivor from now on."""
    merged.keep(session, MergedOrganization, deliveries)


def forget_merges(session: Session) -> None:
    session.execute(delete(MergedOrganization))


def one_at_a_time(session: Session, organization_id: UUID) -> None:
    """A letter and its contact handled at the same moment would each miss the other's uncommitted row."""
    standing = merged.survivor(session, MergedOrganization, organization_id)
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(standing), 0))))


def known_as(session: Session, organization_id: UUID) -> list[UUID]:
    """The organization with all that were merged into it."""
    return merged.known_as(session, MergedOrganization, organization_id)
