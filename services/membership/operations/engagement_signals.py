"""All that tells how near members are, read for many of them at once, a query for each source.

A span of days is asked for: what was over before it, and can't matter in it, stays in the database.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, and_, case, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from services.membership.engagement import Signal, SignalKind, end_of
from services.membership.model import (
    Member,
    Organization,
    StatisticDeclaration,
    StatisticRound,
    StatisticStep,
    SupportRequest,
    ToldSignal,
)
from services.membership.operations.candidates import any_of
from services.membership.policy import days_after
from services.membership.weights import VERSIONS

BENEFITS = ("registered_as_member",)
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
    family = _family(span)
    yield from _notices(session, span, family)
    query = select(family.c.member_id, ToldSignal.kind, ToldSignal.at, ToldSignal.key)
    contacts = query.where(ToldSignal.kind.in_(("contact_unreachable", "contact_cleared")))
    theirs = _theirs(family, span)
    for member_id, kind, at, key in session.execute(contacts.join(family, theirs)):
        yield member_id, Signal(kind, at.date(), at, str(key))
    for member_id, kind, at, key in session.execute(_registrations(span, family)):
        yield member_id, Signal("registered", at.date(), at, str(key))
        if kind in BENEFITS:
            yield member_id, Signal("benefited", at.date(), at, str(key))


def declarations(session: Session, span: Span) -> dict[UUID, list[Declaration]]:
    """Declarations that were not made yet when the span begins."""
    step = StatisticStep
    declared_at = func.min(case((step.step == "declared", step.at)))
    query = (
        select(StatisticDeclaration.member_id, StatisticDeclaration.round_id, StatisticDeclaration.year)
        .add_columns(func.min(step.at), declared_at)
        .join(step, step.statistic_id == StatisticDeclaration.id)
        .where(span.covers(StatisticDeclaration.member_id), step.at < span.ends_at)
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
    heard = select(func.min(ToldSignal.at).filter(ToldSignal.kind.in_(("registered", *BENEFITS))))
    benefit = heard.add_columns(func.min(ToldSignal.at).filter(ToldSignal.kind.in_(BENEFITS)))
    registered_at, benefited_at = session.execute(benefit).one()
    given = select(SupportRequest.settled_at).where(SupportRequest.outcome == "given")
    given_at = session.scalar(given.order_by(SupportRequest.settled_at).limit(1))
    if registered_at:
        yield Signal("registration_expected", registered_at.date(), registered_at)
    if heard_at := min(filter(None, (benefited_at, given_at)), default=None):
        yield Signal("benefit_expected", heard_at.date(), heard_at)


def due_days(rounds: Iterable[StatisticRound], *, known_at: datetime) -> dict[UUID, date]:
    """When each round's declarations were due, as it was planned at that moment."""
    found = {}
    for one in rounds:
        for line in one.history:
            if line.changed_at < known_at and "due_on" in line.facts:
                found[one.id] = date.fromisoformat(line.facts["due_on"])
    return found


def statistics(made: Iterable[Declaration], due: dict[UUID, date]) -> Iterator[Signal]:
    """What declarations say by the days they were due; one of a round nobody had planned yet says nothing."""
    for one in made:
        if one.round_id in due:
            yield Signal("statistic_missing", days_after(due[one.round_id], 1), one.requested_at, str(one.year))
            if one.declared_at:
                yield Signal("statistic_declared", one.declared_at.date(), one.declared_at, str(one.year))


def _family(span: Span) -> CTE:
    """Each member with its organization, and all that were merged into it."""
    own = select(Member.id.label("member_id"), Member.admitted_on, Member.organization_id)
    family = own.where(span.covers(Member.id)).cte("family", recursive=True)
    merged = select(family.c.member_id, family.c.admitted_on, Organization.id)
    return family.union(merged.join(Organization, Organization.merged_into == family.c.organization_id))


def _theirs(family: CTE, span: Span, row: type[ToldSignal] = ToldSignal) -> ColumnElement[bool]:
    return and_(row.organization_id == family.c.organization_id, row.at >= family.c.admitted_on, row.at < span.ends_at)


def _notices(session: Session, span: Span, family: CTE) -> Iterator[tuple[UUID, Signal]]:
    """Those not read when the span begins, unless they are so old that they weigh nothing in it."""
    notice, read = ToldSignal, aliased(ToldSignal)
    query = (
        select(family.c.member_id, notice.key, notice.at, read.at.label("read_at"))
        .join(family, _theirs(family, span))
        .outerjoin(read, and_(read.key == notice.key, read.kind == "notice_read", read.at < span.ends_at))
        .where(notice.kind == "notice_delivered", or_(read.at.is_(None), read.at >= span.begins_at))
    )
    fading = [one.reasons["notices_unread"].fades_after for one in VERSIONS]
    if all(fading):
        query = query.where(notice.at >= days_after(span.since, -max(days for days in fading if days)))
    for member_id, key, at, read_at in session.execute(query):
        yield member_id, Signal("notice_delivered", at.date(), at, str(key))
        if read_at:
            yield member_id, Signal("notice_read", read_at.date(), read_at, str(key))


def _registrations(span: Span, family: CTE) -> Select[UUID, str, datetime, UUID]:
    """All in the span, and of each kind the last one before."""
    kinds = ("registered", *BENEFITS)
    before = func.max(ToldSignal.at).filter(ToldSignal.at < span.begins_at)
    last = before.over(partition_by=(family.c.member_id, ToldSignal.kind)).label("last")
    rows = (
        select(family.c.member_id, ToldSignal.kind, ToldSignal.at, ToldSignal.key, last)
        .join(family, _theirs(family, span))
        .where(ToldSignal.kind.in_(kinds))
        .subquery()
    )
    counting = or_(rows.c.at >= span.begins_at, rows.c.at == rows.c.last)
    return select(rows.c.member_id, rows.c.kind, rows.c.at, rows.c.key).where(counting)
