"""Statistic declarations, as staff handle them."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import StatisticDeclaration
from services.membership.service.scopes import READ, WRITE
from services.membership.service.showing import figures, warned
from services.membership.service.statistic_links import address_of
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

STATISTIC = "/v1/statistics/<uuid:statistic_id>"


class StatisticRoutes:
    """What members declare, and whether it holds."""

    @route(
        "GET",
        "/v1/statistics",
        scope=READ,
        query=schemas.StatisticFilter,
        returns=schemas.StatisticSummary,
        sort={"-changed_at": StatisticDeclaration.changed_at, "persons": StatisticDeclaration.persons},
    )
    def list_statistics(self, call: Call) -> Page[StatisticDeclaration]:
        """Declarations by round, state and country; also those of members nobody can write to."""
        return call.page(operations.statistics(**call.query))

    @route("GET", STATISTIC, scope=READ, returns=schemas.StatisticResponse)
    def show_statistic(self, call: Call, *, statistic_id: UUID) -> SimpleNamespace:
        """One declaration beside the year before, with its history."""
        return _shown(call, operations.statistic(call.session, statistic_id=statistic_id))

    @route(
        "POST",
        f"{STATISTIC}/check",
        scope=READ,
        body=schemas.DeclarationRequest,
        returns=schemas.CheckResponse,
    )
    def check_statistic(self, call: Call, *, statistic_id: UUID) -> dict[str, Any]:
        """What of these figures would have to be confirmed; nothing is changed."""
        checked = operations.statistic(call.session, statistic_id=statistic_id)
        found = operations.check_statistic(call.session, checked, **call.body)
        return {"warnings": warned(map(vars, found), call.language)}

    @route(
        "POST",
        f"{STATISTIC}/declare",
        scope=WRITE,
        body=schemas.DeclarationRequest,
        returns=schemas.StatisticResponse,
        requires_if_match=True,
    )
    def declare_statistic(self, call: Call, *, statistic_id: UUID) -> SimpleNamespace:
        """Declare on behalf of the member, also after the round has closed."""
        declared = operations.statistic_to_change(call.session, statistic_id=statistic_id)
        call.match(declared)
        operations.declare_statistic(call.session, declared, **call.body, actor=call.actor, now=call.now)
        return _shown(call, declared)

    @route(
        "POST",
        f"{STATISTIC}/accept",
        scope=WRITE,
        body=schemas.AcceptanceRequest,
        returns=schemas.StatisticResponse,
        requires_if_match=True,
    )
    def accept_statistic(self, call: Call, *, statistic_id: UUID) -> SimpleNamespace:
        """The figures as last seen hold; those declared since are not accepted unseen."""
        accepted = operations.statistic_to_change(call.session, statistic_id=statistic_id)
        call.match(accepted)
        operations.accept_statistic(call.session, accepted, **call.body, actor=call.actor, now=call.now)
        return _shown(call, accepted)

    @route(
        "POST",
        f"{STATISTIC}/question",
        scope=WRITE,
        body=schemas.QuestionRequest,
        returns=schemas.StatisticResponse,
        requires_if_match=True,
    )
    def question_statistic(self, call: Call, *, statistic_id: UUID) -> SimpleNamespace:
        """Ask the member about its figures, also about accepted ones; it is written to and may declare again."""
        questioned = operations.statistic_to_change(call.session, statistic_id=statistic_id)
        call.match(questioned)
        address = address_of(call.settings)
        operations.question_statistic(
            call.session, questioned, **call.body, address=address, actor=call.actor, now=call.now
        )
        return _shown(call, questioned)

    @route(
        "POST",
        f"{STATISTIC}/links",
        scope=WRITE,
        returns=schemas.NewLinkResponse,
        status=201,
        idempotent=False,
    )
    def make_statistic_link(self, call: Call, *, statistic_id: UUID) -> dict[str, Any]:
        """A link to hand over by other means; it is shown only in this answer."""
        into = operations.statistic_to_change(call.session, statistic_id=statistic_id)
        made = operations.make_link(call.session, into, actor=call.actor, now=call.now)
        return {"id": made.id, "url": address_of(call.settings)(made.id), "closes_at": into.round.closes_at}

    @route(
        "POST",
        f"{STATISTIC}/links/<uuid:link_id>/revoke",
        scope=WRITE,
        body=schemas.LinkRevocation,
        returns=schemas.StatisticResponse,
    )
    def revoke_statistic_link(self, call: Call, *, statistic_id: UUID, link_id: UUID) -> SimpleNamespace:
        """The link opens nothing any more."""
        of = operations.statistic_to_change(call.session, statistic_id=statistic_id)
        operations.revoke_link(call.session, of, link_id=link_id, **call.body, actor=call.actor, now=call.now)
        return _shown(call, of)


def _shown(call: Call, declaration: StatisticDeclaration) -> SimpleNamespace:
    before = operations.year_before(call.session, declaration)
    names = [name for name in schemas.StatisticResponse().fields if hasattr(declaration, name)]
    own = {name: getattr(declaration, name) for name in names}
    shown = {
        "member": declaration.member,
        "files": declaration.current_files,
        "warnings": warned(declaration.warnings, call.language),
        "previous_year": before.year if before else None,
        "previous": figures(before),
    }
    return SimpleNamespace(**own | shown)
