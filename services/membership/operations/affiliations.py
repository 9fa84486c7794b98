"""Affiliations: which organization belongs to which federation."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from services.membership.model import Affiliation, AlreadyAffiliated, UnknownAffiliation
from services.membership.model.affiliations import AffiliatedWithItself
from services.membership.operations.finding import organization, organization_to_change
from services.membership.operations.history import note
from shared.ids import uuid7


def affiliations(session: Session, *, organization_id: UUID, current: bool | None = None) -> Select[Affiliation]:
    """Those of the organization, both where it belongs and who belongs to it; `current` ones have not ended."""
    known = organization(session, organization_id=organization_id)
    query = select(Affiliation).where(
        or_(Affiliation.organization_id == known.id, Affiliation.federation_id == known.id)
    )
    if current is not None:
        query = query.where(Affiliation.until_on.is_(None) if current else Affiliation.until_on.is_not(None))
    return query


def affiliation_to_change(session: Session, *, organization_id: UUID, affiliation_id: UUID) -> Affiliation:
    """The affiliation, with the organization that belongs to the federation locked."""
    organization_to_change(session, organization_id=organization_id)
    found = session.get(Affiliation, affiliation_id, with_for_update={"of": Affiliation}, populate_existing=True)
    if not found or found.organization_id != organization_id:
        raise UnknownAffiliation(affiliation_id=affiliation_id)
    return found


def add_affiliation(
    session: Session,
    *,
    organization_id: UUID,
    federation_id: UUID,
    since_on: date | None = None,
    until_on: date | None = None,
    note_text: str = "",
    actor: str,
    now: datetime,
) -> Affiliation:
    """The organization belongs to the federation; once at a time."""
    if organization_id == federation_id:
        raise AffiliatedWithItself(pointer="/federation_id")
    known = organization_to_change(session, organization_id=organization_id)
    federation = organization(session, organization_id=federation_id)
    present = select(Affiliation).where(
        Affiliation.organization_id == known.id,
        Affiliation.federation_id == federation.id,
        Affiliation.until_on.is_(None),
    )
    if until_on is None and session.scalars(present.limit(1)).first():
        raise AlreadyAffiliated(pointer="/federation_id", name=known.name, federation=federation.name)
    added = Affiliation(id=uuid7(), organization=known, federation=federation, note=note_text)
    added.date(since_on=since_on, until_on=until_on)
    session.add(added)
    session.flush()
    note(session, known.id, "affiliation_added", fields=_said(added), actor=actor, now=now)
    return added


def change_affiliation(
    session: Session, affiliation: Affiliation, *, actor: str, now: datetime, **facts: Any
) -> Affiliation:
    """Change its days or its note; an affiliation ends with a day, it is removed only when it never was."""
    affiliation.date(
        since_on=facts.get("since_on", affiliation.since_on), until_on=facts.get("until_on", affiliation.until_on)
    )
    affiliation.note = facts.get("note_text", affiliation.note)
    session.flush()
    note(session, affiliation.organization_id, "affiliation_changed", fields=_said(affiliation), actor=actor, now=now)
    return affiliation


def remove_affiliation(session: Session, affiliation: Affiliation, *, actor: str, now: datetime) -> None:
    """It was entered by mistake."""
    said = _said(affiliation)
    session.delete(affiliation)
    note(session, affiliation.organization_id, "affiliation_removed", fields=said, actor=actor, now=now)


def _said(affiliation: Affiliation) -> dict[str, Any]:
    days = {name: str(day) for name in ("since_on", "until_on") if (day := getattr(affiliation, name))}
    return {"federation_id": str(affiliation.federation_id), "federation": affiliation.federation.name, **days}
