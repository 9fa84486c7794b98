"""What has to be written about applications, to members consulted and to applicants; comms writes the mails."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership.model import ApplicantLink, Contact, MembershipApplication, Opinion, OpinionLink
from services.membership.model.application_questions import lapses_on
from services.membership.model.application_states import SCHEDULE
from services.membership.operations.announcing import announce_contact
from services.membership.operations.dues_contacts import language_for
from services.membership.operations.reaching import LEADING, Address, contacts_of
from shared.contracts.membership import ApplicantNotified, ApplicantOccasion, ConsultationOccasion, OpinionRequested
from shared.ids import uuid7
from shared.messaging.outbox import publish

AT_ONCE = 20
"""So many applications are reminded of in one transaction; each may be a letter to every member of a country."""


def ask_opinions(
    session: Session,
    of: MembershipApplication,
    *,
    occasion: ConsultationOccasion,
    address: Address,
    actor: str,
    now: datetime,
) -> None:
    """Write to every member consulted that may still answer, each with a link of its own."""
    waiting = [one for one in of.consultation.opinions if not one.stance] if of.consultation else []
    contacts = contacts_of(session, [one.member.organization_id for one in waiting], first=LEADING)
    for one in waiting:
        if contact := contacts.get(one.member.organization_id):
            link = OpinionLink(id=uuid7(), opinion_id=one.id, made_at=now, made_by=actor)
            session.add(link)
            one.written_at = now
            publish(session, _request(of, one, contact, occasion, link=address(link.id)), at=now)
    if waiting:
        told, unreached = f"consultation_{occasion}", len(waiting) - len(contacts)
        of.record("written", now=now, actor=actor, occasion=told, letters=len(contacts), without_contact=unreached)


def _request(
    of: MembershipApplication, asked: Opinion, contact: Contact, occasion: ConsultationOccasion, *, link: str
) -> OpinionRequested:
    assert of.consultation
    organization = asked.member.organization
    return OpinionRequested(
        opinion_id=asked.id,
        application_id=of.id,
        member_id=asked.member_id,
        organization_id=organization.id,
        contact_id=contact.id,
        name=organization.name,
        language=language_for(contact, organization),
        applicant=of.organization.name,
        country=of.consultation.country,
        category=of.category,
        occasion=occasion,
        closes_on=of.consultation.closes_on,
        link=link,
    )


def applicant_contact(session: Session, of: MembershipApplication) -> Contact | None:
    """Who speaks for the applicant and can be written to."""
    return contacts_of(session, [of.organization_id], first=LEADING).get(of.organization_id)


def write_to_applicant(
    session: Session,
    of: MembershipApplication,
    contact: Contact | None,
    *,
    occasion: ApplicantOccasion,
    step: int = 1,
    actor: str,
    now: datetime,
    **said: Any,
) -> None:
    """Write to the applicant's contact, who becomes known to comms by it; where there is nobody, that is recorded."""
    of.record("written", now=now, actor=actor, occasion=occasion, contact_id=contact and str(contact.id))
    if not contact:
        return
    organization = of.organization
    announce_contact(session, contact, at=now)
    fact = ApplicantNotified(
        application_id=of.id,
        organization_id=organization.id,
        contact_id=contact.id,
        name=organization.name,
        language=language_for(contact, organization),
        category=of.category,
        occasion=occasion,
        step=step,
        **said,
    )
    publish(session, fact, at=now)


def add_link(
    session: Session,
    of: MembershipApplication,
    contact: Contact | None,
    *,
    ends_on: date,
    actor: str,
    now: datetime,
) -> ApplicantLink:
    """A way in for the applicant."""
    link = ApplicantLink(id=uuid7(), application_id=of.id, ends_on=ends_on, made_at=now, made_by=actor)
    link.contact_id = contact.id if contact else None
    session.add(link)
    of.record("linked", now=now, actor=actor, link_id=str(link.id), ends_on=ends_on.isoformat())
    session.flush()
    return link


def put_question(
    session: Session,
    of: MembershipApplication,
    *,
    occasion: ApplicantOccasion,
    address: Address,
    actor: str,
    now: datetime,
) -> None:
    """Write what is asked and not answered, with a link that lasts as long as the answer is awaited."""
    asked = of.question
    assert asked
    said: dict[str, Any] = {"question": asked.question, "due_on": asked.due_on, "ends_on": lapses_on(of, asked)}
    contact = applicant_contact(session, of)
    if contact:
        link = add_link(session, of, contact, ends_on=said["ends_on"], actor=actor, now=now)
        said["link"] = address(link.id)
    write_to_applicant(session, of, contact, occasion=occasion, step=len(of.questions), actor=actor, now=now, **said)


class Addresses(NamedTuple):
    """What links are sent out as, by what they open."""

    opinion: Address
    application: Address


def remind_applications(session: Session, *, addresses: Addresses, now: datetime) -> Sequence[MembershipApplication]:
    """Remind whoever has not answered, of up to AT_ONCE applications; once, however many do this at a time.

    After a standstill of days nobody is reminded of what was over meanwhile.
    """
    row = MembershipApplication
    due = select(row).where(row.remind_on <= now.date()).order_by(row.id).limit(AT_ONCE)
    locked = due.with_for_update(of=row, skip_locked=True).execution_options(populate_existing=True)
    found = session.scalars(locked).all()
    for one in found:
        one.remind_on = None
        if one.due_on and one.due_on >= now.date():
            _remind(session, one, addresses, now=now)
    session.flush()
    return found


def _remind(session: Session, of: MembershipApplication, addresses: Addresses, *, now: datetime) -> None:
    if of.state == "consultation":
        ask_opinions(session, of, occasion="reminder", address=addresses.opinion, actor=SCHEDULE, now=now)
    elif of.question:
        put_question(session, of, occasion="reminder", address=addresses.application, actor=SCHEDULE, now=now)
