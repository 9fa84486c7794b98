"""Everything funding can be asked and told. Callers own the transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from services.funding.model import Award, AwardState, Eligibility, Member, eligibility_of
from shared import replica
from shared.contracts.funding import AwardAccepted, AwardDeclined, AwardMade
from shared.contracts.membership import MemberState, Standing
from shared.errors import NotFound
from shared.messaging.outbox import publish
from shared.messaging.wire import Delivery
from shared.money import Money

Fact = TypeVar("Fact", AwardMade, AwardAccepted, AwardDeclined)


class UnknownMember(NotFound):
    message = "There is no member {member_id}."


class UnknownAward(NotFound):
    message = "There is no award {award_id}."


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
    return eligibility_of(session.get(Member, member_id))


def propose_award(
    session: Session, *, member_id: UUID, title: str, purpose: str, amount: Money, actor: str, now: datetime
) -> Award:
    """For somebody else to decide; nobody outside is told of it yet."""
    known = session.get(Member, member_id)
    proposed = Award.propose(member=known, title=title, purpose=purpose, amount=amount, now=now, actor=actor)
    session.add(proposed)
    session.flush()
    return proposed


def offer_award(session: Session, offered: Award, *, minutes: str, actor: str, now: datetime) -> Award:
    """What was decided on a locked award; whether the member is eligible is asked again."""
    known = session.get(Member, offered.member_id)
    offered.offer(member=known, minutes=minutes, now=now, actor=actor)
    session.flush()
    publish(session, _fact(AwardMade, offered), at=now)
    return offered


def withdraw_award(session: Session, withdrawn: Award, *, reason: str, actor: str, now: datetime) -> Award:
    """Give a locked proposal up, which nobody outside was told of."""
    withdrawn.withdraw(reason=reason, now=now, actor=actor)
    session.flush()
    return withdrawn


def accept_award(session: Session, accepted: Award, *, actor: str, now: datetime) -> Award:
    """The member takes what it was offered; the award is locked."""
    accepted.accept(now=now, actor=actor)
    session.flush()
    publish(session, _fact(AwardAccepted, accepted), at=now)
    return accepted


def decline_award(session: Session, declined: Award, *, reason: str, actor: str, now: datetime) -> Award:
    """The member does not take what it was offered; the award is locked. Why is told nobody outside."""
    declined.decline(reason=reason, now=now, actor=actor)
    session.flush()
    publish(session, _fact(AwardDeclined, declined), at=now)
    return declined


def award(session: Session, *, award_id: UUID) -> Award:
    found = session.get(Award, award_id)
    if not found:
        raise UnknownAward(award_id=award_id)
    return found


def award_to_change(session: Session, *, award_id: UUID) -> Award:
    """The award, locked."""
    found = session.get(Award, award_id, with_for_update=True, populate_existing=True)
    if not found:
        raise UnknownAward(award_id=award_id)
    return found


def awards(
    *, state: AwardState | None = None, member_id: UUID | None = None, country: str | None = None
) -> Select[Award]:
    """Of a country are those whose member is of it now."""
    query = select(Award)
    if state:
        query = query.where(Award.state == state)
    if member_id:
        query = query.where(Award.member_id == member_id)
    if country:
        query = query.where(Award.member_id.in_(select(Member.id).where(Member.country == country)))
    return query


def _fact(kind: type[Fact], of: Award) -> Fact:
    return kind(
        award_id=of.id,
        member_id=of.member_id,
        organization_id=of.organization_id,
        title=of.title,
        amount=of.minor,
        currency=of.currency,
    )
