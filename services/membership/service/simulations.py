"""Simulations: a formula tried on the real members."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.dues_words import explain_reason
from services.membership.model import DuesSimulation, SimulatedDues
from services.membership.service.scopes import READ, WRITE
from services.membership.service.showing import dues_lines, money, skipped
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.i18n import Language

_SIMULATION = "/v1/dues-simulations/<uuid:simulation_id>"


class SimulationRoutes:
    """What another formula would bring, and from whom."""

    @route(
        "POST",
        "/v1/dues-simulations",
        scope=WRITE,
        body=schemas.SimulationRequest,
        returns=schemas.SimulationResponse,
        status=201,
        location="/v1/dues-simulations/{id}",
    )
    def simulate_dues(self, call: Call) -> dict[str, Any]:
        """Try a formula, draft or approved, beside the one in force; nothing is owed by it."""
        formula = operations.formula(call.session, formula_id=call.body.pop("formula_id"))
        made = operations.simulate(call.session, formula=formula, **call.body, actor=call.actor, now=call.now)
        call.session.refresh(made)
        return _shown(call, made)

    @route(
        "GET",
        "/v1/dues-simulations",
        scope=READ,
        query=schemas.SimulationFilter,
        returns=schemas.SimulationSummary,
        sort={"-simulated_at": DuesSimulation.simulated_at},
    )
    def list_simulations(self, call: Call) -> Page[DuesSimulation]:
        """What was tried."""
        return call.page(operations.simulations(**call.query))

    @route("GET", _SIMULATION, scope=READ, returns=schemas.SimulationResponse)
    def show_simulation(self, call: Call, *, simulation_id: UUID) -> dict[str, Any]:
        """One simulation with its totals, all in all and by country."""
        return _shown(call, operations.simulation(call.session, simulation_id=simulation_id))

    @route(
        "GET",
        f"{_SIMULATION}/members",
        scope=READ,
        query=schemas.SimulatedDuesFilter,
        returns=schemas.SimulatedDuesResponse,
        sort={"change": SimulatedDues.change, "amount": SimulatedDues.minor},
    )
    def list_simulated_dues(self, call: Call, *, simulation_id: UUID) -> Page[Any]:
        """Each member by both formulas, who wins most first; those without an amount say why."""
        simulation = operations.simulation(call.session, simulation_id=simulation_id)
        page = call.page(operations.simulated_dues(simulation_id=simulation_id, **call.query))
        return replace(page, items=[_row(one, simulation, call.language) for one in page.items])


def _shown(call: Call, simulation: DuesSimulation) -> dict[str, Any]:
    totals = operations.simulation_totals(call.session, simulation_id=simulation.id)
    years = simulation.year, simulation.statistics_year
    return {
        **{name: getattr(simulation, name) for name in schemas.SimulationSummary().fields},
        "total": _totals(totals["total"], simulation),
        "by_country": [_totals(row, simulation) for row in totals["by_country"]],
        "skipped": skipped(totals["reasons"], *years, call.language),
    }


def _totals(row: dict[str, Any], simulation: DuesSimulation) -> dict[str, Any]:
    comparable = simulation.currency if simulation.currency == simulation.baseline_currency else None
    return {
        **row,
        "amount": money(int(row["minor"]), simulation.currency),
        "baseline_amount": money(int(row["baseline_minor"]), simulation.baseline_currency),
        "change": money(int(row["change"]), comparable),
    }


def _row(found: SimulatedDues, simulation: DuesSimulation, language: Language) -> dict[str, Any]:
    years = simulation.year, simulation.statistics_year
    return {
        **{name: getattr(found, name) for name in ("member_id", "category", "persons", "reason", "outcome")},
        "organization": found.member.organization,
        "amount": money(found.minor, simulation.currency),
        "lines": dues_lines(found.lines, simulation.currency, language),
        "explanation": explain_reason(found.reason, *years, language) if found.reason else "",
        "baseline_amount": money(found.baseline_minor, simulation.baseline_currency),
        "baseline_reason": found.baseline_reason,
        "change": money(found.change, simulation.currency),
    }
