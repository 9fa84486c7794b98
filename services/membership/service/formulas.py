"""Dues formulas and who approves them."""

from uuid import UUID

from services.membership import operations, schemas
from services.membership.model import DuesFormula
from services.membership.service.scopes import APPROVE, READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_FORMULA = "/v1/dues-formulas/<uuid:formula_id>"


class FormulaRoutes:
    """Versions of the dues formula."""

    @route(
        "POST",
        "/v1/dues-formulas",
        scope=WRITE,
        body=schemas.FormulaRequest,
        returns=schemas.FormulaResponse,
        status=201,
        location="/v1/dues-formulas/{id}",
    )
    def draft_formula(self, call: Call) -> DuesFormula:
        """Draft a formula; somebody else approves it."""
        return operations.draft_formula(call.session, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/dues-formulas",
        scope=READ,
        query=schemas.FormulaFilter,
        returns=schemas.FormulaSummary,
        sort={"-effective_from": DuesFormula.effective_from},
    )
    def list_formulas(self, call: Call) -> Page[DuesFormula]:
        """Every version there was and is proposed."""
        return call.page(operations.formulas(**call.query))

    @route("GET", _FORMULA, scope=READ, returns=schemas.FormulaResponse)
    def show_formula(self, call: Call, *, formula_id: UUID) -> DuesFormula:
        """One version with its terms and history."""
        return operations.formula(call.session, formula_id=formula_id)

    @route(
        "PATCH",
        _FORMULA,
        scope=WRITE,
        body=schemas.FormulaAmendment,
        returns=schemas.FormulaResponse,
        requires_if_match=True,
    )
    def change_formula(self, call: Call, *, formula_id: UUID) -> DuesFormula:
        """Change a draft; what was approved never changes."""
        changed = operations.formula_to_change(call.session, formula_id=formula_id)
        call.match(changed)
        return operations.change_formula(call.session, changed, **call.body, actor=call.actor, now=call.now)

    @route(
        "POST",
        f"{_FORMULA}/approve",
        scope=APPROVE,
        body=schemas.FormulaDecision,
        returns=schemas.FormulaResponse,
        requires_if_match=True,
    )
    def approve_formula(self, call: Call, *, formula_id: UUID) -> DuesFormula:
        """Put it in force from its day on; who wrote it can't, and no other may be in force then."""
        approved = operations.formula_to_change(call.session, formula_id=formula_id)
        call.match(approved)
        return operations.approve_formula(call.session, approved, **call.body, actor=call.actor, now=call.now)

    @route("POST", f"{_FORMULA}/retire", scope=APPROVE, body=schemas.FormulaEnd, returns=schemas.FormulaResponse)
    def retire_formula(self, call: Call, *, formula_id: UUID) -> DuesFormula:
        """End it, which makes room for the next one."""
        retired = operations.formula_to_change(call.session, formula_id=formula_id)
        call.match(retired)
        return operations.retire_formula(call.session, retired, **call.body, actor=call.actor, now=call.now)

    @route("POST", f"{_FORMULA}/discard", scope=WRITE, body=schemas.FormulaDecision, returns=schemas.FormulaResponse)
    def discard_formula(self, call: Call, *, formula_id: UUID) -> DuesFormula:
        """Give a draft up; it stays readable."""
        discarded = operations.formula_to_change(call.session, formula_id=formula_id)
        call.match(discarded)
        return operations.discard_formula(call.session, discarded, **call.body, actor=call.actor, now=call.now)
