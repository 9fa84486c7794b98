"""All that tells how near members are, read for many of them at once, a query for each source.

A span of days is asked for: what was over before it, and can't matter in it, stays in the database.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, selectinload

from services.membership.engagement import Signal, SignalKind, end_of
from services.membership.engagement_weights import fades_after
from services.membership.model import (
    Member,
    Organization,
    StatisticDeclaration,
    StatisticRound,
    StatisticStep,
    SupportRequest,
    ToldSignal,
)
from services.membership.model.engagement import ToldKind
from services.membership.operations.candidates import any_of
from services.membership.policy import days_after

REGISTRATIONS: tuple[ToldKind, ...] = ("registered", "registered_as_member")
"""What is told of places at gatherings, at whatever price."""
BENEFITS: tuple[ToldKind, ...] = ("registered_as_member", "awarded")
"""What is told that a member has of its membership; support that was given counts beside it."""


class Declaration(NamedTuple):
    """A year's declaration: asked for in a round at an instant, and declared at another, if ever."""

    round_id: UUID
    year: int
    requested_at: datetime
    declared_at: datetime | None


class Span(NamedTuple):
    """From one day to another, for some members or all."""

    since: date
    until: date
    member_ids: Sequence[UUID] | None

    @property
    def begins_at(self) -> datetime:
        """What was closed by the end of its first day is closed all through it."""
        return end_of(self.since)

    @property
    def ends_at(self) -> datetime:
        return end_of(self.until)

    def covers(self, member_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
        return true() if self.member_ids is None else member_id == any_of(self.member_ids)


def told(session: Session, span: Span) -> Iterator[tuple[UUID, Signal]]:
    """What the other services told of the members since their admission."""
    family = _family(session, span)
    organizations = None if span.member_ids is None else list(family)
    for organization_id, signal in (
        *_notices(session, span, organizations),
        *_contacts(session, span, organizations),
        *_registrations_and_benefits(session, span, organizations),
    ):
        for member_id, admitted_on in family.get(organization_id, ()):
            if signal.on >= admitted_on:
                yield member_id, signal


def declarations(session: Session, span: Span, round_ids: Sequence[UUID]) -> dict[UUID, list[Declaration]]:
    """Declarations of some rounds that were not made yet when the span begins."""
    step = StatisticStep
    declared_at = func.min(case((step.step == "declared", step.at)))
    query = (
        select(StatisticDeclaration.member_id, StatisticDeclaration.round_id, StatisticDeclaration.year)
        .add_columns(func.min(step.at), declared_at)
        .join(step, step.statistic_id == StatisticDeclaration.id)
        .where(StatisticDeclaration.round_id == any_of(round_ids), span.covers(StatisticDeclaration.member_id))
        .where(step.at < span.ends_at)
        .group_by(StatisticDeclaration.id)
        .having(or_(declared_at.is_(None), declared_at >= span.begins_at))
    )
    found: dict[UUID, list[Declaration]] = defaultdict(list)
    for member_id, *declaration in session.execute(query):
        found[member_id].append(Declaration._make(declaration))
    return found


def support(session: Session, span: Span) -> Iterator[tuple[UUID, Signal]]:
    """What members asked for, and what became of it."""
    asked = SupportRequest.recorded_at < span.ends_at
    for one in session.scalars(select(SupportRequest).where(span.covers(SupportRequest.member_id), asked)):
        key = str(one.id)
        yield one.member_id, Signal("support_asked", one.asked_on, one.recorded_at, key)
        if one.outcome and one.settled_on and one.settled_at:
            for kind in _OUTCOMES[one.outcome]:
                yield one.member_id, Signal(kind, one.settled_on, one.settled_at, key)


_OUTCOMES: dict[str, tuple[SignalKind, ...]] = {
    "given": ("support_settled", "benefited"),
    "declined": ("support_settled", "support_declined"),
    "withdrawn": ("support_settled",),
}


def expectations(session: Session) -> Iterator[Signal]:
    """From when on registrations and benefits of members were heard of at all; before, none says nothing."""
    heard_of = {kind: _first_told(session, kind) for kind in {*REGISTRATIONS, *BENEFITS}}
    given = select(SupportRequest.settled_at).where(SupportRequest.outcome == "given")
    given_at = session.scalar(given.order_by(SupportRequest.settled_at).limit(1))
    if first := min(filter(None, (heard_of[kind] for kind in REGISTRATIONS)), default=None):
        yield Signal("registration_expected", first.date(), first)
    if first := min(filter(None, (given_at, *(heard_of[kind] for kind in BENEFITS))), default=None):
        yield Signal("benefit_expected", first.date(), first)


def _first_told(session: Session, kind: ToldKind) -> datetime | None:
    query = select(ToldSignal.at).where(ToldSignal.kind == kind)
    return session.scalar(query.order_by(ToldSignal.at).limit(1))


def rounds(session: Session, span: Span) -> list[StatisticRound]:
    """Rounds that weigh something on a day of the span, or may come to, whenever they were planned so."""
    first = _first_late(span.since)
    every = session.scalars(select(StatisticRound).options(selectinload(StatisticRound.history)))
    return [one for one in every if max(_planned(one), default=date.min) >= first]


def late_days(known: Iterable[StatisticRound], day: date) -> dict[UUID, date]:
    """From when on declarations of each round are late, as it was planned at the end of a day; none that are to come.

    A round so long ago that it weighs nothing is left out.
    """
    found = {}
    for one in known:
        planned = _planned(one, known_at=end_of(day))
        if planned and _first_late(day) <= planned[-1] < day:
            found[one.id] = days_after(planned[-1], 1)
    return found


def _planned(one: StatisticRound, *, known_at: datetime | None = None) -> list[date]:
    """The days its declarations were due, in the order they were planned."""
    lines = (line for line in one.history if known_at is None or line.changed_at < known_at)
    return [date.fromisoformat(line.facts["due_on"]) for line in lines if "due_on" in line.facts]


def _first_late(day: date) -> date:
    """Declarations due before weigh nothing on the day."""
    fading = fades_after("statistic_missing")
    return days_after(day, -fading - 1) if fading else date.min


def statistics(made: Iterable[Declaration], late: dict[UUID, date]) -> Iterator[Signal]:
    """What declarations say by the days from which on they are late."""
    for one in made:
        if one.round_id in late:
            yield Signal("statistic_missing", late[one.round_id], one.requested_at, str(one.year))
            if one.declared_at:
                yield Signal("statistic_declared", one.declared_at.date(), one.declared_at, str(one.year))


def _family(session: Session, span: Span) -> dict[UUID, list[tuple[UUID, date]]]:
    """Of whom something is told by an id: the member itself, its organization, and all that were merged into that."""
    query = select(Member.organization_id, Member.id, Member.admitted_on).where(span.covers(Member.id))
    family: dict[UUID, list[tuple[UUID, date]]] = defaultdict(list)
    members = session.execute(query).all()
    for organization_id, member_id, admitted_on in members:
        family[organization_id].append((member_id, admitted_on))
    merged = select(Organization.id, Organization.merged_into)
    into = list(family)
    while into:
        found = dict(session.execute(merged.where(Organization.merged_into == any_of(into))).all())
        for organization_id, survivor_id in found.items():
            assert survivor_id, "it was asked for by it"
            family[organization_id].extend(family[survivor_id])
        into = list(found)
    return family | {member_id: [(member_id, admitted_on)] for _, member_id, admitted_on in members}


def _of(ids: Sequence[UUID] | None) -> ColumnElement[bool]:
    return true() if ids is None else ToldSignal.about_id == any_of(ids)


def _notices(session: Session, span: Span, ids: Sequence[UUID] | None) -> Iterator[tuple[UUID, Signal]]:
    """Those not read when the span begins, unless they are so old that they weigh nothing in it."""
    notice, read = ToldSignal, aliased(ToldSignal)
    query = (
        select(notice.about_id, notice.key, notice.at, read.at.label("read_at"))
        .outerjoin(read, and_(read.key == notice.key, read.kind == "notice_read", read.at < span.ends_at))
        .where(_of(ids), notice.kind == "notice_delivered", notice.at < span.ends_at)
        .where(or_(read.at.is_(None), read.at >= span.begins_at))
    )
    if fading := fades_after("notices_unread"):
        query = query.where(notice.at >= end_of(days_after(span.since, -fading - 1)))
    for about_id, key, at, read_at in session.execute(query):
        yield about_id, Signal("notice_delivered", at.date(), at, str(key))
        if read_at:
            yield about_id, Signal("notice_read", read_at.date(), read_at, str(key))


def _contacts(session: Session, span: Span, ids: Sequence[UUID] | None) -> Iterator[tuple[UUID, Signal]]:
    row = ToldSignal
    query = (
        select(row.about_id, row.kind, row.at, row.key)
        .where(_of(ids), row.at < span.ends_at)
        .where(row.kind.in_(("contact_unreachable", "contact_cleared")))
    )
    for about_id, told_kind, at, key in session.execute(query):
        kind: SignalKind = "contact_cleared" if told_kind == "contact_cleared" else "contact_unreachable"
        yield about_id, Signal(kind, at.date(), at, str(key))


def _registrations_and_benefits(
    session: Session, span: Span, ids: Sequence[UUID] | None
) -> Iterator[tuple[UUID, Signal]]:
    """All in the span, and of each kind the last one before."""
    row = ToldSignal
    before = func.max(row.at).filter(row.at < span.begins_at)
    last = before.over(partition_by=(row.about_id, row.kind)).label("last")
    rows = (
        select(row.about_id, row.kind, row.at, row.key, last)
        .where(_of(ids), row.kind.in_({*REGISTRATIONS, *BENEFITS}), row.at < span.ends_at)
        .subquery()
    )
    counting = or_(rows.c.at >= span.begins_at, rows.c.at == rows.c.last)
    query = select(rows.c.about_id, rows.c.kind, rows.c.at, rows.c.key).where(counting)
    for about_id, kind, at, key in session.execute(query):
        if kind in REGISTRATIONS:
            yield about_id, Signal("registered", at.date(), at, str(key))
        if kind in BENEFITS:
            yield about_id, Signal("benefited", at.date(), at, str(key))
