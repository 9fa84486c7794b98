"""Dues runs: preview who is invoiced what and who is skipped and why, prepare drafts, let them go out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session, joinedload

from services.membership.dues.instalments import Instalment, split
from services.membership.model import (
    Contact,
    DuesAssessment,
    DuesRun,
    Invoice,
    Member,
    NothingToIssue,
    Organization,
    StatisticDeclaration,
    UnknownRun,
)
from services.membership.model.dues_runs import NoInvoiceReason, RunState
from services.membership.operations.dues_contacts import addressee_of, dues_contacts, has_dues_contact, language_for
from services.membership.operations.endings import ended_on
from services.membership.operations.formulas import formula_of_year, one_at_a_time
from shared.ids import uuid7

AT_ONCE = 500
"""So many members are held in memory while a run is prepared, however many there are."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A member of a run's year: what it would be invoiced, and to whom; or why it is skipped."""

    member: Member
    assessment_id: UUID | None
    minor: int | None
    currency: str | None
    reason: NoInvoiceReason | None
    contact: Contact | None


def dues_run(session: Session, *, run_id: UUID) -> DuesRun:
    found = session.get(DuesRun, run_id)
    if not found:
        raise UnknownRun(run_id=run_id)
    return found


def run_to_change(session: Session, *, run_id: UUID) -> DuesRun:
    """The run, locked."""
    found = session.get(DuesRun, run_id, with_for_update=True, populate_existing=True)
    if not found:
        raise UnknownRun(run_id=run_id)
    return found


def dues_runs(*, year: int | None = None, state: RunState | None = None) -> Select[DuesRun]:
    query = select(DuesRun)
    if year is not None:
        query = query.where(DuesRun.year == year)
    return query if state is None else query.where(DuesRun.state == state)


def plan_run(
    session: Session,
    *,
    year: int,
    series: str,
    instalments: Sequence[dict[str, Any]],
    again: bool = False,
    actor: str,
    now: datetime,
) -> DuesRun:
    """A run with a draft for everybody who can be invoiced.

    Raises:
        NoFormulaInForce, SharesIncomplete, DueDatesOutOfOrder, InstalmentInPast
    """
    planned = DuesRun.plan(year=year, series=series, shares=instalments, again=again, now=now, actor=actor)
    session.add(planned)
    session.flush()
    prepare_run(session, planned, actor=actor, now=now)
    return planned


def prepare_run(session: Session, run: DuesRun, *, actor: str, now: datetime) -> int:
    """A draft for each member that can be invoiced by now and has none; how many were added.

    Raises:
        RunNotDraft
    """
    run.ensure_draft()
    one_at_a_time(session)
    lag = _lag(session, run.year)
    query = _preview(run.year).where(_reason(run.year, lag, again=run.again).is_(None))
    numbers = joinedload(Member.organization).selectinload(Organization.identifiers)
    ready = session.scalars(query.options(numbers).execution_options(yield_per=AT_ONCE))
    return sum(_add_drafts(session, run, members, actor=actor, now=now) for members in ready.partitions())


def _add_drafts(session: Session, run: DuesRun, ready: Sequence[Member], *, actor: str, now: datetime) -> int:
    found = candidates(session, ready, year=run.year, again=run.again)
    session.execute(insert(Invoice), [_draft(run, one, actor=actor, now=now) for one in found])
    return len(found)


def start_run(session: Session, run: DuesRun, *, actor: str, now: datetime) -> DuesRun:
    """Let its drafts go out; the schedule numbers and issues them in batches, and goes on after whatever stops it.

    Raises:
        RunNotDraft, InstalmentInPast, NothingToIssue
    """
    run.ensure_draft()
    run.ensure_timely(now.date())
    if not session.scalar(select(exists().where(Invoice.run_id == run.id, Invoice.state == "draft"))):
        raise NothingToIssue
    run.state, run.started_at, run.started_by = "issuing", now, actor
    session.flush()
    return run


def discard_run(session: Session, run: DuesRun, *, now: datetime) -> DuesRun:
    """Give the run and its drafts up.

    Raises:
        RunNotDraft
    """
    run.ensure_draft()
    drafts = update(Invoice).where(Invoice.run_id == run.id, Invoice.state == "draft")
    session.execute(drafts.values(state="cancelled", version=Invoice.version + 1))
    run.state, run.finished_at = "discarded", now
    session.flush()
    return run


