"""Merge two organizations that are one: the survivor takes over what pointed at the other."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from services.membership.merging import FIELDS, LISTS, Outcome, Side, outcomes
from services.membership.model import (
    AffiliatedWithEachOther,
    Affiliation,
    AlreadyMerged,
    ChoiceOfOne,
    Contact,
    DecidedDifferent,
    Identifier,
    Merge,
    MergedWithItself,
    OpenApplicationInTheWay,
    OpenProspectInTheWay,
    Organization,
    Prospect,
    ReviewItem,
    TwoMemberships,
    UnknownMerge,
    UnknownOrganization,
    WrongReviewItem,
)
from services.membership.operations.announcing import live_member
from services.membership.operations.finding import organization, survivor_of
from services.membership.operations.history import facts_of, note, plain
from services.membership.operations.matching import match
from services.membership.operations.merge_announcing import MemberView, announce_merge
from services.membership.operations.merge_reviews import decide_pairs, settle_pairs
from services.membership.operations.open_applications import open_application_of
from services.membership.operations.pointers import move, rows_at
from services.membership.operations.review import review_item_to_change
from shared.contracts.membership import OrganizationMerged
from shared.ids import uuid7
from shared.messaging.outbox import publish

Choices = Mapping[str, Side]


def merge_preview(session: Session, *, survivor_id: UUID, loser_id: UUID) -> dict[str, Any]:
    """What every field would have after the merge by the rules, beside what both have now."""
    if survivor_id == loser_id:
        raise MergedWithItself
    survivor = organization(session, organization_id=survivor_id)
    loser = organization(session, organization_id=loser_id)
    return {"survivor": survivor, "loser": loser, "fields": _preview(survivor, loser)}


def merge_organizations(
    session: Session,
    *,
    survivor_id: UUID,
    loser_id: UUID,
    reason: str,
    choices: Choices | None = None,
    review_item_id: UUID | None = None,
    actor: str,
    now: datetime,
) -> Merge:
    """The two are one, known by the survivor's id; `choices` name the side a field comes from, rules the others'.

    Contacts, prospects, memberships and affiliations move, identifiers are taken over beside the survivor's own, and
    the loser's row stays, so that its id and its register's key lead to the survivor.
    """
    survivor, loser = lock_both(session, survivor_id, loser_id)
    chosen = dict(choices or {})
    _refuse_choices(chosen)
    item = _review_item(session, review_item_id, survivor, loser)
    _refuse_conflicts(session, survivor, loser)
    before = MemberView.of(session, survivor)
    decided = _outcomes(survivor, loser, chosen)
    record = facts_of(survivor)
    merge = Merge(
        id=uuid7(),
        survivor_id=survivor.id,
        loser_id=loser.id,
        review_item_id=item.id if item else None,
        merged_at=_after_the_last(session, survivor.id, loser.id, now=now),
        merged_by=actor,
        reason=reason,
        choices={field: {"side": one.side, "rule": one.rule} for field, one in decided.items()},
        snapshot={"survivor": _snapshot(session, survivor), "loser": _snapshot(session, loser)},
    )
    merge.moved = move(session, merge.snapshot["loser"]["rows"], source=loser.id, target=survivor.id)
    merge.moved |= decide_pairs(session, survivor=survivor, loser=loser, now=now, actor=actor, note=reason)
    _keep_sources(session, merge)
    merge.added = _take_identifiers(survivor, loser)
    merge.taken = _take(survivor, loser, decided, now=now)
    loser.merged_into, loser.updated_at = survivor.id, now
    session.add(merge)
    session.flush()
    merge.moved = merge.moved | settle_pairs(session, survivor.id)
    _note(session, merge, survivor, loser, record, now=now)
    fact = OrganizationMerged(
        organization_id=loser.id,
        survivor_id=survivor.id,
        merge_id=merge.id,
        name=survivor.name,
        country=survivor.country,
    )
    publish(session, fact, at=now)
    announce_merge(session, merge, survivor, before=before, at=now)
    match(session, [survivor.id], now=now)
    return merge


def _after_the_last(session: Session, *organization_ids: UUID, now: datetime) -> datetime:
    """Whoever waited for another's lock took its time before, and comes after the other all the same."""
    around = or_(Merge.survivor_id.in_(organization_ids), Merge.loser_id.in_(organization_ids))
    last = session.scalar(select(func.max(Merge.merged_at)).where(around))
    return max(now, last + timedelta(microseconds=1)) if last else now


def merge_of(session: Session, *, merge_id: UUID) -> Merge:
    found = session.get(Merge, merge_id)
    if not found:
        raise UnknownMerge(merge_id=merge_id)
    return found


def merge_to_change(session: Session, *, merge_id: UUID) -> Merge:
    found = session.get(Merge, merge_id, with_for_update=True, populate_existing=True)
    if not found:
        raise UnknownMerge(merge_id=merge_id)
    return found


def merges(*, organization_id: UUID | None = None, undone: bool | None = None) -> Select[Merge]:
    """Merges of the organization, as survivor or loser; `undone` ones were taken back."""
    query = select(Merge)
    if organization_id is not None:
        query = query.where(or_(Merge.survivor_id == organization_id, Merge.loser_id == organization_id))
    if undone is not None:
        query = query.where(Merge.undone_at.is_not(None) if undone else Merge.undone_at.is_(None))
    return query


