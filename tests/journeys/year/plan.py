"""A system whose membership service runs by a test's clock."""

from dataclasses import replace
from pathlib import Path

from intercoop.local.plan import Plan
from intercoop.local.program import Program

ROOT = Path(__file__).parents[3]


class PlanByTheClock(Plan):
    """Its membership service runs by the clock that YEAR_CLOCK names."""

    def service(self, service: str) -> Program:
        usual = super().service(service)
        if service != "membership":
            return usual
        python, *_ = usual.argv
        return replace(usual, argv=(python, "-m", "tests.journeys.year.served"), cwd=ROOT)


def by_the_clock(plan: Plan, clock_file: Path) -> Plan:
    """The same instance, but for the clock."""
    changed = PlanByTheClock(plan.home, {**plan.env, "YEAR_CLOCK": str(clock_file)})
    vars(changed)["ports"] = plan.ports
    return changed
