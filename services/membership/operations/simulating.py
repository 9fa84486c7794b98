"""Try a formula on the real members beside the one in force, and keep what came out."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, insert, select
from sqlalchemy.orm import Session

from services.membership.dues import Assessment
from services.membership.model import DuesFormula, DuesSimulation, SimulatedDues, UnknownSimulation
from services.membership.model.dues import NoDuesReason, Outcome, outcome_of, stored_lines
from services.membership.operations.dues import AT_ONCE, Known, known_members
from services.membership.operations.formulas import formulas
from shared.batches import batches
from shared.ids import uuid7

_OUTCOMES = ("more", "less", "same", "not_comparable", "not_assessed")


def simulate(
    session: Session,
    *,
    formula: DuesFormula,
    year: int,
    statistics_year: int | None = None,
    actor: str,
    now: datetime,
) -> DuesSimulation:
    """What everybody would owe for the year, and owes by the formula in force on its first day.

    Without `statistics_year` the formula says of which year; both formulas are tried on the same statistics.
    """
    tried = formula.formula
    baseline = session.scalar(formulas(in_force_on=date(year, 1, 1)))
    compared = baseline.formula if baseline else None
    simulation = DuesSimulation(
        id=uuid7(),
        formula_id=formula.id,
        baseline_id=baseline.id if baseline else None,
        terms=formula.terms,
        year=year,
        statistics_year=year - tried.statistics_lag if statistics_year is None else statistics_year,
        currency=tried.currency,
        baseline_currency=compared.currency if compared else None,
        simulated_at=now,
        simulated_by=actor,
    )
    session.add(simulation)
    session.flush()
    comparable = simulation.currency == simulation.baseline_currency
    rows = (
        _row(simulation.id, known, known.assess(tried), known.assess(compared) if compared else None, comparable)
        for known in known_members(session, year=year, statistics_year=simulation.statistics_year)
    )
    for batch in batches(rows, AT_ONCE):
        session.execute(insert(SimulatedDues), batch)
    return simulation


def _row(
    simulation_id: UUID,
    known: Known,
    verdict: Assessment | NoDuesReason,
    baseline: Assessment | NoDuesReason | None,
    comparable: bool,
) -> dict[str, Any]:
    minor, reason = _split(verdict)
    baseline_minor, baseline_reason = _split(baseline)
    change, outcome = outcome_of(minor, baseline_minor, comparable=comparable)
    return {
        "id": uuid7(),
        "simulation_id": simulation_id,
        "member_id": known.member_id,
        "country": known.inputs.country,
        "category": known.category,
        "persons": known.inputs.persons,
        "minor": minor,
        "reason": reason,
        "baseline_minor": baseline_minor,
        "baseline_reason": baseline_reason,
        "change": change,
        "outcome": outcome,
        "lines": stored_lines(verdict) if isinstance(verdict, Assessment) else [],
    }


def _split(verdict: Assessment | NoDuesReason | None) -> tuple[int | None, NoDuesReason | None]:
    if isinstance(verdict, Assessment):
        return verdict.amount.minor, None
    return None, verdict


def simulation(session: Session, *, simulation_id: UUID) -> DuesSimulation:
    found = session.get(DuesSimulation, simulation_id)
    if not found:
        raise UnknownSimulation(simulation_id=simulation_id)
    return found


def simulations(*, formula_id: UUID | None = None, year: int | None = None) -> Select[DuesSimulation]:
    query = select(DuesSimulation)
    if formula_id is not None:
        query = query.where(DuesSimulation.formula_id == formula_id)
    if year is not None:
        query = query.where(DuesSimulation.year == year)
    return query


def simulated_dues(
    *,
    simulation_id: UUID,
    country: str | None = None,
    category: str | None = None,
    outcome: Outcome | None = None,
    reason: NoDuesReason | None = None,
) -> Select[SimulatedDues]:
    """Each member in the simulation."""
    query = select(SimulatedDues).where(SimulatedDues.simulation_id == simulation_id)
    if country is not None:
        query = query.where(SimulatedDues.country == country)
    if category is not None:
        query = query.where(SimulatedDues.category == category)
    if outcome is not None:
        query = query.where(SimulatedDues.outcome == outcome)
    if reason is not None:
        query = query.where(SimulatedDues.reason == reason)
    return query


def simulation_totals(session: Session, *, simulation_id: UUID) -> dict[str, Any]:
    """The sums, all in all and by country, and how many could not be assessed, by reason."""
    outcomes = [func.count(case((SimulatedDues.outcome == name, 1))).label(name) for name in _OUTCOMES]
    query = (
        select(
            SimulatedDues.country,
            func.count().label("members"),
            func.coalesce(func.sum(SimulatedDues.minor), 0).label("minor"),
            func.coalesce(func.sum(SimulatedDues.baseline_minor), 0).label("baseline_minor"),
            func.coalesce(func.sum(SimulatedDues.change), 0).label("change"),
            *outcomes,
        )
        .where(SimulatedDues.simulation_id == simulation_id)
        .group_by(SimulatedDues.country)
        .order_by(SimulatedDues.country)
    )
    countries = [dict(row) for row in session.execute(query).mappings()]
    numbers = ("members", "minor", "baseline_minor", "change", *_OUTCOMES)
    total = {name: sum(int(row[name]) for row in countries) for name in numbers}
    return {"total": total, "by_country": countries, "reasons": _reasons(session, simulation_id)}


def _reasons(session: Session, simulation_id: UUID) -> dict[str, int]:
    query = (
        select(SimulatedDues.reason, func.count().label("members"))
        .where(SimulatedDues.simulation_id == simulation_id, SimulatedDues.reason.is_not(None))
        .group_by(SimulatedDues.reason)
    )
    return {row.reason: row.members for row in session.execute(query)}
