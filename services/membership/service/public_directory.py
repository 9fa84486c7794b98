"""The directory anybody may read."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from services.membership import operations, schemas
from services.membership.model import Member, Organization
from services.membership.model.consents import Shown
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_KEPT_SECONDS = 300
"""How long a withdrawn consent may still be seen on the way."""


class PublicDirectoryRoutes:
    """Without a token, and only what members agreed to show."""

    @route(
        "GET",
        "/v1/public/members",
        scope=None,
        query=schemas.PublicMemberFilter,
        returns=schemas.PublicMemberResponse,
        sort={"name": Organization.folded_name},
        cached=_KEPT_SECONDS,
    )
    def list_public_members(self, call: Call) -> Page[Any]:
        """Members in good standing that agreed to be listed, each with what it agreed to show."""
        page: Page[Member] = call.page(operations.public_members(**call.query))
        shows = operations.consents_of(call.session, [one.id for one in page.items])
        items = [_shown(one, shows[one.id]) for one in page.items]
        return replace(page, items=items)  # type: ignore[arg-type] # what is shown of members, in their order


def _shown(member: Member, shows: Collection[Shown]) -> dict[str, Any]:
    known = member.organization
    offices = [one for one in known.contacts if one.role == "office"]
    reached = {
        "emails": [one.email for one in offices if one.email],
        "phones": [one.phone for one in offices if one.phone],
    }
    return {
        "member_id": member.id,
        "name": known.name,
        "acronym": known.acronym,
        "country": known.country,
        "category": member.category,
        "profile": known if "profile" in shows else None,
        "address": known if "address" in shows else None,
        "contact": reached if "contact" in shows else None,
    }
