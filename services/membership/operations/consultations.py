"""Consult the members of the applicant's country: whom to ask, what they say, and the end of it."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from services.membership.model import (
    LinkRevoked,
    LinkRevokedAlready,
    Member,
    MembershipApplication,
    Opinion,
    OpinionLink,
    UnknownLink,
    UnknownOpinion,
)
from services.membership.model import consultations as model
from services.membership.model.consultations import Consultation, Stance
from services.membership.operations.application_letters import ask_opinions
from services.membership.operations.applications import application, application_to_change, due_for
from services.membership.operations.reaching import Address
from services.membership.operations.voters import voters
from shared.ids import uuid7


def consult_members(
    session: Session,
    consulted: MembershipApplication,
    *,
    closes_on: date,
    address: Address,
    actor: str,
    now: datetime,
) -> MembershipApplication:
    """Ask everybody who is a member of the country today, in good standing or in grace; the applicant is not asked."""
    found = voters(session, on=now.date(), country=consulted.organization.country, now=now)
    own = {one.id for one in _memberships(session, consulted)}
    members = [one.member_id for one in found if one.is_current and one.member_id not in own]
    model.consult(consulted, members, closes_on, now=now, actor=actor)
    session.flush()
    ask_opinions(session, consulted, occasion="request", address=address, actor=actor, now=now)
    session.flush()
    return consulted


def say_opinion(
    session: Session,
    of: MembershipApplication,
    *,
    member_id: UUID,
    stance: Stance,
    comment: str = "",
    reference: str = "",
    actor: str,
    now: datetime,
) -> Opinion:
    """What a member said, recorded by staff; again until the consultation closes."""
    said = _opinion_of(of, member_id)
    model.say(of, said, stance, comment=comment, reference=reference, now=now, actor=actor)
    session.flush()
    return said


def close_consultation(
    session: Session, closing: MembershipApplication, *, actor: str, now: datetime
) -> MembershipApplication:
    model.close(closing, now=now, actor=actor)
    session.flush()
    return closing


def close_consultations(session: Session, *, actor: str, now: datetime) -> Sequence[MembershipApplication]:
    """End those whose day is over, as many as one transaction takes; each once, however many do this at a time."""
    closing = session.scalars(due_for("consultation", now)).all()
    for one in closing:
        model.close(one, now=now, actor=actor)
    session.flush()
    return closing


def opinions(session: Session, *, application_id: UUID, stance: str | None = None) -> Select[Opinion]:
    """Everybody asked in the last consultation; "waiting" are those who may still answer."""
    application(session, application_id=application_id)
    last = select(Consultation.id).where(Consultation.application_id == application_id)
    last = last.order_by(Consultation.id.desc()).limit(1)
    query = select(Opinion).where(Opinion.consultation_id == last.scalar_subquery())
    query = query.options(selectinload(Opinion.links))
    if stance == "waiting":
        return query.where(Opinion.stance.is_(None))
    return query.where(Opinion.stance == stance) if stance else query


def make_opinion_link(
    session: Session, of: MembershipApplication, *, member_id: UUID, actor: str, now: datetime
) -> OpinionLink:
    """A way to answer without login, for staff to hand over."""
    model.asking(of).ensure_open(now)
    asked = _opinion_of(of, member_id)
    made = OpinionLink(id=uuid7(), opinion_id=asked.id, made_at=now, made_by=actor)
    asked.links.append(made)
    of.work("linked", now=now, actor=actor, member_id=str(member_id), link_id=str(made.id))
    session.flush()
    return made


def revoke_opinion_link(
    session: Session,
    of: MembershipApplication,
    *,
    member_id: UUID,
    link_id: UUID,
    reason: str,
    actor: str,
    now: datetime,
) -> Opinion:
    """The link opens nothing any more."""
    asked = _opinion_of(of, member_id)
    link = next((one for one in asked.links if one.id == link_id), None)
    if not link:
        raise UnknownLink
    if link.revoked_at:
        raise LinkRevokedAlready
    link.revoked_at, link.revoked_by = now, actor
    of.work("unlinked", text=reason, now=now, actor=actor, member_id=str(member_id), link_id=str(link_id))
    session.flush()
    return asked


def opinion_by_link(session: Session, *, link_id: UUID, now: datetime) -> tuple[MembershipApplication, Opinion]:
    """What a link opens, with the application locked.

    Raises:
        UnknownLink, LinkRevoked, NotConsulting, ConsultationClosed
    """
    link = session.get(OpinionLink, link_id)
    asked = session.get(Opinion, link.opinion_id) if link else None
    if not link or not asked:
        raise UnknownLink
    consultation = session.get_one(Consultation, asked.consultation_id)
    of = application_to_change(session, application_id=consultation.application_id)
    session.refresh(link)
    if link.revoked_at:
        raise LinkRevoked
    session.refresh(asked)
    session.refresh(consultation)
    consultation.ensure_open(now)
    model.asking(of)
    return of, asked


def say_by_link(
    session: Session,
    of: MembershipApplication,
    asked: Opinion,
    *,
    stance: Stance,
    comment: str = "",
    link_id: UUID,
    now: datetime,
) -> Opinion:
    """What a member said itself."""
    model.say(of, asked, stance, comment=comment, now=now, actor=f"link/{link_id}")
    session.flush()
    return asked


def _opinion_of(of: MembershipApplication, member_id: UUID) -> Opinion:
    found = of.consultation and next((one for one in of.consultation.opinions if one.member_id == member_id), None)
    if not found:
        raise UnknownOpinion
    return found


def _memberships(session: Session, of: MembershipApplication) -> Sequence[Member]:
    return session.scalars(select(Member).where(Member.organization_id == of.organization_id)).all()


def opinion_counts(session: Session, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many said what, by consultation; "waiting" for those who may still answer."""
    grouped = (
        select(Opinion.consultation_id, Opinion.stance, func.count())
        .where(Opinion.consultation_id.in_(ids))
        .group_by(Opinion.consultation_id, Opinion.stance)
    )
    found = {one: dict.fromkeys(("support", "object", "abstain", "silent", "waiting"), 0) for one in ids}
    for consultation_id, stance, count in session.execute(grouped):
        found[consultation_id][stance or "waiting"] = count
    return found
