"""Ask members for their statistic: links for people without login, requests, reminders, questions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from services.membership.model import (
    Contact,
    Member,
    StatisticDeclaration,
    StatisticLink,
    StatisticRequest,
    StatisticRound,
    UnknownLink,
)
from services.membership.model.members import LIVE
from services.membership.operations.reaching import LEADING, Address, contacts_of
from services.membership.operations.rounds import include_members
from services.membership.operations.statistics import announce_decision, statistic_to_change
from shared.contracts.membership import Occasion, StatisticRequested
from shared.ids import uuid7
from shared.messaging.outbox import publish_all

_ROLES = ("dues", *LEADING)
"""Who is asked, in this order; a contact with any other role comes last."""


def ask_members(
    session: Session,
    of: StatisticRound,
    *,
    occasion: Occasion,
    step: int,
    address: Address,
    actor: str,
    now: datetime,
) -> dict[str, int]:
    """Write to everybody who has not declared and was not written to at this step; again changes nothing.

    How many were asked, and how many have nobody to write to.
    """
    of.ensure_open(now)
    include_members(session, of, actor=actor, now=now)
    waiting = _waiting(session, of, occasion=occasion, step=step)
    contacts = contacts_of(session, [one.member.organization_id for one in waiting], first=_ROLES)
    found = ((declaration, contacts.get(declaration.member.organization_id)) for declaration in waiting)
    pairs = [(declaration, contact) for declaration, contact in found if contact]
    _write_to(session, pairs, occasion, step, address=address, actor=actor, now=now)
    return {"asked": len(pairs), "without_contact": len(waiting) - len(pairs)}


def question_statistic(
    session: Session,
    questioned: StatisticDeclaration,
    *,
    question: str,
    address: Address,
    actor: str,
    now: datetime,
) -> StatisticDeclaration:
    """Ask about the figures; the member is written to while the round lasts and somebody can be reached."""
    questioned.put_question(question, now=now, actor=actor)
    organization_id = questioned.member.organization_id
    contact = contacts_of(session, [organization_id], first=_ROLES).get(organization_id)
    session.flush()
    announce_decision(session, questioned, "questioned", at=now)
    if contact and now < questioned.round.closes_at:
        step = sum(line.step == "questioned" for line in questioned.history)
        pairs = [(questioned, contact)]
        _write_to(session, pairs, "question", step, address=address, actor=actor, now=now)
    return questioned


def make_link(
    session: Session, into: StatisticDeclaration, *, contact_id: UUID | None = None, actor: str, now: datetime
) -> StatisticLink:
    """A way in for somebody staff hand it to themselves."""
    into.round.ensure_open(now)
    made = StatisticLink(id=uuid7(), statistic_id=into.id, contact_id=contact_id, made_at=now, made_by=actor)
    into.links.append(made)
    into.note("linked", "", now, actor)
    session.flush()
    return made


def revoke_link(
    session: Session, of: StatisticDeclaration, *, link_id: UUID, reason: str, actor: str, now: datetime
) -> StatisticDeclaration:
    """The link opens nothing any more."""
    link = next((one for one in of.links if one.id == link_id), None)
    if not link:
        raise UnknownLink
    link.revoke(now=now, actor=actor)
    of.note("unlinked", reason, now, actor)
    session.flush()
    return of


def statistic_by_link(session: Session, *, link_id: UUID, now: datetime) -> tuple[StatisticDeclaration, StatisticLink]:
    """The declaration a link opens, locked, and the link.

    Raises:
        UnknownLink, LinkRevoked, RoundNotOpen, RoundClosed
    """
    link = session.get(StatisticLink, link_id)
    if not link:
        raise UnknownLink
    declaration = statistic_to_change(session, statistic_id=link.statistic_id)
    session.refresh(link)
    link.ensure_usable()
    declaration.round.ensure_open(now)
    return declaration, link


def _waiting(session: Session, of: StatisticRound, *, occasion: Occasion, step: int) -> Sequence[StatisticDeclaration]:
    """Locked, so that a declaration that comes in meanwhile is not asked for again."""
    asked = exists().where(
        StatisticRequest.statistic_id == StatisticDeclaration.id,
        StatisticRequest.occasion == occasion,
        StatisticRequest.step == step,
    )
    query = (
        select(StatisticDeclaration)
        .join(Member, Member.id == StatisticDeclaration.member_id)
        .where(StatisticDeclaration.round_id == of.id, StatisticDeclaration.state.in_(("requested", "questioned")))
        .where(Member.standing.in_(LIVE), ~asked)
        .order_by(StatisticDeclaration.id)
        .with_for_update(of=StatisticDeclaration)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()


def _write_to(
    session: Session,
    pairs: Sequence[tuple[StatisticDeclaration, Contact]],
    occasion: Occasion,
    step: int,
    *,
    address: Address,
    actor: str,
    now: datetime,
) -> None:
    """A link of its own for each, and the news for whoever writes the mails."""
    if not pairs:
        return
    links = {declaration.id: uuid7() for declaration, _ in pairs}
    asked = [{"statistic_id": one.id, "contact_id": contact.id} for one, contact in pairs]
    made = {"made_at": now, "made_by": actor}
    session.execute(insert(StatisticLink), [{"id": links[row["statistic_id"]], **row, **made} for row in asked])
    sent = {"occasion": occasion, "step": step, "at": now, "by": actor}
    session.execute(insert(StatisticRequest), [{"link_id": links[row["statistic_id"]], **row, **sent} for row in asked])
    requests = (_request(*pair, occasion, step, link=address(links[pair[0].id])) for pair in pairs)
    publish_all(session, requests, at=now)


def _request(
    declaration: StatisticDeclaration, contact: Contact, occasion: Occasion, step: int, *, link: str
) -> StatisticRequested:
    organization, of = declaration.member.organization, declaration.round
    return StatisticRequested(
        statistic_id=declaration.id,
        member_id=declaration.member_id,
        organization_id=organization.id,
        contact_id=contact.id,
        name=organization.name,
        language=organization.language,
        year=declaration.year,
        occasion=occasion,
        step=step,
        due_on=of.due_on,
        closes_on=of.closes_on,
        link=link,
        question=declaration.question,
    )
