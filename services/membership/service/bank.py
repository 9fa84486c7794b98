"""Bank statements: take in, match with what is owed."""

import hashlib
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.banking.camt053 import read_camt053
from services.membership.banking.csv_statement import CsvProfile, read_csv
from services.membership.banking.matching import WEIGHTS, Proposal
from services.membership.dues_words import explain_match
from services.membership.model import BankFile, BankLine, BankProfile, ProfileMissing
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import MIB, route
from shared.i18n import Language
from shared.money import Money

_LINE = "/v1/bank-entries/<uuid:entry_id>"
_XML, _CSV = "application/xml", "text/csv"
_MOST_BYTES = 8 * MIB


class BankRoutes:
    """What the bank says came in."""

    @route(
        "POST",
        "/v1/bank-profiles",
        scope=WRITE,
        body=schemas.BankProfileRequest,
        returns=schemas.BankProfileResponse,
        status=201,
    )
    def add_bank_profile(self, call: Call) -> BankProfile:
        """Say how a bank writes its CSV files."""
        return operations.add_bank_profile(call.session, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/bank-profiles",
        scope=READ,
        returns=schemas.BankProfileResponse,
        sort={"-recorded_at": BankProfile.recorded_at},
    )
    def list_bank_profiles(self, call: Call) -> Page[BankProfile]:
        """How banks write."""
        return call.page(operations.bank_profiles())

    @route(
        "POST",
        "/v1/bank-statements",
        scope=WRITE,
        query=schemas.StatementUpload,
        returns=schemas.TakenStatements,
        consumes=(_XML, _CSV),
        max_body=_MOST_BYTES,
    )
    def take_bank_statement(self, call: Call) -> dict[str, Any]:
        """Take in a statement as camt.053 (application/xml) or CSV (text/csv); again it adds only what is new."""
        profile_id = call.query.get("profile_id")
        if call.request.mimetype == _CSV and not profile_id:
            raise ProfileMissing(pointer="/profile_id")
        if profile_id:
            profile = operations.bank_profile(call.session, profile_id=profile_id)
            reference = hashlib.sha256(call.raw).hexdigest()[:32]
            read = [read_csv(call.raw, CsvProfile(**profile.facts), reference=reference)]
        else:
            read = read_camt053(call.raw)
        taken = (operations.take_statement(call.session, one, actor=call.actor, now=call.now) for one in read)
        return {"statements": [{"statement": statement, "new": new} for statement, new in taken]}

    @route(
        "GET",
        "/v1/bank-statements",
        scope=READ,
        query=schemas.BankStatementFilter,
        returns=schemas.BankStatementResponse,
        sort={"-imported_at": BankFile.imported_at},
    )
    def list_bank_statements(self, call: Call) -> Page[BankFile]:
        """Statements that were taken in."""
        return call.page(operations.bank_statements(**call.query))

    @route("GET", "/v1/bank-statements/<uuid:statement_id>", scope=READ, returns=schemas.BankStatementResponse)
    def show_bank_statement(self, call: Call, *, statement_id: UUID) -> BankFile:
        """One statement."""
        return operations.bank_statement(call.session, statement_id=statement_id)

    @route(
        "GET",
        "/v1/bank-entries",
        scope=READ,
        query=schemas.BankLineFilter,
        returns=schemas.BankLineResponse,
        sort={"booked_on": BankLine.booked_on},
    )
    def list_bank_entries(self, call: Call) -> Page[BankLine]:
        """Entries, the oldest first; what is still unmatched with state=open."""
        return call.page(operations.bank_lines(**call.query))

    @route("GET", _LINE, scope=READ, returns=schemas.BankLineResponse)
    def show_bank_entry(self, call: Call, *, entry_id: UUID) -> BankLine:
        """One entry."""
        return operations.bank_line(call.session, entry_id=entry_id)

    @route("GET", f"{_LINE}/proposals", scope=READ, returns=schemas.ProposalsResponse)
    def propose_matches(self, call: Call, *, entry_id: UUID) -> dict[str, Any]:
        """Which open invoices an entry may pay, with a score and why."""
        found = operations.proposals(call.session, operations.bank_line(call.session, entry_id=entry_id))
        return {"proposals": [_proposal(one, call.language) for one in found]}

    @route("POST", f"{_LINE}/confirm", scope=WRITE, body=schemas.MatchRequest, returns=schemas.BankLineResponse)
    def confirm_match(self, call: Call, *, entry_id: UUID) -> BankLine:
        """The entry is a member's payment: it is recorded and put on the invoices."""
        confirmed = _to_change(call, entry_id)
        facts = dict(call.body)
        if "rate" in facts:
            facts["rate"] = Decimal(facts["rate"])
        return operations.confirm_match(call.session, confirmed, **facts, actor=call.actor, now=call.now)

    @route("POST", f"{_LINE}/reject", scope=WRITE, body=schemas.MatchRejection, returns=schemas.BankLineResponse)
    def reject_match(self, call: Call, *, entry_id: UUID) -> BankLine:
        """The entry does not pay that invoice, which is proposed no more; it stays in the list."""
        rejected = _to_change(call, entry_id)
        return operations.reject_match(call.session, rejected, **call.body, actor=call.actor, now=call.now)

    @route("POST", f"{_LINE}/ignore", scope=WRITE, body=schemas.LineRefusal, returns=schemas.BankLineResponse)
    def ignore_bank_entry(self, call: Call, *, entry_id: UUID) -> BankLine:
        """The entry is no dues."""
        ignored = _to_change(call, entry_id)
        return operations.ignore_line(call.session, ignored, **call.body, actor=call.actor, now=call.now)


def _to_change(call: Call, entry_id: UUID) -> BankLine:
    found = operations.bank_line_to_change(call.session, entry_id=entry_id)
    call.match(found)
    return found


def _proposal(one: Proposal, language: Language) -> dict[str, Any]:
    reasons = [
        {"reason": reason, "weight": WEIGHTS[reason], "explanation": explain_match(reason, language)}
        for reason in one.reasons
    ]
    return {
        "invoice_id": one.owed.invoice_id,
        "number": one.owed.number,
        "member_id": one.owed.member_id,
        "open": Money(one.owed.open_minor, one.owed.currency),
        "score": one.score,
        "reasons": reasons,
    }