def preview(
    session: Session, *, year: int, again: bool = False, outcome: str | None = None, country: str | None = None
) -> Select[Member]:
    """Members of the year, also those who are skipped; `outcome` is "ready" or one of the reasons.

    Raises:
        NoFormulaInForce
    """
    lag = _lag(session, year)
    query = _preview(year)
    if country is not None:
        query = query.where(Member.organization.has(Organization.country == country))
    if outcome is not None:
        reason = _reason(year, lag, again=again)
        query = query.where(reason.is_(None) if outcome == "ready" else reason == outcome)
    return query


def candidates(session: Session, members: Sequence[Member], *, year: int, again: bool = False) -> list[Candidate]:
    """What the preview says of these members, in their order."""
    lag = _lag(session, year)
    columns = (Member.id, DuesAssessment.id.label("assessment_id"), DuesAssessment.minor, DuesAssessment.currency)
    query = _preview(year).where(Member.id.in_([one.id for one in members]))
    query = query.with_only_columns(*columns, _reason(year, lag, again=again).label("reason"))
    rows = {row.id: row for row in session.execute(query)}
    contacts = dues_contacts(session, [one.organization_id for one in members])
    return [
        Candidate(
            member=one,
            assessment_id=rows[one.id].assessment_id,
            minor=rows[one.id].minor,
            currency=rows[one.id].currency,
            reason=rows[one.id].reason,
            contact=contacts.get(one.organization_id),
        )
        for one in members
    ]


def preview_totals(session: Session, *, year: int, again: bool = False) -> list[dict[str, Any]]:
    """How many members and how much by outcome and currency."""
    lag = _lag(session, year)
    reason = func.coalesce(_reason(year, lag, again=again), "ready").label("outcome")
    query = _preview(year).with_only_columns(
        reason, DuesAssessment.currency, func.count().label("members"), func.sum(DuesAssessment.minor).label("minor")
    )
    rows = session.execute(query.group_by(reason, DuesAssessment.currency).order_by(reason, DuesAssessment.currency))
    return [dict(row) for row in rows.mappings()]


def run_counts(session: Session, *, run_id: UUID) -> list[dict[str, Any]]:
    """How many invoices of a run are in which state, and what they make up to."""
    columns = (Invoice.state, Invoice.currency, func.count().label("invoices"), func.sum(Invoice.minor).label("minor"))
    query = select(*columns).where(Invoice.run_id == run_id).group_by(Invoice.state, Invoice.currency)
    return [dict(row) for row in session.execute(query.order_by(Invoice.state, Invoice.currency)).mappings()]


def _lag(session: Session, year: int) -> int:
    return formula_of_year(session, year=year).formula.statistics_lag


def _preview(year: int) -> Select[Member]:
    owed = and_(DuesAssessment.member_id == Member.id, DuesAssessment.year == year)
    ended = ended_on()
    there = and_(Member.admitted_on <= date(year, 12, 31), or_(ended.is_(None), ended > date(year, 1, 1)))
    return select(Member).outerjoin(DuesAssessment, owed).where(or_(DuesAssessment.id.is_not(None), there))


def _reason(year: int, lag: int, *, again: bool) -> ColumnElement[Any]:
    """Why a member of the preview is skipped; NULL for who can be invoiced."""
    standing = Invoice.state != "cancelled" if again else or_(Invoice.state != "cancelled", Invoice.number.is_not(None))
    invoiced = exists().where(Invoice.member_id == Member.id, Invoice.year == year, standing)
    accepted = exists().where(
        StatisticDeclaration.member_id == Member.id,
        StatisticDeclaration.year == year - lag,
        StatisticDeclaration.state == "accepted",
    )
    missing = DuesAssessment.id.is_(None)
    return case(
        (invoiced, "invoiced"),
        (and_(missing, Member.category == "full", ~accepted), "no_statistic"),
        (missing, "not_assessed"),
        (DuesAssessment.minor == 0, "nothing_owed"),
        (~has_dues_contact(), "no_contact"),
    )


def _draft(run: DuesRun, of: Candidate, *, actor: str, now: datetime) -> dict[str, Any]:
    assert of.minor
    organization = of.member.organization
    return {
        "id": uuid7(),
        "version": 1,
        "run_id": run.id,
        "member_id": of.member.id,
        "assessment_id": of.assessment_id,
        "year": run.year,
        "state": "draft",
        "minor": of.minor,
        "open_minor": of.minor,
        "credited_minor": 0,
        "written_off_minor": 0,
        "overdue_count": 0,
        "currency": of.currency,
        "parts": [_stored(one) for one in split(of.minor, run.plan_shares)],
        "language": language_for(of.contact, organization),
        "addressee": addressee_of(of.contact, organization),
        "drafted_at": now,
        "drafted_by": actor,
    }


def _stored(one: Instalment) -> dict[str, Any]:
    return {"number": one.number, "due_on": one.due_on.isoformat(), "minor": one.minor}
