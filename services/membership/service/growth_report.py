"""The growth report, as data, tables, a workbook and charts."""

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from services.membership import operations, schemas, svg
from services.membership.formats import csv_table, xlsx
from services.membership.growing import GrowthReport, Tally
from services.membership.growth_charts import chart
from services.membership.growth_tables import TABLES, table
from services.membership.growth_words import REASONS
from services.membership.service.directory import attached
from services.membership.service.scopes import READ
from shared.http.call import Call
from shared.http.routing import route
from shared.i18n import gettext

_GROWTH = "/v1/reports/growth"
TITLE = "Growth report"


class GrowthReportRoutes:
    """How the membership grew in any period."""

    @route("GET", _GROWTH, scope=READ, query=schemas.GrowthPeriod, returns=schemas.GrowthReportResponse)
    def show_growth(self, call: Call) -> dict[str, Any]:
        """Who joined and left from day to day, by country, sector and category, and how many stayed."""
        report = _report(call)
        growth = report.growth
        reasons = [
            {"rule": rule, "name": gettext(call.language, REASONS[rule]), "left": left}  # type: ignore[index] # a rule
            for rule, left in growth.reasons.items()
        ]
        cohorts = [
            {
                **vars(one),
                "retention": one.retention,
                "remaining": [{"on": day, "members": members} for day, members in one.remaining],
            }
            for one in growth.cohorts
        ]
        return {
            **vars(report),
            "total": growth.total,
            "countries": _named("country", growth.countries),
            "sectors": _named("sector", growth.sectors),
            "categories": _named("category", growth.categories),
            "reasons": reasons,
            "intervals": growth.intervals,
            "cohorts": cohorts,
        }

    @route("GET", f"{_GROWTH}.csv", scope=READ, query=schemas.GrowthTableQuery, produces=csv_table.MEDIA_TYPE)
    def export_growth_csv(self, call: Call) -> Response:
        """One table of the report as CSV."""
        name = call.query.pop("table")
        report = _report(call)
        return attached(csv_table.encode(table(report, name)), csv_table.MEDIA_TYPE, _file(report, f"{name}.csv"))

    @route("GET", f"{_GROWTH}.xlsx", scope=READ, query=schemas.GrowthPeriod, produces=xlsx.MEDIA_TYPE)
    def export_growth_xlsx(self, call: Call) -> Response:
        """All tables of the report as a workbook, a sheet each."""
        report = _report(call)
        title = gettext(call.language, TITLE)
        written = xlsx.encode([table(report, name) for name in TABLES], title=title, now=call.now)
        return attached(written, xlsx.MEDIA_TYPE, _file(report, "all.xlsx"))

    @route("GET", f"{_GROWTH}.svg", scope=READ, query=schemas.GrowthChartQuery, produces=svg.MEDIA_TYPE)
    def draw_growth(self, call: Call) -> Response:
        """One chart of the report, with a title and a description for who can't see it."""
        name = call.query.pop("chart")
        drawn = chart(_report(call), name, call.language)
        return Response(drawn, content_type=svg.MEDIA_TYPE)


def _report(call: Call) -> GrowthReport:
    return operations.growth_report(call.session, **call.query, now=call.now)


def _named(name: str, tallies: Mapping[str, Tally]) -> list[dict[str, Any]]:
    return [{name: key, "net": tally.net, **vars(tally)} for key, tally in tallies.items()]


def _file(report: GrowthReport, end: str) -> str:
    return f"growth-{report.since}-{report.until}-{end}"
