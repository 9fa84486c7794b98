"""What happened to an organization's record."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.model import Organization, OrganizationChange
from services.membership.model.history import ChangeKind
from services.membership.operations.finding import organization

Facts = dict[str, Any]

RECORD = (
    "name",
    "acronym",
    "trade_names",
    "country",
    "subdivision",
    "locality",
    "address",
    "postal_code",
    "website",
    "sectors",
    "structure",
    "degree",
    "founded_on",
    "language",
    "languages",
)
"""What an organization says of itself, in one value or list each."""


def facts_of(known: Organization) -> Facts:
    """The record as it stands, identifiers included, in JSON's types."""
    identifiers = sorted(f"{one.scheme} {one.value}" for one in known.identifiers)
    return {name: plain(getattr(known, name)) for name in RECORD} | {"identifiers": identifiers}


def plain(value: Any) -> Any:
    """A column's value in JSON's types."""
    if isinstance(value, date | UUID):
        return str(value)
    return list(value) if isinstance(value, list | tuple) else value


def note(
    session: Session,
    organization_id: UUID,
    kind: ChangeKind,
    *,
    fields: Facts,
    reason: str = "",
    actor: str,
    now: datetime,
) -> None:
    """Add a line to the organization's history."""
    line = OrganizationChange(
        organization_id=organization_id, kind=kind, changed_at=now, changed_by=actor, reason=reason, fields=fields
    )
    session.add(line)


def note_difference(
    session: Session,
    known: Organization,
    before: Facts,
    kind: ChangeKind,
    *,
    reason: str = "",
    actor: str,
    now: datetime,
) -> None:
    """Add a line that says what differs from `before`; none when nothing does."""
    after = facts_of(known)
    fields = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if fields:
        note(session, known.id, kind, fields=fields, reason=reason, actor=actor, now=now)


def changes(session: Session, *, organization_id: UUID) -> Select[OrganizationChange]:
    """The organization's history, with that of those merged into it."""
    known = organization(session, organization_id=organization_id)
    everybody = [known.id, *merged_into(session, known.id)]
    return select(OrganizationChange).where(OrganizationChange.organization_id.in_(everybody))


def merged_into(session: Session, organization_id: UUID) -> list[UUID]:
    """All that were merged into the organization, also by way of others."""
    chain = select(Organization.id).where(Organization.merged_into == organization_id).cte("chain", recursive=True)
    chain = chain.union(select(Organization.id).join(chain, Organization.merged_into == chain.c.id))
    return list(session.scalars(select(chain.c.id)))
