"""Dues runs: preview, draft, issue; and the schedule that sends invoices out and says which are overdue."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.dues_words import explain_skipped
from services.membership.model import DuesRun, Organization
from services.membership.operations.dues_runs import Candidate
from services.membership.service.invoice_links import address_of
from services.membership.service.scopes import APPROVE, READ, WRITE
from services.membership.service.showing import money
from shared.clock import utc_now
from shared.database import transaction
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.money import Money
from shared.schedule import Turn, every

_RUN = "/v1/dues-runs/<uuid:run_id>"
_ISSUE_SECONDS = 1
_OVERDUE_SECONDS = 10


class DuesRunRoutes:
    """Everybody's invoices of a year at once."""

    @route(
        "GET",
        "/v1/dues-runs/preview",
        scope=READ,
        query=schemas.PreviewFilter,
        returns=schemas.PreviewResponse,
        sort={"name": Organization.folded_name},
    )
    def preview_dues_run(self, call: Call) -> Page[Any]:
        """What a run would invoice each member by what is recorded now, and who is skipped and why."""
        year, again = call.query["year"], call.query["again"]
        page = call.page(operations.preview(call.session, **call.query).join(Organization))
        lag = operations.formula_of_year(call.session, year=year).formula.statistics_lag
        found = operations.candidates(call.session, page.items, year=year, again=again)
        return replace(page, items=[_candidate(one, year, lag, call) for one in found])

    @route(
        "GET",
        "/v1/dues-runs/preview/totals",
        scope=READ,
        query=schemas.PreviewTotalsFilter,
        returns=schemas.PreviewTotals,
    )
    def total_dues_run(self, call: Call) -> dict[str, Any]:
        """How many members and how much by outcome."""
        year = call.query["year"]
        lag = operations.formula_of_year(call.session, year=year).formula.statistics_lag
        rows = operations.preview_totals(call.session, **call.query)
        outcomes = [
            {
                "outcome": row["outcome"],
                "explanation": _explained(row["outcome"], year, lag, call),
                "members": row["members"],
                "amount": money(None if row["minor"] is None else int(row["minor"]), row["currency"]),
            }
            for row in rows
        ]
        return {"year": year, "outcomes": outcomes}

    @route(
        "POST",
        "/v1/dues-runs",
        scope=WRITE,
        body=schemas.RunRequest,
        returns=schemas.RunResponse,
        status=201,
        location="/v1/dues-runs/{id}",
    )
    def plan_dues_run(self, call: Call) -> SimpleNamespace:
        """Draft an invoice for everybody who can be invoiced; nobody gets one yet."""
        return _shown(call, operations.plan_run(call.session, **call.body, actor=call.actor, now=call.now))

    @route(
        "GET",
        "/v1/dues-runs",
        scope=READ,
        query=schemas.RunFilter,
        returns=schemas.RunSummary,
        sort={"-planned_at": DuesRun.planned_at},
    )
    def list_dues_runs(self, call: Call) -> Page[Any]:
        """Runs there were and are prepared."""
        page = call.page(operations.dues_runs(**call.query))
        return replace(page, items=[_summary(one) for one in page.items])

    @route("GET", _RUN, scope=READ, returns=schemas.RunResponse)
    def show_dues_run(self, call: Call, *, run_id: UUID) -> SimpleNamespace:
        """One run and how far it is."""
        return _shown(call, operations.dues_run(call.session, run_id=run_id))

    @route("POST", f"{_RUN}/prepare", scope=WRITE, returns=schemas.RunResponse)
    def prepare_dues_run(self, call: Call, *, run_id: UUID) -> SimpleNamespace:
        """Draft invoices for who has been added to those that can be invoiced; again changes nothing."""
        run = operations.run_to_change(call.session, run_id=run_id)
        call.match(run)
        operations.prepare_run(call.session, run, actor=call.actor, now=call.now)
        return _shown(call, run)

    @route("POST", f"{_RUN}/issue", scope=APPROVE, returns=schemas.RunResponse, requires_if_match=True)
    def issue_dues_run(self, call: Call, *, run_id: UUID) -> SimpleNamespace:
        """Let the drafts go out: numbered, owed and sent within seconds; the run says how far it is."""
        run = operations.run_to_change(call.session, run_id=run_id)
        call.match(run)
        return _shown(call, operations.start_run(call.session, run, actor=call.actor, now=call.now))

    @route("POST", f"{_RUN}/discard", scope=WRITE, returns=schemas.RunResponse)
    def discard_dues_run(self, call: Call, *, run_id: UUID) -> SimpleNamespace:
        """Give the run and all its drafts up."""
        run = operations.run_to_change(call.session, run_id=run_id)
        call.match(run)
        return _shown(call, operations.discard_run(call.session, run, now=call.now))

    @every(seconds=_ISSUE_SECONDS)
    def issue_invoices(self, turn: Turn) -> None:
        """Issue drafts of runs that go out, batch by batch; whatever stops it, the next turn goes on."""
        address = address_of(turn.settings)
        while not turn.stopping():
            with transaction(turn.engine) as session:
                if operations.issue_next(session, address=address, now=utc_now()) is None:
                    return

    @every(seconds=_OVERDUE_SECONDS)
    def announce_overdue(self, turn: Turn) -> None:
        """Say which instalments have fallen due unpaid, one invoice after the other."""
        while not turn.stopping():
            with transaction(turn.engine) as session:
                if not operations.announce_next_overdue(session, now=utc_now()):
                    return


def _summary(run: DuesRun) -> SimpleNamespace:
    names = [name for name in schemas.RunSummary().fields if name != "instalments"]
    plan = [
        {"percent": one["percent"], "due_on": share.due_on}
        for one, share in zip(run.shares, run.plan_shares, strict=True)
    ]
    return SimpleNamespace(**{name: getattr(run, name) for name in names}, instalments=plan)


def _shown(call: Call, run: DuesRun) -> SimpleNamespace:
    call.session.flush()
    shown = _summary(run)
    rows = operations.run_counts(call.session, run_id=run.id)
    shown.counts = [{**row, "amount": Money(int(row["minor"]), row["currency"])} for row in rows]
    return shown


def _candidate(one: Candidate, year: int, lag: int, call: Call) -> dict[str, Any]:
    return {
        "member_id": one.member.id,
        "organization": one.member.organization,
        "assessment_id": one.assessment_id,
        "amount": money(one.minor, one.currency),
        "contact": one.contact,
        "outcome": one.reason or "ready",
        "explanation": _explained(one.reason or "ready", year, lag, call),
    }


def _explained(outcome: str, year: int, lag: int, call: Call) -> str:
    return "" if outcome == "ready" else explain_skipped(outcome, year, year - lag, call.language)
