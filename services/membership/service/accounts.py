"""How late dues are, members' accounts, documents, and the schedule of reminders."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from werkzeug.wrappers import Response

from services.membership import operations, schemas
from services.membership.dues_words import explain_posting
from services.membership.model import Reminder, ReminderPlan
from services.membership.operations.accounts import Account, Movement
from services.membership.service.papers import PDF, invoice_paper, paper
from services.membership.service.scopes import READ, WRITE
from shared.clock import utc_now
from shared.database import transaction
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.i18n import Language
from shared.money import Money
from shared.schedule import Turn, every

_ACCOUNT = "/v1/members/<uuid:member_id>/dues-account"
_REMIND_SECONDS = 10


class AccountRoutes:
    """What is owed, on the screen and on paper."""

    @route("GET", "/v1/dues-ageing", scope=READ, query=schemas.AgeingFilter, returns=schemas.AgeingResponse)
    def age_dues(self, call: Call) -> dict[str, Any]:
        """What is owed at the end of any day by how late it is, by currency and country."""
        on = call.query.pop("on", None) or call.now.date()
        rows = operations.ageing(call.session, on=on, **call.query)
        return {
            "on": on,
            "currencies": [_aged(row) for row in _summed(rows)],
            "countries": [_aged(row) for row in rows],
        }

    @route("GET", _ACCOUNT, scope=READ, query=schemas.AccountFilter, returns=schemas.AccountResponse)
    def show_account(self, call: Call, *, member_id: UUID) -> dict[str, Any]:
        """A member's account over a period, with what it owed before, after each step and in the end."""
        found = operations.account(call.session, member_id=member_id, **call.query)
        accounts = [_account(one, call.language) for one in found]
        return {"member_id": member_id, **call.query, "accounts": accounts}

    @route("GET", f"{_ACCOUNT}/document", scope=READ, query=schemas.AccountFilter, produces=PDF)
    def print_account(self, call: Call, *, member_id: UUID) -> Response:
        """The same as PDF, in the caller's language."""
        from services.membership.documents import account_pdf  # noqa: PLC0415 -- fonts and pictures are a quarter of a start

        found = operations.account(call.session, member_id=member_id, **call.query)
        member = operations.member(call.session, member_id=member_id)
        return paper(account_pdf(member, found, **call.query, language=call.language), f"account-{member_id}")

    @route("GET", "/v1/dues-invoices/<uuid:invoice_id>/document", scope=READ, produces=PDF)
    def print_invoice(self, call: Call, *, invoice_id: UUID) -> Response:
        """An issued invoice as PDF, in its member's language; the same bytes each time."""
        return invoice_paper(operations.invoice(call.session, invoice_id=invoice_id))

    @route(
        "POST",
        "/v1/dues-reminder-plans",
        scope=WRITE,
        body=schemas.ReminderPlanRequest,
        returns=schemas.ReminderPlanResponse,
        status=201,
    )
    def plan_reminders(self, call: Call) -> ReminderPlan:
        """Another plan, which counts from now on; what was sent is not sent again."""
        return operations.plan_reminders(call.session, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/dues-reminder-plans",
        scope=READ,
        returns=schemas.ReminderPlanResponse,
        sort={"-version": ReminderPlan.version},
    )
    def list_reminder_plans(self, call: Call) -> Page[ReminderPlan]:
        """Versions of the plan; until there is one, the opening plan of reminders.toml counts."""
        return call.page(operations.reminder_plans())

    @route(
        "GET",
        "/v1/dues-reminders",
        scope=READ,
        query=schemas.ReminderFilter,
        returns=schemas.ReminderResponse,
        sort={"-taken_at": Reminder.taken_at},
    )
    def list_reminders(self, call: Call) -> Page[Reminder]:
        """What members were reminded of."""
        return call.page(operations.reminders(**call.query))

    @every(seconds=_REMIND_SECONDS)
    def remind_of_dues(self, turn: Turn) -> None:
        """Take the steps of the plan that a day has brought, one invoice after the other."""
        while not turn.stopping():
            with transaction(turn.engine) as session:
                if not operations.remind_next(session, now=utc_now()):
                    return


def _summed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        for name, number in row.items():
            if name not in {"currency", "country"}:
                sums[row["currency"]][name] += number
    return [{"currency": currency, "country": None, **sums[currency]} for currency in sorted(sums)]


def _aged(row: dict[str, Any]) -> dict[str, Any]:
    plain = {"currency", "country", "invoices"}
    return {name: value if name in plain else Money(value, row["currency"]) for name, value in row.items()}


def _account(one: Account, language: Language) -> dict[str, Any]:
    return {**vars(one), "movements": [_movement(line, language) for line in one.movements]}


def _movement(one: Movement, language: Language) -> dict[str, Any]:
    return {**vars(one), "explanation": explain_posting(one.kind, one.reference, language)}
