"""The statistic form for people without an account: a signed link opens one declaration until the round closes."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import StatisticDeclaration, StatisticLink
from services.membership.service.showing import figures, warned
from shared.http import links
from shared.http.call import Call
from shared.http.routing import route
from shared.settings import Settings

_PURPOSE = "statistic"
_LONGEST = timedelta(days=400)
"""Beyond the longest round; the round itself says when a link ends, and may be moved after it was sent."""

LINK = "/v1/links/statistics/<token>"


def address_of(settings: Settings) -> Callable[[UUID], str]:
    """What a link's id is sent out as."""

    def address(link_id: UUID) -> str:
        token = links.sign(settings.link_secret, _PURPOSE, {"link": str(link_id)})
        return f"{settings.public_url.rstrip('/')}/v1/links/statistics/{token}/form"

    return address


class StatisticLinkRoutes:
    """Declare without login."""

    @route("GET", LINK, scope=None, returns=schemas.FormResponse)
    def show_statistic_form(self, call: Call, *, token: str) -> SimpleNamespace:
        """What the form begins with: the figures as declared, or last year's to go by."""
        declaration, _ = opened(call, token)
        return _form(call, declaration)

    @route("POST", f"{LINK}/check", scope=None, body=schemas.DeclarationRequest, returns=schemas.CheckResponse)
    def check_statistic_form(self, call: Call, *, token: str) -> dict[str, Any]:
        """What of these figures would have to be confirmed; nothing is changed."""
        declaration, _ = opened(call, token)
        found = operations.check_statistic(call.session, declaration, **call.body)
        return {"warnings": warned(map(vars, found), call.language)}

    @route(
        "POST",
        LINK,
        scope=None,
        body=schemas.DeclarationRequest,
        returns=schemas.FormResponse,
        requires_if_match=True,
    )
    def declare_by_link(self, call: Call, *, token: str) -> SimpleNamespace:
        """Declare; again until the secretariat has accepted."""
        declaration, link = opened(call, token)
        call.match(declaration)
        operations.declare_statistic(call.session, declaration, **call.body, actor=actor_of(link), now=call.now)
        return _form(call, declaration)


def opened(call: Call, token: str) -> tuple[StatisticDeclaration, StatisticLink]:
    """What the token opens, locked."""
    return operations.statistic_by_link(call.session, link_id=_link_in(call.settings, token), now=call.now)


def actor_of(link: StatisticLink) -> str:
    """Whoever holds the link."""
    return f"link/{link.id}"


def ensure_signed(settings: Settings, path_values: Mapping[str, Any]) -> None:
    """Before a stranger's file is read: only who holds a link may send one.

    Raises:
        LinkExpired, LinkInvalid
    """
    _link_in(settings, path_values["token"])


def _link_in(settings: Settings, token: str) -> UUID:
    return UUID(links.verify(settings.link_secret, _PURPOSE, token, lifetime=_LONGEST)["link"])


def _form(call: Call, declaration: StatisticDeclaration) -> SimpleNamespace:
    before = operations.year_before(call.session, declaration)
    return SimpleNamespace(
        organization_name=declaration.member.organization.name,
        year=declaration.year,
        due_on=declaration.round.due_on,
        closes_on=declaration.round.closes_on,
        state=declaration.state,
        question=declaration.question,
        figures=figures(declaration),
        previous_year=before.year if before else None,
        previous=figures(before),
        files=declaration.current_files,
        warnings=warned(declaration.warnings, call.language),
        version=declaration.version,
    )
