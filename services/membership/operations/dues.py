"""Dues: quote and record; what they are computed from is gathered here once for one member or for all."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, defer

from services.membership.dues import Assessment, Discount, Formula, Inputs, PersonsUnknown, assess
from services.membership.model import (
    DuesAssessment,
    DuesDiscount,
    DuesFormula,
    Member,
    Organization,
    StatisticDeclaration,
    UnknownAssessment,
)
from services.membership.model.dues import NoDuesReason, stored_inputs, stored_lines
from services.membership.operations.endings import ended_on
from services.membership.operations.formulas import formula_of_year, one_at_a_time
from services.membership.operations.members import member
from shared.batches import batches
from shared.contracts.membership import Category, DuesAssessed
from shared.ids import uuid7
from shared.messaging.outbox import publish_all

AT_ONCE = 500
"""So many members' dues are held in memory while they are recorded, however many there are."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a member for a year; `reason` is why it owes nothing, whatever the formula."""

    member_id: UUID
    organization_id: UUID
    category: Category
    inputs: Inputs
    statistic_id: UUID | None
    reason: NoDuesReason | None

    def assess(self, formula: Formula) -> Assessment | NoDuesReason:
        """What it owes, or why that can't be said."""
        if self.reason:
            return self.reason
        try:
            return assess(formula, self.inputs)
        except PersonsUnknown:
            return "no_statistic"


def known_members(
    session: Session, *, year: int, statistics_year: int, member_id: UUID | None = None
) -> Iterator[Known]:
    """Everybody ever admitted, oldest first, with what their dues of `year` depend on."""
    rows = session.execute(_facts(statistics_year, member_id)).all()
    last = {row.organization_id: row.id for row in rows if _was_member(row, year)}
    waived = _discounts(session, year, member_id)
    return (_known(row, _exempt(row, year, last), tuple(waived.get(row.id, ()))) for row in rows)


def _known(row: Any, reason: NoDuesReason | None, waived: tuple[Discount, ...]) -> Known:
    inputs = Inputs(
        associate=row.category == "associate",
        country=row.country,
        structure=row.structure,
        persons=row.persons,
        discounts=waived,
    )
    return Known(
        member_id=row.id,
        organization_id=row.organization_id,
        category=row.category,
        inputs=inputs,
        statistic_id=row.statistic_id,
        reason=reason,
    )


def _exempt(row: Any, year: int, last: dict[UUID, UUID]) -> NoDuesReason | None:
    """Why it owes nothing by any formula; who came back within the year pays by its last membership."""
    if not _was_member(row, year):
        return "not_a_member"
    return None if last[row.organization_id] == row.id else "other_membership"


def _facts(statistics_year: int, member_id: UUID | None) -> Select[*tuple[Any, ...]]:
    accepted = and_(
        StatisticDeclaration.member_id == Member.id,
        StatisticDeclaration.year == statistics_year,
        StatisticDeclaration.state == "accepted",
    )
    query: Select[*tuple[Any, ...]] = (
        select(
            Member.id,
            Member.organization_id,
            Member.category,
            Member.admitted_on,
            ended_on().label("ended_on"),
            Organization.country,
            Organization.structure,
            StatisticDeclaration.id.label("statistic_id"),
            StatisticDeclaration.persons,
        )
        .join(Organization, Organization.id == Member.organization_id)
        .outerjoin(StatisticDeclaration, accepted)
        .order_by(Member.admitted_on, Member.id)
    )
    if member_id is None:
        return query
    # The organization's other memberships decide which of them pays.
    owner = select(Member.organization_id).where(Member.id == member_id).scalar_subquery()
    return query.where(Member.organization_id == owner)


def _was_member(row: Any, year: int) -> bool:
    """On at least one day of the year; the day a membership ends is no day of it any more."""
    began, ended = row.admitted_on, row.ended_on
    return bool(began <= date(year, 12, 31) and (ended is None or ended > date(year, 1, 1)))


