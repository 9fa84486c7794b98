"""Coverage of the universe, and the year's targets."""

from typing import Any

from services.membership import operations, schemas
from services.membership.coverage import Cell
from services.membership.forecast import LEAST, Forecast
from services.membership.model import GrowthTarget
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.i18n import Language, gettext


class CoverageRoutes:
    """Where members are missing, and how many a year is meant to bring."""

    @route("GET", "/v1/coverage", scope=READ, query=schemas.CoverageFilter, returns=schemas.CoverageResponse)
    def show_coverage(self, call: Call) -> dict[str, Any]:
        """How many organizations are known and how many are members, by country and sector, and where most lack."""
        found = operations.coverage(call.session, **call.query, now=call.now)
        countries = [
            {
                **_shown(one.total, found.total),
                "sectors": [_shown(sector, found.total) for sector in one.sectors],
            }
            for one in found.countries
        ]
        total = _shown(found.total, found.total)
        return {"total": total, "countries": countries, "white_spots": found.white_spots}

    @route("POST", "/v1/targets", scope=WRITE, body=schemas.TargetRequest, returns=schemas.TargetResponse, status=201)
    def set_target(self, call: Call) -> GrowthTarget:
        """Set what a year is meant to bring; setting it again keeps what was set before. If-Match is its version."""
        wanted = {"year": call.body["year"], "country": call.body.get("country")}
        if before := operations.target_to_change(call.session, **wanted):
            call.match(before)
        return operations.set_target(call.session, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/targets",
        scope=READ,
        query=schemas.TargetFilter,
        returns=schemas.TargetResponse,
        sort={"-set_at": GrowthTarget.set_at, "year": GrowthTarget.year},
    )
    def list_targets_of_years(self, call: Call) -> Page[GrowthTarget]:
        """Targets as they were set, the latest first."""
        return call.page(operations.targets(**call.query))

    @route("GET", "/v1/targets/progress", scope=READ, query=schemas.ProgressFilter, returns=schemas.ProgressResponse)
    def show_progress(self, call: Call) -> dict[str, Any]:
        """A year's admissions beside its target, and two forecasts with what they rest on."""
        found = operations.progress(call.session, **call.query, now=call.now)
        basis = list(_basis(found.forecast, call.language))
        forecast = {**vars(found.forecast), "basis": basis}
        return {**vars(found), "forecast": forecast}


def _shown(cell: Cell, region: Cell) -> dict[str, Any]:
    share = round(cell.persons / region.persons, 4) if cell.persons is not None and region.persons else None
    return {**vars(cell), "share": cell.share, "persons_share": share}


def _basis(found: Forecast, language: Language) -> list[str]:
    if found.by_run_rate is None:
        rate = gettext(language, "The year has not begun, so there is no pace to go by.")
    else:
        sentence = "Pace: {admitted} admissions in {days} days, carried on to the end of the year."
        rate = gettext(language, sentence, admitted=found.admitted, days=found.days_gone)
    if found.by_pipeline is None:
        least = gettext(language, "Pipeline: unknown, since of no stage as many as {least} were decided.", least=LEAST)
        return [rate, least]
    promised = round(sum(stage.expected for stage in found.stages), 2)
    sentence = "Pipeline: {admitted} admissions so far, and {promised} of {open} open prospects, as in past years."
    standing = sum(stage.open for stage in found.stages)
    return [rate, gettext(language, sentence, admitted=found.admitted, promised=promised, open=standing)]
