"""The pipeline: the board, the day, and how prospects become members."""

from typing import Any

from services.membership import operations, schemas
from services.membership.service.prospects import shown
from services.membership.service.scopes import READ
from shared.http.call import Call
from shared.http.routing import route

MOST_DUE = 50


class PipelineRoutes:
    """Prospects as a whole."""

    @route("GET", "/v1/pipeline", scope=READ, query=schemas.BoardFilter, returns=schemas.BoardResponse)
    def show_board(self, call: Call) -> dict[str, Any]:
        """The board: every stage with its count and its first prospects, and the totals."""
        found = operations.board(call.session, **call.query, now=call.now)
        cards = iter(shown(call, [one for column in found.columns for one in column.prospects]))
        columns = [
            {"stage": column.stage, "count": column.count, "prospects": [next(cards) for _ in column.prospects]}
            for column in found.columns
        ]
        return {"columns": columns, "totals": found.totals}

    @route("GET", "/v1/pipeline/today", scope=READ, query=schemas.TodayFilter, returns=schemas.TodayResponse)
    def show_today(self, call: Call) -> dict[str, Any]:
        """What is due to the caller, or to somebody else, and how much is due that nobody owns."""
        found = operations.today(call.session, owner=call.query.get("owner", call.actor), now=call.now, size=MOST_DUE)
        return {**vars(found), "prospects": shown(call, found.prospects)}

    @route("GET", "/v1/pipeline/funnel", scope=READ, query=schemas.FunnelFilter, returns=schemas.FunnelResponse)
    def show_funnel(self, call: Call) -> dict[str, Any]:
        """Conversion and time per stage of the prospects opened in a period, by month, country, campaign or owner."""
        found = operations.conversion(call.session, **call.query, now=call.now)
        names = operations.campaign_names(call.session) if call.query["by"] == "campaign" else {}
        cohorts = [{"cohort": key, "name": names.get(key, key), **vars(funnel)} for key, funnel in found.items()]
        return {**call.query, "as_of": call.now, "cohorts": cohorts}
