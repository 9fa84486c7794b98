"""Dues of a year: quotes, discounts, and what was recorded."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.dues_words import explain_reason
from services.membership.model import DuesAssessment, DuesDiscount
from services.membership.model.dues import stored_lines
from services.membership.service.scopes import READ, WRITE
from services.membership.service.showing import dues_lines, skipped
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_MEMBER = "/v1/members/<uuid:member_id>"
_ASSESSMENT = "/v1/dues-assessments/<uuid:assessment_id>"
_DISCOUNT = f"{_MEMBER}/dues-discounts/<uuid:discount_id>"


class DuesRoutes:
    """What members owe, and why."""

    @route("GET", f"{_MEMBER}/dues-quote", scope=READ, query=schemas.QuoteFilter, returns=schemas.QuoteResponse)
    def quote_dues(self, call: Call, *, member_id: UUID) -> dict[str, Any]:
        """What one member would owe for a year, line by line, by any formula."""
        year, formula_id = call.query["year"], call.query.get("formula_id")
        formula = operations.formula(call.session, formula_id=formula_id) if formula_id else None
        quote = operations.quote_dues(call.session, member_id=member_id, year=year, formula=formula)
        owed, reason = quote.assessment, quote.reason
        return {
            "member_id": member_id,
            "year": year,
            "statistics_year": quote.statistics_year,
            "statistic_id": quote.known.statistic_id,
            "formula": quote.formula,
            "amount": owed.amount if owed else None,
            "lines": dues_lines(stored_lines(owed), owed.amount.currency, call.language) if owed else [],
            "reason": reason,
            "explanation": _explained(reason, year, quote.statistics_year, call),
        }

    @route(
        "POST",
        f"{_MEMBER}/dues-discounts",
        scope=WRITE,
        body=schemas.DiscountRequest,
        returns=schemas.DiscountResponse,
        status=201,
    )
    def grant_discount(self, call: Call, *, member_id: UUID) -> DuesDiscount:
        """Waive a part of a year's dues, within the formula's bounds, before the year is assessed."""
        facts = call.body | {"percent": Decimal(call.body["percent"])}
        return operations.grant_discount(call.session, member_id=member_id, **facts, actor=call.actor, now=call.now)

    @route(
        "GET",
        f"{_MEMBER}/dues-discounts",
        scope=READ,
        query=schemas.DiscountFilter,
        returns=schemas.DiscountResponse,
        sort={"-granted_at": DuesDiscount.granted_at},
    )
    def list_discounts(self, call: Call, *, member_id: UUID) -> Page[DuesDiscount]:
        """A member's discounts, also those withdrawn."""
        operations.member(call.session, member_id=member_id)
        return call.page(operations.discounts(member_id=member_id, **call.query))

    @route(
        "POST",
        f"{_DISCOUNT}/withdraw",
        scope=WRITE,
        body=schemas.DiscountWithdrawal,
        returns=schemas.DiscountResponse,
    )
    def withdraw_discount(self, call: Call, *, member_id: UUID, discount_id: UUID) -> DuesDiscount:
        """It counts no more; the line stays."""
        withdrawn = operations.discount_to_change(call.session, member_id=member_id, discount_id=discount_id)
        call.match(withdrawn)
        return operations.withdraw_discount(call.session, withdrawn, **call.body, actor=call.actor, now=call.now)

    @route(
        "POST",
        "/v1/dues-assessments",
        scope=WRITE,
        body=schemas.AssessmentsRequest,
        returns=schemas.AssessmentsResponse,
    )
    def record_dues(self, call: Call) -> dict[str, Any]:
        """Record what everybody owes for a year by the formula in force; again adds only who was missing.

        A simulation of that formula shows beforehand what would be recorded, and for whom not and why.
        """
        done = operations.record_dues(call.session, **call.body, actor=call.actor, now=call.now)
        lag = done["formula"].formula.statistics_lag
        reasons = skipped(done["skipped"], call.body["year"], call.body["year"] - lag, call.language)
        return {**done, "year": call.body["year"], "skipped": reasons}

    @route(
        "GET",
        "/v1/dues-assessments",
        scope=READ,
        query=schemas.AssessmentFilter,
        returns=schemas.AssessmentSummary,
        sort={"-assessed_at": DuesAssessment.assessed_at},
    )
    def list_assessments(self, call: Call) -> Page[DuesAssessment]:
        """What was recorded."""
        return call.page(operations.assessments(**call.query))

    @route("GET", _ASSESSMENT, scope=READ, returns=schemas.AssessmentResponse)
    def show_assessment(self, call: Call, *, assessment_id: UUID) -> dict[str, Any]:
        """One assessment, line by line, with all that went into it."""
        found = operations.assessment(call.session, assessment_id=assessment_id)
        shown = {name: getattr(found, name) for name in schemas.AssessmentResponse().fields if name != "organization"}
        return {**shown, "member": found.member, "lines": dues_lines(found.lines, found.currency, call.language)}

    @route("GET", f"{_ASSESSMENT}/replay", scope=READ, returns=schemas.ReplayResponse)
    def replay_assessment(self, call: Call, *, assessment_id: UUID) -> dict[str, Any]:
        """Compute it again from the stored formula and inputs, and compare to the last minor unit."""
        found = operations.assessment(call.session, assessment_id=assessment_id)
        again = found.replay()
        lines = stored_lines(again)
        return {
            "recorded": found.amount,
            "replayed": again.amount,
            "same": (again.amount, lines) == (found.amount, found.lines),
            "lines": dues_lines(lines, again.amount.currency, call.language),
        }


def _explained(reason: str | None, year: int, statistics_year: int, call: Call) -> str:
    return explain_reason(reason, year, statistics_year, call.language) if reason else ""
