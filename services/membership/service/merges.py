"""Organizations that are one, joined and parted again."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.explaining import ExplainedMerge, explain_merge, explain_rule
from services.membership.model import Merge
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_ORGANIZATION = "/v1/organizations/<uuid:organization_id>"
_MERGE = "/v1/organization-merges/<uuid:merge_id>"


class MergeRoutes:
    """Two records of one organization become one, and two again when that was wrong."""

    @route(
        "GET",
        f"{_ORGANIZATION}/merge-preview",
        scope=READ,
        query=schemas.MergePreviewFilter,
        returns=schemas.MergePreviewResponse,
    )
    def preview_merge(self, call: Call, *, organization_id: UUID) -> dict[str, Any]:
        """What each field would have after a merge into this organization, and by which rule."""
        found = operations.merge_preview(call.session, survivor_id=organization_id, **call.query)
        told = [one | {"explanation": explain_rule(one["rule"], call.language)} for one in found["fields"]]
        return found | {"fields": told}

    @route(
        "POST",
        f"{_ORGANIZATION}/merges",
        scope=WRITE,
        body=schemas.MergeRequest,
        returns=schemas.MergeResponse,
        status=201,
        location="/v1/organization-merges/{id}",
    )
    def merge_organizations(self, call: Call, *, organization_id: UUID) -> ExplainedMerge:
        """Another organization is this one: this one survives and takes over what pointed at the other.

        The other's id answers 404 with `survivor_id` from then on, and its register's key leads here. Two live
        memberships are refused, and so is an open prospect beside a membership or another open prospect.
        """
        merged = operations.merge_organizations(
            call.session, survivor_id=organization_id, **call.body, actor=call.actor, now=call.now
        )
        return explain_merge(merged, call.language)

    @route(
        "GET",
        "/v1/organization-merges",
        scope=READ,
        query=schemas.MergeFilter,
        returns=schemas.MergeResponse,
        sort={"-merged_at": Merge.merged_at},
    )
    def list_merges(self, call: Call) -> Page[Any]:
        """Merges, also those taken back."""
        page = call.page(operations.merges(**call.query))
        return replace(page, items=[explain_merge(one, call.language) for one in page.items])

    @route("GET", _MERGE, scope=READ, returns=schemas.MergeResponse)
    def show_merge(self, call: Call, *, merge_id: UUID) -> ExplainedMerge:
        """One merge, with both organizations as they were."""
        return explain_merge(operations.merge_of(call.session, merge_id=merge_id), call.language)

    @route("POST", f"{_MERGE}/undo", scope=WRITE, body=schemas.UndoRequest, returns=schemas.MergeResponse)
    def undo_merge(self, call: Call, *, merge_id: UUID) -> ExplainedMerge:
        """The two are two: both have back what they had; what came after the merge stays with the survivor."""
        merge = operations.merge_to_change(call.session, merge_id=merge_id)
        call.match(merge)
        undone = operations.undo_merge(call.session, merge, **call.body, actor=call.actor, now=call.now)
        return explain_merge(undone, call.language)