def lock_both(session: Session, survivor_id: UUID, loser_id: UUID) -> tuple[Organization, Organization]:
    """Both, locked in the order of their ids, so that two merges of one pair wait for each other and never deadlock."""
    if survivor_id == loser_id:
        raise MergedWithItself(pointer="/loser_id")
    session.flush()
    both = select(Organization).where(Organization.id.in_([survivor_id, loser_id])).order_by(Organization.id)
    locked = session.scalars(both.with_for_update(of=Organization).execution_options(populate_existing=True))
    found = {one.id: one for one in locked}
    for pointer, one in (("/survivor_id", survivor_id), ("/loser_id", loser_id)):
        if one not in found:
            raise UnknownOrganization(pointer=pointer, organization_id=one)
        if found[one].merged_into:
            raise AlreadyMerged(name=found[one].name, survivor_id=survivor_of(session, found[one]).id)
    return found[survivor_id], found[loser_id]


def _refuse_choices(chosen: Choices) -> None:
    for field, side in chosen.items():
        if side == "both" and field not in LISTS:
            raise ChoiceOfOne(pointer=f"/choices/{field}", field=field)


def _review_item(
    session: Session, item_id: UUID | None, survivor: Organization, loser: Organization
) -> ReviewItem | None:
    if item_id is None:
        return None
    item = review_item_to_change(session, item_id=item_id)
    if {item.first_id, item.second_id} != {survivor.id, loser.id}:
        raise WrongReviewItem(pointer="/review_item_id", item_id=item_id)
    if item.decision == "different":
        raise DecidedDifferent(pointer="/review_item_id", note=item.note)
    return item


def _refuse_conflicts(session: Session, survivor: Organization, loser: Organization) -> None:
    both = (survivor, loser)
    members = [bool(live_member(session, one)) for one in both]
    if all(members):
        raise TwoMemberships(survivor=survivor.name, loser=loser.name)
    open_ones = select(Prospect).where(Prospect.organization_id.in_([one.id for one in both]))
    prospects = session.scalars(open_ones.where(Prospect.closed_at.is_(None))).all()
    if prospects and (len(prospects) > 1 or any(members)):
        raise OpenProspectInTheWay(name=prospects[0].organization.name)
    ids = [one.id for one in both]
    applying = [one for one in both if open_application_of(session, one.id)]
    if len(applying) > 1 or (applying and any(members)):
        raise OpenApplicationInTheWay(name=applying[0].name)
    each_other = select(Affiliation.id).where(Affiliation.organization_id.in_(ids), Affiliation.federation_id.in_(ids))
    if session.scalar(each_other.limit(1)):
        raise AffiliatedWithEachOther


def _outcomes(survivor: Organization, loser: Organization, chosen: Choices) -> dict[str, Outcome]:
    alone = loser.register is not None and survivor.register is None
    return outcomes(_facts(survivor), _facts(loser), chosen, loser_alone_registered=alone)


def _facts(one: Organization) -> dict[str, Any]:
    return {field: getattr(one, field) for field in FIELDS}


def _preview(survivor: Organization, loser: Organization) -> list[dict[str, Any]]:
    return [
        {
            "field": field,
            "survivor": plain(getattr(survivor, field)),
            "loser": plain(getattr(loser, field)),
            "value": plain(one.value),
            "side": one.side,
            "rule": one.rule,
        }
        for field, one in _outcomes(survivor, loser, {}).items()
    ]


def _snapshot(session: Session, one: Organization) -> dict[str, Any]:
    """The record, and what pointed at it by id: those rows move, so what they say is not said twice."""
    register = {"register": one.register, "register_key": one.register_key, "gone_at": one.gone_at and str(one.gone_at)}
    return {"id": str(one.id), **facts_of(one), **register, "rows": rows_at(session, one.id)}


def _keep_sources(session: Session, merge: Merge) -> None:
    """The loser's register goes on changing the contacts it gave, and the survivor's its own."""
    theirs = [UUID(one) for one in merge.moved.get("contacts.organization_id", ())]
    statement = update(Contact).where(Contact.id.in_(theirs), Contact.from_register, Contact.source_id.is_(None))
    session.execute(statement.values(source_id=merge.loser_id))
    session.expire_all()


def _take_identifiers(survivor: Organization, loser: Organization) -> list[list[str]]:
    known = {(one.scheme, one.value) for one in survivor.identifiers}
    new = [one for one in loser.identifiers if (one.scheme, one.value) not in known]
    survivor.identifiers += [
        Identifier(scheme=one.scheme, value=one.value, valid=one.valid, kind=one.kind) for one in new
    ]
    return [[one.scheme, one.value] for one in new]


def _take(survivor: Organization, loser: Organization, decided: dict[str, Outcome], *, now: datetime) -> dict[str, Any]:
    """Give the survivor what was decided; returns [before, after] of what that changed."""
    different = {field: one.value for field, one in decided.items() if getattr(survivor, field) != one.value}
    taken = {field: [plain(getattr(survivor, field)), plain(value)] for field, value in different.items()}
    if survivor.gone_at and not loser.gone_at:
        taken["gone_at"] = [str(survivor.gone_at), None]
        different["gone_at"] = None
    survivor.describe(now=now, **different)
    return taken


def stored(field: str, value: Any) -> Any:
    """A value of `taken` as its column has it."""
    if field == "founded_on" and value is not None:
        return date.fromisoformat(value)
    if field == "gone_at" and value is not None:
        return datetime.fromisoformat(value)
    return value


def _note(
    session: Session,
    merge: Merge,
    survivor: Organization,
    loser: Organization,
    record: dict[str, Any],
    *,
    now: datetime,
) -> None:
    after = facts_of(survivor)
    fields = {name: [record[name], after[name]] for name in after if record[name] != after[name]}
    about = {"merge_id": str(merge.id)}
    for one, said in (
        (survivor, {**about, "merged": loser.name, **fields}),
        (loser, {**about, "survivor_id": str(survivor.id), "survivor": survivor.name}),
    ):
        note(session, one.id, "merged", fields=said, reason=merge.reason, actor=merge.merged_by, now=now)
