"""Everything funding can be asked and told. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from services.funding.model import NOT_ADMITTED, Eligibility, Member
from shared import replica
from shared.contracts.membership import MemberState, Standing
from shared.errors import NotFound
from shared.messaging.wire import Delivery


class UnknownMember(NotFound):
    message = "There is no member {member_id}."


def keep_members(session: Session, deliveries: Sequence[Delivery[MemberState]]) -> None:
    replica.keep(session, Member, deliveries)


def forget_members(session: Session) -> None:
    session.execute(delete(Member))


def member(session: Session, *, member_id: UUID) -> Member:
    found = session.get(Member, member_id)
    if not found:
        raise UnknownMember(member_id=member_id)
    return found


def members(*, standing: Standing | None = None, country: str | None = None) -> Select[Member]:
    query = select(Member)
    if standing:
        query = query.where(Member.standing == standing)
    if country:
        query = query.where(Member.country == country)
    return query


def eligibility(session: Session, *, member_id: UUID) -> Eligibility:
    """An organization nobody admitted is an answer, not an error: it is not eligible."""
    known = session.get(Member, member_id)
    return known.eligibility if known else NOT_ADMITTED
