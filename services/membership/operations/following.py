"""Follow a register where it changed what it says of an organization, also of one that was merged into another."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from services.membership.identifiers import kind_of
from services.membership.model import Contact, Identifier, Member, Organization
from services.membership.model.members import LIVE
from services.membership.operations.announcing import announce_contact, announce_update, public_state
from services.membership.operations.history import facts_of, note_difference
from services.membership.operations.merge_following import Lineage
from services.membership.registers.entries import Entry
from services.membership.vocabulary import degree_of
from shared.ids import uuid7
from shared.tracing import trace_of

OF_THE_REGISTER = (
    "name",
    "country",
    "subdivision",
    "locality",
    "address",
    "postal_code",
    "website",
    "sectors",
    "structure",
    "founded_on",
    "language",
)
IF_GIVEN = ("acronym", "trade_names")
"""What many registers don't know; what staff found out stays then."""


def contact_rows(organization_id: UUID, entry: Entry) -> Iterable[dict[str, Any]]:
    for email, phone in entry.contacts:
        yield {
            "id": uuid7(),
            "version": 1,
            "organization_id": organization_id,
            "role": "office",
            "name": "",
            "email": email,
            "phone": phone,
            "language": entry.language,
            "from_register": True,
        }


def follow(session: Session, changed: dict[UUID, Entry], *, now: datetime) -> None:
    """What the register says now; members' changes are told one by one, for the other services know only them."""
    if not changed:
        return
    lineage = _lineage(session, list(changed))
    organizations = lineage.organizations
    theirs = select(Member).where(Member.organization_id.in_(organizations), Member.standing.in_(LIVE))
    members = {member.organization_id: member for member in session.scalars(theirs)}
    followed = set()
    for organization_id, entry in changed.items():
        row = organizations[organization_id]
        shown = organizations[lineage.survivor_of(organization_id)]
        followed.add(shown.id)
        member = members.get(shown.id)
        before, record = public_state(member) if member else None, facts_of(shown)
        _follow(session, row, shown, entry, lineage, is_member=member is not None, now=now)
        session.flush()
        note_difference(session, shown, record, "register_changed", actor=trace_of(session).actor, now=now)
        if member and public_state(member) != before:
            announce_update(session, member, at=now)
    pending = [{"organization_id": one} for one in sorted(followed)]
    session.execute(text("INSERT INTO unmatched VALUES (:organization_id) ON CONFLICT DO NOTHING"), pending)


def _lineage(session: Session, ids: list[UUID]) -> Lineage:
    """The merges around the organizations, with all of them locked: a merge done meanwhile is seen, or waits."""
    organizations = _locked(session, ids)
    while True:
        lineage = Lineage(session, ids)
        further = [one for one in lineage.survivors if one not in organizations]
        if not further:
            lineage.organizations = organizations
            return lineage
        organizations |= _locked(session, further)


def _locked(session: Session, ids: list[UUID]) -> dict[UUID, Organization]:
    query = select(Organization).where(Organization.id.in_(ids)).order_by(Organization.id)
    whole = query.options(selectinload(Organization.identifiers), selectinload(Organization.contacts))
    locked = whole.with_for_update(of=Organization).execution_options(populate_existing=True)
    return {one.id: one for one in session.scalars(locked).all()}


def _follow(
    session: Session,
    row: Organization,
    shown: Organization,
    entry: Entry,
    lineage: Lineage,
    *,
    is_member: bool,
    now: datetime,
) -> None:
    told = [
        (scheme, value, valid, entry.kinds.get(scheme) or kind_of(scheme)) for scheme, value, valid in entry.identifiers
    ]
    new = [Identifier(scheme=scheme, value=value, valid=valid, kind=kind) for scheme, value, valid, kind in told]
    lineage.identify(row, new, set(entry.schemes))
    facts: dict[str, Any] = {column: getattr(entry, column) for column in OF_THE_REGISTER}
    facts |= {column: value for column in IF_GIVEN if (value := getattr(entry, column))}
    if row.degree == degree_of(row.structure):
        facts["degree"] = degree_of(entry.structure)
    row.register_hash, row.gone_at = entry.digest, None
    if shown is not row:
        shown.gone_at = None
    lineage.describe(row, facts, now=now)
    _follow_contacts(session, row, shown, entry, is_member=is_member, now=now)


def _follow_contacts(
    session: Session, row: Organization, shown: Organization, entry: Entry, *, is_member: bool, now: datetime
) -> None:
    wanted = set(entry.contacts)
    for contact in [one for one in shown.contacts if one.from_register and (one.source_id or shown.id) == row.id]:
        if (contact.email, contact.phone) not in wanted:
            shown.contacts.remove(contact)
            if is_member:
                announce_contact(session, contact, at=now, removed=True)
    there = {(one.email, one.phone) for one in shown.contacts}
    staffs = {one.email for one in shown.contacts if not one.from_register and one.email}
    for fresh in contact_rows(shown.id, entry):
        if (fresh["email"], fresh["phone"]) not in there and fresh["email"] not in staffs:
            contact = Contact(**fresh, source_id=None if row is shown else row.id)
            shown.contacts.append(contact)
            if is_member:
                announce_contact(session, contact, at=now)
