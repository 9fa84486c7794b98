"""Members answer a consultation without an account: a signed link opens one answer until the consultation closes."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import MembershipApplication, Opinion
from shared.http import links
from shared.http.call import Call
from shared.http.routing import route
from shared.i18n import Language, gettext
from shared.settings import Settings

_PURPOSE = "consultation"
_LONGEST = timedelta(days=120)
"""Beyond the longest consultation, which itself says when a link ends."""

LINK = "/v1/links/consultations/<token>"


def address_of(settings: Settings) -> Callable[[UUID], str]:
    """What a link's id is sent out as."""

    def address(link_id: UUID) -> str:
        token = links.sign(settings.link_secret, _PURPOSE, {"link": str(link_id)})
        return f"{settings.public_url.rstrip('/')}/v1/links/consultations/{token}/form"

    return address


class ConsultationLinkRoutes:
    """Answer without login."""

    @route("GET", LINK, scope=None, returns=schemas.OpinionFormResponse)
    def show_opinion_form(self, call: Call, *, token: str) -> SimpleNamespace:
        """Who applies as what, until when it may be answered, and what was said so far."""
        of, asked, _ = opened(call, token)
        return _form(of, asked, call.language)

    @route(
        "POST",
        LINK,
        scope=None,
        body=schemas.OpinionRequest,
        returns=schemas.OpinionFormResponse,
    )
    def say_by_link(self, call: Call, *, token: str) -> SimpleNamespace:
        """Support, object or abstain; again until the consultation closes."""
        of, asked, link_id = opened(call, token)
        call.match(of)
        operations.say_by_link(call.session, of, asked, **call.body, link_id=link_id, now=call.now)
        return _form(of, asked, call.language)


def opened(call: Call, token: str) -> tuple[MembershipApplication, Opinion, UUID]:
    """What the token opens, locked, and the link's id."""
    data = links.verify(call.settings.link_secret, _PURPOSE, token, lifetime=_LONGEST)
    link_id = UUID(data["link"])
    return *operations.opinion_by_link(call.session, link_id=link_id, now=call.now), link_id


def _form(of: MembershipApplication, asked: Opinion, language: Language) -> SimpleNamespace:
    assert of.consultation
    return SimpleNamespace(
        applicant=of.organization,
        category=of.category,
        kind=of.kind,
        kind_label=gettext(language, of.form.kinds[of.kind].label),
        member_name=asked.member.organization.name,
        closes_on=of.consultation.closes_on,
        stance=asked.stance,
        comment=asked.comment,
        version=of.version,
    )
