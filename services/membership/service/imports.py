"""Imports of registers' files."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.findings import explain
from services.membership.model import Finding, ImportRun
from services.membership.service.scopes import READ
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.i18n import Language

_IMPORT = "/v1/import-runs/<uuid:import_id>"


class ImportRoutes:
    """What was taken in, and what was not."""

    @route(
        "GET",
        "/v1/import-runs",
        scope=READ,
        query=schemas.ImportFilter,
        returns=schemas.ImportResponse,
        sort={"-started_at": ImportRun.started_at},
    )
    def list_import_runs(self, call: Call) -> Page[ImportRun]:
        """Imports of registers' files."""
        return call.page(operations.import_runs(**call.query))

    @route("GET", _IMPORT, scope=READ, returns=schemas.ImportResponse)
    def show_import_run(self, call: Call, *, import_id: UUID) -> ImportRun:
        """One import with its counts."""
        return operations.import_run(call.session, import_id=import_id)

    @route(
        "GET",
        f"{_IMPORT}/rows",
        scope=READ,
        query=schemas.FindingFilter,
        returns=schemas.FindingResponse,
        sort={"line": Finding.line},
    )
    def list_import_rows(self, call: Call, *, import_id: UUID) -> Page[Any]:
        """Rows that were rejected, are in review, or carry a flag."""
        page = call.page(operations.findings(call.session, import_id=import_id, kind=call.query.get("outcome")))
        return replace(page, items=[_finding(one, call.language) for one in page.items])


def _finding(found: Finding, language: Language) -> dict[str, Any]:
    return {
        "line": found.line,
        "key": found.key,
        "column": found.column,
        "outcome": found.kind,
        "reason": found.reason,
        "explanation": explain(found, language),
    }
