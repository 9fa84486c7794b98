"""Everything that can be done with gatherings. Callers own the transaction."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, case, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.events.model import (
    Gathering,
    Interest,
    Kind,
    Lead,
    Member,
    MergedOrganization,
    Quote,
    Registration,
    lead_key,
)
from shared import merged, replica
from shared.contracts.events import GatheringAnnounced, LeadCaptured, PriceTier, RegistrationConfirmed
from shared.contracts.membership import MemberState
from shared.errors import Conflict, NotFound
from shared.ids import uuid7
from shared.messaging.outbox import publish
from shared.messaging.wire import Delivery
from shared.money import Money


class UnknownGathering(NotFound):
    message = "There is no gathering {gathering_id}."


class UnknownRegistration(NotFound):
    message = "There is no registration {registration_id}."


class UnknownLead(NotFound):
    message = "There is no lead {lead_id}."


class AlreadyRegistered(Conflict):
    message = "This person is already registered for {name}."


def announce_gathering(
    session: Session,
    *,
    kind: Kind,
    name: str,
    place: str,
    country: str,
    starts_on: date,
    ends_on: date,
    prices: dict[PriceTier, Money],
    now: datetime,
) -> Gathering:
    gathering = Gathering.announce(
        kind=kind, name=name, place=place, country=country, starts_on=starts_on, ends_on=ends_on, prices=prices, now=now
    )
    session.add(gathering)
    session.flush()
    announced = GatheringAnnounced(
        gathering_id=gathering.id, name=name, kind=kind, country=country, starts_on=starts_on, ends_on=ends_on
    )
    publish(session, announced, at=now)
    return gathering


def gathering(session: Session, *, gathering_id: UUID) -> Gathering:
    found = session.get(Gathering, gathering_id)
    if not found:
        raise UnknownGathering(gathering_id=gathering_id)
    return found


def gatherings(*, kind: Kind | None = None, country: str | None = None) -> Select[Gathering]:
    query = select(Gathering)
    if kind:
        query = query.where(Gathering.kind == kind)
    if country:
        query = query.where(Gathering.country == country)
    return query


def quote(session: Session, *, gathering_id: UUID, organization_id: UUID | None = None) -> Quote:
    place = gathering(session, gathering_id=gathering_id)
    organization_id = organization_id and merged.survivor(session, MergedOrganization, organization_id)
    member = _member_of(session, organization_id) if organization_id else None
    return place.quote(organization_id=organization_id, member=member)


def register(
    session: Session, *, gathering_id: UUID, person: str, organization_id: UUID | None = None, now: datetime
) -> Registration:
    place = gathering(session, gathering_id=gathering_id)
    organization_id = organization_id and merged.survivor(session, MergedOrganization, organization_id)
    member = _member_of(session, organization_id) if organization_id else None
    registration = place.register(person=person, organization_id=organization_id, member=member, now=now)
    _take(session, registration, name=place.name)
    confirmed = RegistrationConfirmed(
        registration_id=registration.id,
        gathering_id=gathering_id,
        member_id=registration.member_id,
        tier=registration.tier,
        amount=registration.minor,
        currency=registration.currency,
    )
    publish(session, confirmed, at=now)
    return registration


def registration(session: Session, *, registration_id: UUID) -> Registration:
    found = session.get(Registration, registration_id)
    if not found:
        raise UnknownRegistration(registration_id=registration_id)
    return found


def registrations(session: Session, *, gathering_id: UUID, organization_id: UUID | None = None) -> Select[Registration]:
    """Who comes; of an organization, with those who registered for one that was merged into it."""
    gathering(session, gathering_id=gathering_id)
    query = select(Registration).where(Registration.gathering_id == gathering_id)
    if organization_id:
        theirs = merged.known_as(session, MergedOrganization, organization_id)
        query = query.where(Registration.organization_id.in_(theirs))
    return query


def keep_merges(session: Session, deliveries: Sequence[Delivery[merged.Change]]) -> None:
    """Registrations for a merged organization are found under its survivor from now on."""
    merged.keep(session, MergedOrganization, deliveries)


def forget_merges(session: Session) -> None:
    session.execute(delete(MergedOrganization))


def capture_lead(
    session: Session,
    *,
    gathering_id: UUID,
    organization_id: UUID | None = None,
    name: str = "",
    country: str = "",
    interest: Interest,
    note: str = "",
    actor: str,
    now: datetime,
) -> Lead:
    """The lead; the one that is there already when this organization showed this interest at this gathering before."""
    place = gathering(session, gathering_id=gathering_id)
    member = _member_of(session, organization_id) if organization_id else None
    captured = Lead(
        id=uuid7(),
        gathering_id=gathering_id,
        key=lead_key(organization_id=organization_id, name=name, country=country),
        organization_id=organization_id,
        name=name or (member.name if member else ""),
        country=country or (member.country if member else ""),
        interest=interest,
        note=note,
        captured_at=now,
        captured_by=actor,
    )
    values = {column.name: getattr(captured, column.name) for column in Lead.__table__.columns}
    if not session.execute(insert(Lead).values(values).on_conflict_do_nothing().returning(Lead.id)).scalar():
        same = Lead.gathering_id == gathering_id, Lead.key == captured.key, Lead.interest == interest
        return session.scalars(select(Lead).where(*same)).one()
    _tell_of(session, captured, place)
    return captured


def _tell_of(session: Session, captured: Lead, place: Gathering) -> None:
    fact = LeadCaptured(
        lead_id=captured.id,
        gathering_id=place.id,
        gathering=place.name,
        gathering_kind=place.kind,
        organization_id=captured.organization_id,
        name=captured.name,
        country=captured.country,
        interest=captured.interest,
    )
    publish(session, fact, at=captured.captured_at)


def lead(session: Session, *, lead_id: UUID) -> Lead:
    found = session.get(Lead, lead_id)
    if not found:
        raise UnknownLead(lead_id=lead_id)
    return found


def leads(session: Session, *, gathering_id: UUID) -> Select[Lead]:
    gathering(session, gathering_id=gathering_id)
    return select(Lead).where(Lead.gathering_id == gathering_id)


def keep_members(session: Session, deliveries: Sequence[Delivery[MemberState]]) -> None:
    replica.keep(session, Member, deliveries)


def forget_members(session: Session) -> None:
    session.execute(delete(Member))


def _member_of(session: Session, organization_id: UUID) -> Member | None:
    """An organization that left and came back has two memberships: the one in good standing counts."""
    rank = case({"current": 0, "grace": 1}, value=Member.standing, else_=2)
    query = select(Member).where(Member.organization_id == organization_id).order_by(rank, Member.changed_at.desc())
    return session.scalars(query.limit(1)).first()


def _take(session: Session, registration: Registration, *, name: str) -> None:
    """Two clicks at the same time meet at the unique key; the second is refused without breaking its transaction."""
    values = {column.name: getattr(registration, column.name) for column in Registration.__table__.columns}
    taken = session.execute(
        insert(Registration).values(values).on_conflict_do_nothing().returning(Registration.id)
    ).scalar()
    if not taken:
        raise AlreadyRegistered(pointer="/person", name=name)