def _discounts(session: Session, year: int, member_id: UUID | None) -> dict[UUID, list[Discount]]:
    query = select(DuesDiscount.member_id, DuesDiscount.code, DuesDiscount.percent)
    query = query.where(DuesDiscount.year == year, DuesDiscount.withdrawn_at.is_(None)).order_by(DuesDiscount.code)
    if member_id is not None:
        query = query.where(DuesDiscount.member_id == member_id)
    found: dict[UUID, list[Discount]] = {}
    for row in session.execute(query):
        found.setdefault(row.member_id, []).append(Discount(code=row.code, percent=row.percent))
    return found


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What one member would owe; exactly one of `assessment` and `reason` is there."""

    formula: DuesFormula
    statistics_year: int
    known: Known
    assessment: Assessment | None
    reason: NoDuesReason | None


def quote_dues(session: Session, *, member_id: UUID, year: int, formula: DuesFormula | None = None) -> Quote:
    """What the member owes for the year by `formula`, or by the one in force. Nothing is recorded.

    Raises:
        UnknownMember, NoFormulaInForce
    """
    member(session, member_id=member_id)
    used = formula or formula_of_year(session, year=year)
    statistics_year = year - used.formula.statistics_lag
    every = known_members(session, year=year, statistics_year=statistics_year, member_id=member_id)
    known = next(one for one in every if one.member_id == member_id)
    verdict = known.assess(used.formula)
    assessment, reason = (None, verdict) if isinstance(verdict, str) else (verdict, None)
    return Quote(formula=used, statistics_year=statistics_year, known=known, assessment=assessment, reason=reason)


def record_dues(session: Session, *, year: int, actor: str, now: datetime) -> dict[str, Any]:
    """Record what everybody owes for the year by the formula in force; who was recorded already stays as recorded.

    How many were recorded now and before, and how many could not be, by reason.

    Raises:
        NoFormulaInForce
    """
    one_at_a_time(session)
    used = formula_of_year(session, year=year)
    formula = used.formula
    there = _recorded(session, year)
    taken = {organization_id for _, organization_id in there.values()}
    skipped: Counter[NoDuesReason] = Counter()

    def owing() -> Iterator[tuple[DuesAssessment, UUID]]:
        for known in known_members(session, year=year, statistics_year=year - formula.statistics_lag):
            if known.member_id in there:
                skipped["assessed_otherwise"] += there[known.member_id][0] != used.id
                continue
            verdict = "other_membership" if known.organization_id in taken else known.assess(formula)
            if isinstance(verdict, str):
                skipped[verdict] += 1
            else:
                yield _assessment(known, verdict, used, year=year, actor=actor, now=now), known.organization_id

    recorded = sum(_record(session, batch, now=now) for batch in batches(owing(), AT_ONCE))
    before = len(there) - skipped["assessed_otherwise"]
    return {"formula": used, "recorded": recorded, "recorded_before": before, "skipped": +skipped}


def _record(session: Session, new: Sequence[tuple[DuesAssessment, UUID]], *, now: datetime) -> int:
    session.add_all([assessment for assessment, _ in new])
    session.flush()
    publish_all(session, (_fact(*one) for one in new), at=now)
    return len(new)


def _recorded(session: Session, year: int) -> dict[UUID, tuple[UUID, UUID]]:
    """Formula and organization of every member that was assessed for the year."""
    query = select(DuesAssessment.member_id, DuesAssessment.formula_id, Member.organization_id)
    query = query.join(Member, Member.id == DuesAssessment.member_id).where(DuesAssessment.year == year)
    return {row.member_id: (row.formula_id, row.organization_id) for row in session.execute(query)}


def _assessment(
    known: Known, owed: Assessment, used: DuesFormula, *, year: int, actor: str, now: datetime
) -> DuesAssessment:
    return DuesAssessment(
        id=uuid7(),
        member_id=known.member_id,
        year=year,
        formula_id=used.id,
        statistic_id=known.statistic_id,
        inputs=stored_inputs(known.inputs),
        lines=stored_lines(owed),
        minor=owed.amount.minor,
        currency=owed.amount.currency,
        assessed_at=now,
        assessed_by=actor,
    )


def _fact(assessment: DuesAssessment, organization_id: UUID) -> DuesAssessed:
    return DuesAssessed(
        assessment_id=assessment.id,
        member_id=assessment.member_id,
        organization_id=organization_id,
        year=assessment.year,
        formula_id=assessment.formula_id,
        amount=assessment.minor,
        currency=assessment.currency,
    )


def assessment(session: Session, *, assessment_id: UUID) -> DuesAssessment:
    found = session.get(DuesAssessment, assessment_id)
    if not found:
        raise UnknownAssessment(assessment_id=assessment_id)
    return found


def assessments(
    *, year: int | None = None, country: str | None = None, member_id: UUID | None = None
) -> Select[DuesAssessment]:
    query = select(DuesAssessment).options(defer(DuesAssessment.inputs), defer(DuesAssessment.lines))
    if year is not None:
        query = query.where(DuesAssessment.year == year)
    if member_id is not None:
        query = query.where(DuesAssessment.member_id == member_id)
    if country is not None:
        query = query.where(DuesAssessment.member.has(Member.organization.has(Organization.country == country)))
    return query
