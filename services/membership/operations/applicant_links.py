"""Let an applicant fill in its own application: invitations, links, and what a link opens."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.model import (
    ApplicantLink,
    ApplicationEnded,
    LinkRevoked,
    LinkRevokedAlready,
    MembershipApplication,
    NobodyToInvite,
    UnknownApplicantLink,
)
from services.membership.operations.application_letters import add_link, applicant_contact, write_to_applicant
from services.membership.operations.applications import application, application_to_change
from services.membership.operations.reaching import Address


def invite_applicant(
    session: Session, of: MembershipApplication, *, address: Address, actor: str, now: datetime
) -> ApplicantLink:
    """Mail a new link to the applicant's contact; links it has go on working until they end or are withdrawn.

    Raises:
        ApplicationClosed, NobodyToInvite
    """
    of.ensure_open()
    contact = applicant_contact(session, of)
    if not contact:
        raise NobodyToInvite(name=of.organization.name)
    link = add_link(session, of, contact, ends_on=_end(of, now), actor=actor, now=now)
    made = session.scalars(applicant_links(session, application_id=of.id)).all()
    said = {"ends_on": link.ends_on, "link": address(link.id)}
    write_to_applicant(session, of, contact, occasion="invitation", step=len(made), actor=actor, now=now, **said)
    session.flush()
    return link


def make_applicant_link(session: Session, of: MembershipApplication, *, actor: str, now: datetime) -> ApplicantLink:
    """A way in for staff to hand over themselves.

    Raises:
        ApplicationClosed
    """
    of.ensure_open()
    return add_link(session, of, None, ends_on=_end(of, now), actor=actor, now=now)


def applicant_links(session: Session, *, application_id: UUID) -> Select[ApplicantLink]:
    application(session, application_id=application_id)
    return select(ApplicantLink).where(ApplicantLink.application_id == application_id)


def revoke_applicant_link(
    session: Session, of: MembershipApplication, *, link_id: UUID, reason: str, actor: str, now: datetime
) -> ApplicantLink:
    """The link opens nothing any more; also of an application that is closed."""
    link = session.get(ApplicantLink, link_id)
    if not link or link.application_id != of.id:
        raise UnknownApplicantLink
    if link.revoked_at:
        raise LinkRevokedAlready
    link.revoked_at, link.revoked_by = now, actor
    of.record("unlinked", text=reason, now=now, actor=actor, link_id=str(link_id))
    session.flush()
    return link


def application_by_link(
    session: Session, *, link_id: UUID, now: datetime
) -> tuple[MembershipApplication, ApplicantLink]:
    """What a link opens, locked, and the link.

    Raises:
        UnknownApplicantLink, LinkRevoked, ApplicantLinkEnded, ApplicationEnded
    """
    link = session.get(ApplicantLink, link_id)
    if not link:
        raise UnknownApplicantLink
    of = application_to_change(session, application_id=link.application_id)
    session.refresh(link)
    if link.revoked_at:
        raise LinkRevoked
    link.ensure_lasts(now)
    if not of.is_open:
        raise ApplicationEnded
    return of, link


def _end(of: MembershipApplication, now: datetime) -> date:
    return now.date() + timedelta(days=of.form.policy.link_days)
