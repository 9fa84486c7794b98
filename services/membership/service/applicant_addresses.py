"""What links of applicants are sent out as, and how they are known again."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.http import links
from shared.settings import Settings

_PURPOSE = "application"
_LONGEST = timedelta(days=400)
"""Beyond the longest link; each row says itself when it ends."""

LINK = "/v1/links/applications/<token>"


def address_of(settings: Settings) -> Callable[[UUID], str]:
    """What a link's id is sent out as."""

    def address(link_id: UUID) -> str:
        token = links.sign(settings.link_secret, _PURPOSE, {"link": str(link_id)})
        return f"{settings.public_url.rstrip('/')}/v1/links/applications/{token}/form"

    return address


def link_in(settings: Settings, token: str) -> UUID:
    """The link a token is of.

    Raises:
        LinkExpired, LinkInvalid
    """
    return UUID(links.verify(settings.link_secret, _PURPOSE, token, lifetime=_LONGEST)["link"])


def ensure_signed(settings: Settings, path_values: Mapping[str, Any]) -> None:
    """Before a stranger's file is read: only who holds a link may send one.

    Raises:
        LinkExpired, LinkInvalid
    """
    link_in(settings, path_values["token"])
