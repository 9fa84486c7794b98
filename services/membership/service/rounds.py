"""Statistic rounds: open one, ask everybody, see how it stands."""

from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import StatisticRound
from services.membership.service.scopes import READ, WRITE
from services.membership.service.statistic_links import address_of
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_ROUND = "/v1/statistic-rounds/<uuid:round_id>"


class RoundRoutes:
    """Once a year every member is asked for its figures."""

    @route(
        "POST",
        "/v1/statistic-rounds",
        scope=WRITE,
        body=schemas.RoundRequest,
        returns=schemas.RoundResponse,
        status=201,
        location="/v1/statistic-rounds/{id}",
    )
    def open_round(self, call: Call) -> StatisticRound:
        """Open a round for every present member; nobody is written to yet."""
        return operations.open_round(call.session, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/statistic-rounds",
        scope=READ,
        returns=schemas.RoundSummary,
        sort={"-year": StatisticRound.year},
    )
    def list_rounds(self, call: Call) -> Page[StatisticRound]:
        """Every round."""
        return call.page(operations.statistic_rounds())

    @route("GET", _ROUND, scope=READ, returns=schemas.RoundResponse)
    def show_round(self, call: Call, *, round_id: UUID) -> StatisticRound:
        """One round."""
        return operations.statistic_round(call.session, round_id=round_id)

    @route(
        "PATCH",
        _ROUND,
        scope=WRITE,
        body=schemas.RoundAmendment,
        returns=schemas.RoundResponse,
        requires_if_match=True,
    )
    def change_round(self, call: Call, *, round_id: UUID) -> StatisticRound:
        """Move its dates or thresholds; links that were sent follow."""
        changed = operations.round_to_change(call.session, round_id=round_id)
        call.match(changed)
        return operations.change_round(call.session, changed, **call.body, actor=call.actor, now=call.now)

    @route("GET", f"{_ROUND}/overview", scope=READ, returns=schemas.RoundOverviewResponse)
    def show_round_overview(self, call: Call, *, round_id: UUID) -> dict[str, Any]:
        """How many declarations are where, by country, and how many members nobody can write to."""
        return operations.round_overview(call.session, round_id=round_id)

    @route("POST", f"{_ROUND}/requests", scope=WRITE, returns=schemas.AskedResponse)
    def request_statistics(self, call: Call, *, round_id: UUID) -> dict[str, int]:
        """Write to everybody who has not declared and was not asked yet, also to members who came since."""
        return _ask(call, round_id, "request", 0)

    @route("POST", f"{_ROUND}/reminders", scope=WRITE, body=schemas.AskRequest, returns=schemas.AskedResponse)
    def remind_of_statistics(self, call: Call, *, round_id: UUID) -> dict[str, int]:
        """Remind everybody who has not declared; a reminder of one number goes to each member once."""
        return _ask(call, round_id, "reminder", call.body["step"])


def _ask(call: Call, round_id: UUID, occasion: Any, step: int) -> dict[str, int]:
    asking = operations.round_to_change(call.session, round_id=round_id)
    return operations.ask_members(
        call.session,
        asking,
        occasion=occasion,
        step=step,
        address=address_of(call.settings),
        actor=call.actor,
        now=call.now,
    )
