"""Leads from gatherings: each opens a prospect, or is added to the one there is."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from services.membership.languages import language_of_country
from services.membership.model import Lead, LeadOfNobody, Organization, Prospect, ReviewItem, UnknownLead
from services.membership.model.leads import FoundBy, LeadOutcome
from services.membership.model.prospects import OPEN
from services.membership.names import core
from services.membership.operations.announcing import live_member
from services.membership.operations.candidates import STANDING_ALONE
from services.membership.operations.fit_scores import score_anew
from services.membership.operations.prospects import announce_move, begin
from services.membership.operations.searching import name_has
from shared.contracts.events import LeadCaptured
from shared.ids import uuid7
from shared.messaging.wire import Delivery

BY_EVENTS = "events"
"""Who acts when a lead does."""

NAMESAKES = 5
"""With more organizations than this of one name in a country, only so many are put beside the new one for review."""

_MOST_COMPARED = 2000
"""Organizations of a country that have all the words of a name, and maybe others."""

_one_at_a_time = text("SELECT pg_advisory_xact_lock(hashtextextended('lead ' || :key, 0))")


class Recognized(NamedTuple):
    """Which organization a lead is about, and how it was recognized."""

    organization: Organization
    by: FoundBy


class Namesake(NamedTuple):
    """An organization that bears the name a lead was given under."""

    id: UUID
    name: str


def take_lead(session: Session, delivery: Delivery[LeadCaptured], *, now: datetime) -> Lead:
    """Note the lead and what it leads to; the same lead again changes nothing.

    An open prospect gets it; a dormant one wakes up and is due today. A closed one gets it too if it was captured
    before it closed: then it only arrived late. Else a new prospect is opened; why the last one was lost is in its
    history. A member's and a vanished organization's leads open none.

    Raises:
        LeadOfNobody: when it names no organization we could know.
    """
    event = delivery.event
    known = session.get(Lead, event.lead_id)
    if known:
        return known
    organization, by = _recognize(session, event, now=now)
    prospect, outcome = _prospect_for(session, organization, event, captured_at=delivery.time, now=now)
    lead = Lead(
        id=event.lead_id,
        event_id=delivery.id,
        gathering_id=event.gathering_id,
        gathering=event.gathering,
        gathering_kind=event.gathering_kind,
        organization_id=organization.id,
        given_name=event.name,
        name_key=name_key(event),
        found_by=by,
        interest=event.interest,
        outcome=outcome,
        prospect_id=prospect.id if prospect else None,
        correlation_id=delivery.trace.correlation_id,
        captured_at=delivery.time,
        received_at=now,
    )
    session.add(lead)
    session.flush()
    if prospect:
        score_anew(session, [prospect.id], now=now)
    return lead


def lead(session: Session, *, lead_id: UUID) -> Lead:
    found = session.get(Lead, lead_id)
    if not found:
        raise UnknownLead(lead_id=lead_id)
    return found


def leads(
    *,
    organization_id: UUID | None = None,
    prospect_id: UUID | None = None,
    gathering_id: UUID | None = None,
    found_by: FoundBy | None = None,
    outcome: LeadOutcome | None = None,
) -> Select[Lead]:
    given = {
        Lead.organization_id: organization_id,
        Lead.prospect_id: prospect_id,
        Lead.gathering_id: gathering_id,
        Lead.found_by: found_by,
        Lead.outcome: outcome,
    }
    return select(Lead).where(*(column == value for column, value in given.items() if value is not None))


def _recognize(session: Session, event: LeadCaptured, *, now: datetime) -> Recognized:
    """By id; else whom a lead of this name was about before; else the only one of its country that bears the name.

    Legal forms, accents and word order aside, but nothing else: a letter more is another name.
    A name nobody has, or several, makes a new organization: joining two later is easy, parting one is not.
    """
    if event.organization_id and (found := _locked(session, event.organization_id)):
        return Recognized(found, "id")
    if not (event.name.strip() and event.country):
        raise LeadOfNobody(lead_id=event.lead_id)
    session.execute(_one_at_a_time, {"key": name_key(event)})
    before = (
        select(Lead.organization_id)
        .where(Lead.name_key == name_key(event), Lead.name_key != "")
        .order_by(Lead.captured_at)
        .limit(1)
    )
    if (same := session.scalar(before)) and (found := _locked(session, same)):
        return Recognized(found, "name")
    namesakes = _namesakes(session, event.name, event.country)
    if len(namesakes) == 1 and (found := _locked(session, namesakes[0].id)):
        return Recognized(found, "name")
    added = _add(session, event, now=now)
    _put_into_review(session, added, namesakes[:NAMESAKES], now=now)
    return Recognized(added, "ambiguous" if namesakes else "new")


def _locked(session: Session, organization_id: UUID) -> Organization | None:
    """The organization, or the one it was merged into."""
    found = session.get(Organization, organization_id, with_for_update={"of": Organization}, populate_existing=True)
    return _locked(session, found.merged_into) if found and found.merged_into else found


def name_key(event: LeadCaptured) -> str:
    """What the names of one organization have in common, however its people write it."""
    return f"{event.country}/{' '.join(core(event.name))}" if event.name.strip() else ""


def _namesakes(session: Session, name: str, country: str) -> Sequence[Namesake]:
    there = select(Organization.id, Organization.name).where(
        Organization.country == country, *STANDING_ALONE, name_has(" ".join(core(name)))
    )
    rows = session.execute(there.order_by(Organization.id).limit(_MOST_COMPARED)).all()
    return [Namesake(*row) for row in rows if core(row.name) == core(name)]


def _add(session: Session, event: LeadCaptured, *, now: datetime) -> Organization:
    added = Organization(id=uuid7(), created_at=now, sectors=[])
    for column in ("subdivision", "locality", "address", "postal_code", "website", "structure"):
        setattr(added, column, "")
    added.describe(now=now, name=event.name, country=event.country, language=language_of_country(event.country))
    session.add(added)
    session.flush()
    return added


def _put_into_review(session: Session, added: Organization, namesakes: Sequence[Namesake], *, now: datetime) -> None:
    for other in namesakes:
        first, second = sorted((Namesake(added.id, added.name), other))
        item = ReviewItem(
            id=uuid7(),
            first_id=first.id,
            second_id=second.id,
            reason="close_name",
            evidence={"first": first.name, "second": second.name},
            opened_at=now,
        )
        session.add(item)
    session.flush()


def _prospect_for(
    session: Session, organization: Organization, event: LeadCaptured, *, captured_at: datetime, now: datetime
) -> tuple[Prospect | None, LeadOutcome]:
    if organization.gone_at:
        return None, "gone"
    latest = select(Prospect).where(Prospect.organization_id == organization.id)
    last = session.scalars(latest.order_by(Prospect.stage.in_(OPEN).desc(), Prospect.opened_at.desc()).limit(1)).first()
    if last and last.is_open:
        _add_to(session, last, event, now=now)
        return last, "added"
    if last and last.closed_at and captured_at <= last.closed_at:
        _record(last, event, now=now)
        return last, "late"
    if live_member(session, organization):
        return None, "member"
    opened = begin(session, organization, source=event.gathering[:200], actor=BY_EVENTS, now=now)
    _record(opened, event, now=now)
    return opened, "opened"


def _add_to(session: Session, prospect: Prospect, event: LeadCaptured, *, now: datetime) -> None:
    _record(prospect, event, now=now)
    if prospect.stage == "dormant":
        announce_move(session, prospect, prospect.resume(event.gathering, now=now, actor=BY_EVENTS), at=now)
        prospect.plan(prospect.next_action or event.gathering, now.date(), now=now, actor=BY_EVENTS)


def _record(prospect: Prospect, event: LeadCaptured, *, now: datetime) -> None:
    prospect.record(
        "lead",
        text=event.gathering,
        now=now,
        actor=BY_EVENTS,
        lead_id=str(event.lead_id),
        gathering_id=str(event.gathering_id),
        interest=event.interest,
    )
