"""What members agreed to show in the public directory, and who is in it."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, select
from sqlalchemy.orm import Session, contains_eager

from services.membership.model import DirectoryConsent, Member, Organization
from services.membership.model.consents import Shown
from services.membership.names import fold
from services.membership.operations.candidates import any_of
from services.membership.operations.members import member_to_change
from services.membership.standing import IN_GOOD_STANDING
from shared.contracts.membership import MemberConsentChanged
from shared.messaging.outbox import publish


def consents(*, member_id: UUID) -> Select[DirectoryConsent]:
    """Every line there was of a member; the one with the highest number counts."""
    return select(DirectoryConsent).where(DirectoryConsent.member_id == member_id)


def consent_to_change(session: Session, *, member_id: UUID) -> tuple[Member, DirectoryConsent | None]:
    """The member, locked, and what it agreed to last, if ever."""
    member = member_to_change(session, member_id=member_id)
    last = consents(member_id=member_id).order_by(DirectoryConsent.number.desc()).limit(1)
    return member, session.scalar(last)


def give_consent(
    session: Session,
    member: Member,
    before: DirectoryConsent | None,
    *,
    shows: list[Shown],
    agreed_by: str,
    agreed_on: date | None = None,
    reference: str = "",
    actor: str,
    now: datetime,
) -> DirectoryConsent:
    """What the locked member agrees to show from now on, whole; what was agreed before counts no more."""
    given = DirectoryConsent.give(
        member,
        before,
        shows=shows,
        agreed_by=agreed_by,
        agreed_on=agreed_on,
        reference=reference,
        now=now,
        actor=actor,
    )
    session.add(given)
    session.flush()
    if given.shows != (before.shows if before else []):
        fact = MemberConsentChanged(
            member_id=member.id, organization_id=member.organization_id, shows=tuple(given.shows)
        )
        publish(session, fact, at=now)
    return given


def public_members(*, country: str | None = None, sector: str | None = None, name: str | None = None) -> Select[Member]:
    """Members in good standing that agreed to be listed. Only by what is shown can they be found."""
    theirs = Member.organization
    query = (
        select(Member)
        .join(theirs)
        .join(DirectoryConsent, and_(DirectoryConsent.member_id == Member.id, _counts()))
        .where(Member.standing.in_(IN_GOOD_STANDING), DirectoryConsent.shows.contains(["listing"]))
        .options(contains_eager(theirs).selectinload(Organization.contacts))
    )
    if country is not None:
        query = query.where(Organization.country == country)
    if sector is not None:
        query = query.where(Organization.sectors.contains([sector]), DirectoryConsent.shows.contains(["profile"]))
    if name is not None:
        query = query.where(*_has(name))
    return query


def consents_of(session: Session, member_ids: Sequence[UUID]) -> dict[UUID, frozenset[Shown]]:
    """What each of the members agreed to show."""
    row = DirectoryConsent
    query = select(row.member_id, row.shows).where(row.member_id == any_of(member_ids), _counts())
    return {member_id: frozenset(shows) for member_id, shows in session.execute(query)}


def _has(words: str) -> list[ColumnElement[bool]]:
    """Each word is a part of the name itself: the index knows trade names too. No word at all finds nothing."""
    parts = [Organization.folded_name.contains(word, autoescape=True) for word in fold(words).split()]
    return parts or [false()]


def _counts() -> ColumnElement[bool]:
    later = DirectoryConsent.__table__.alias()
    last = select(func.max(later.c.number)).where(later.c.member_id == DirectoryConsent.member_id)
    return DirectoryConsent.number == last.scalar_subquery()
