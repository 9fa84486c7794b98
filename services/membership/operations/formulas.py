"""Dues formulas: draft, approve, retire, find the one in force."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from services.membership.dues import Terms
from services.membership.model import (
    DuesAssessment,
    DuesFormula,
    FormulaInUse,
    FormulaOverlaps,
    NoFormulaInForce,
    UnknownFormula,
)
from services.membership.model.formulas import FormulaState

_HELD = ("approved", "retired")
_LOCK = 5_120_021
"""An advisory lock; the number means nothing else."""


def one_at_a_time(session: Session) -> None:
    """Which formula is in force, who is assessed and what is waived hang together, so each waits for the others."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def formula(session: Session, *, formula_id: UUID) -> DuesFormula:
    found = session.get(DuesFormula, formula_id)
    if not found:
        raise UnknownFormula(formula_id=formula_id)
    return found


def formula_to_change(session: Session, *, formula_id: UUID) -> DuesFormula:
    """The formula, locked."""
    found = session.get(DuesFormula, formula_id, with_for_update=True, populate_existing=True)
    if not found:
        raise UnknownFormula(formula_id=formula_id)
    return found


def formulas(*, state: FormulaState | None = None, in_force_on: date | None = None) -> Select[DuesFormula]:
    query = select(DuesFormula)
    if state is not None:
        query = query.where(DuesFormula.state == state)
    if in_force_on is not None:
        ends = or_(DuesFormula.effective_until.is_(None), DuesFormula.effective_until > in_force_on)
        query = query.where(DuesFormula.state.in_(_HELD), DuesFormula.effective_from <= in_force_on, ends)
    return query


def formula_of_year(session: Session, *, year: int) -> DuesFormula:
    """The formula in force on the year's first day, which the whole year's dues are assessed by.

    Raises:
        NoFormulaInForce
    """
    day = date(year, 1, 1)
    found = session.scalar(formulas(in_force_on=day))
    if not found:
        raise NoFormulaInForce(day=day)
    return found


def draft_formula(
    session: Session, *, name: str, terms: Terms, effective_from: date, reason: str, actor: str, now: datetime
) -> DuesFormula:
    """A version for somebody else to approve."""
    drafted = DuesFormula.draft(
        name=name, terms=terms, effective_from=effective_from, reason=reason, now=now, actor=actor
    )
    session.add(drafted)
    session.flush()
    return drafted


def change_formula(
    session: Session, changed: DuesFormula, *, reason: str, actor: str, now: datetime, **facts: Any
) -> DuesFormula:
    """Change what `facts` names of a draft; who does it can't approve it any more."""
    changed.change(reason=reason, now=now, actor=actor, **facts)
    session.flush()
    return changed


def approve_formula(session: Session, approved: DuesFormula, *, reason: str, actor: str, now: datetime) -> DuesFormula:
    """In force from its day on, unless another one is in force at any moment from then on."""
    one_at_a_time(session)
    approved.approve(reason=reason, now=now, actor=actor)
    ends = or_(DuesFormula.effective_until.is_(None), DuesFormula.effective_until > approved.effective_from)
    others = select(DuesFormula).where(DuesFormula.id != approved.id, DuesFormula.state.in_(_HELD), ends)
    with session.no_autoflush:
        other = session.scalars(others.order_by(DuesFormula.effective_from)).first()
    if other:
        until = other.effective_until or "…"
        raise FormulaOverlaps(number=other.number, begins=other.effective_from, ends=until)
    session.flush()
    return approved


def retire_formula(
    session: Session, retired: DuesFormula, *, effective_until: date, reason: str, actor: str, now: datetime
) -> DuesFormula:
    """In force no more from `effective_until` on; years that were assessed by it keep it."""
    one_at_a_time(session)
    first_free = effective_until.year + (effective_until > date(effective_until.year, 1, 1))
    used = exists().where(DuesAssessment.formula_id == retired.id, DuesAssessment.year >= first_free)
    if session.scalar(select(used)):
        raise FormulaInUse(year=first_free, pointer="/effective_until")
    retired.retire(effective_until=effective_until, reason=reason, now=now, actor=actor)
    session.flush()
    return retired


def discard_formula(session: Session, discarded: DuesFormula, *, reason: str, actor: str, now: datetime) -> DuesFormula:
    """A draft nobody wants."""
    discarded.discard(reason=reason, now=now, actor=actor)
    session.flush()
    return discarded
