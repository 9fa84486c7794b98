"""Dues: what members declare, what they owe for it, and how they pay."""

from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.membership.dues import EXAMPLE
from tests.journeys.year.desk import ANY, Desk, done, money

RATES = {"ARS": "0.001", "BRL": "0.19", "CRC": "0.002", "EUR": "1.05"}
"""What one unit brings in dollars."""

OF_ASSOCIATES_ALONE: dict[str, Any] = {
    "currency": "EUR",
    "base": "0.00",
    "minimum": "0.00",
    "brackets": [{"from_persons": 0, "rate": "0"}],
}
"""Terms by which full members owe nothing."""


def persons_of(number: int) -> int:
    return 400 + number * 1370 % 90_000


def decide_on_a_formula(desk: Desk, year: int, **terms: Any) -> dict[str, Any]:
    """The secretariat drafts it, the Assembly approves it."""
    drafted = draft_a_formula(desk, year, **terms)
    at = f"/v1/dues-formulas/{drafted['id']}/approve"
    return done(desk.board.post(at, json={"reason": "Assembly"}, headers={"If-Match": f'"{drafted["version"]}"'}))


def draft_a_formula(desk: Desk, year: int, **terms: Any) -> dict[str, Any]:
    formula = {"name": f"Dues {year}", "terms": deepcopy(dict(EXAMPLE)) | terms, "reason": "proposal"}
    return desk.post("/v1/dues-formulas", formula | {"effective_from": f"{year}-01-01"})


def retire_a_formula(desk: Desk, formula: dict[str, Any], year: int) -> None:
    body = {"reason": "Assembly", "effective_until": f"{year}-01-01"}
    done(desk.board.post(f"/v1/dues-formulas/{formula['id']}/retire", json=body))


def ask_for_statistics(desk: Desk, year: int) -> dict[str, Any]:
    days = {"opens_on": 0, "due_on": 20, "closes_on": 40}
    dates = {name: (desk.today + timedelta(days=number)).isoformat() for name, number in days.items()}
    return desk.post("/v1/statistic-rounds", {"year": year, **dates})


def take_declarations(desk: Desk, round_: dict[str, Any], *, silent: int = 0) -> None:
    """All full members but the last `silent` declare; every tenth is asked about it, and every twentieth answers."""
    of_member = {one["member_id"]: one for one in desk.every("/v1/statistics", round_id=round_["id"])}
    asked = [of_member[one["id"]] for one in desk.members if one["category"] == "full"]
    for number, one in enumerate(asked[: len(asked) - silent]):
        at = f"/v1/statistics/{one['id']}"
        desk.post(f"{at}/declare", {"persons": persons_of(number)}, headers=ANY)
        if number % 10 == 9:
            desk.post(f"{at}/question", {"question": "¿Con jóvenes?"}, headers=ANY)
            if number % 20 == 9:
                desk.post(f"{at}/declare", {"persons": persons_of(number) - 7}, headers=ANY)
                desk.post(f"{at}/accept", {}, headers=ANY)
        else:
            desk.post(f"{at}/accept", {}, headers=ANY)


def doubt_what_was_accepted(desk: Desk, round_: dict[str, Any]) -> None:
    """Two were accepted by mistake; one of them is put right.

    The first two, who stay: nothing that is reported later shows what was found out about somebody who has left.
    """
    found = {one["member_id"]: one for one in desk.every("/v1/statistics", round_id=round_["id"], state="accepted")}
    for number, one in enumerate([found[one["id"]] for one in desk.members if one["id"] in found][:2]):
        at = f"/v1/statistics/{one['id']}"
        desk.post(f"{at}/question", {"question": "¿Y las bajas?"}, headers=ANY)
        if number:
            body = {"persons": 1234, "confirmation": "counted again"}
            desk.post(f"{at}/declare", body, headers=ANY)
            desk.post(f"{at}/accept", {}, headers=ANY)


def remind_only_once(desk: Desk, *, days_late: int) -> None:
    desk.post("/v1/dues-reminder-plans", {"days": [days_late], "reason": "minutes 1/2025"})


def send_the_invoices(desk: Desk, year: int, *due: date) -> str:
    """Of equal instalments; the run's id, whose invoices go out by themselves."""
    desk.post("/v1/dues-assessments", {"year": year})
    parts = [{"percent": str(100 // len(due)), "due_on": day.isoformat()} for day in due]
    run = desk.post("/v1/dues-runs", {"year": year, "series": f"D{year % 100}", "instalments": parts})
    at = f"/v1/dues-runs/{run['id']}"
    desk.post(f"{at}/issue", headers={"If-Match": f'"{run["version"]}"'})
    return at


def note_the_invoices(desk: Desk, year: int) -> None:
    issued = desk.every("/v1/dues-invoices", year=year)
    desk.invoices[year] = {one["member_id"]: one for one in issued if one["number"]}


def book_payment(
    desk: Desk, invoice: dict[str, Any], amount: str, *, currency: str = "", **facts: Any
) -> dict[str, Any]:
    """In the invoice's currency, where no other is named; it goes on the invoice as far as it can."""
    told = {"reference": f"{invoice['number']} {desk.clock.now()}", "received_on": desk.today.isoformat()}
    told |= {"member_id": invoice["member_id"], "invoice_ids": [invoice["id"]]}
    paid = {"amount": money(amount, currency or invoice["amount"]["currency"])}
    return desk.post("/v1/dues-payments", told | paid | facts)


def book_payment_abroad(desk: Desk, invoice: dict[str, Any], amount: str, currency: str) -> dict[str, Any]:
    """So many dollars in the member's own currency, at the day's rate."""
    rate = {"credited_currency": "USD", "rate": RATES[currency], "rate_source": "central bank"}
    rate["rate_on"] = desk.today.isoformat()
    return book_payment(desk, invoice, f"{Decimal(amount) / Decimal(RATES[currency]):.2f}", currency=currency, **rate)


def take_in_a_bank_statement(desk: Desk, paid: list[tuple[dict[str, Any], str]]) -> None:
    """Of a bank that writes CSV; each line is confirmed as the payment of the invoice that it names."""
    profile = {"name": "Banco", "account": "CR1", "currency": "USD"}
    profile |= {"columns": {"date": "Fecha", "amount": "Importe", "remittance": "Concepto"}}
    made = desk.post("/v1/bank-profiles", profile)
    day = (desk.today - timedelta(days=3)).strftime("%d/%m/%Y")
    lines = [f"{day};{invoice['number']};{amount.replace('.', ',')}" for invoice, amount in paid]
    csv = "\n".join(["Fecha;Concepto;Importe", *lines]) + "\n"
    upload = {"headers": {"Content-Type": "text/csv"}, "params": {"profile_id": made["id"]}}
    done(desk.api.post("/v1/bank-statements", content=csv.encode(), **upload))
    of_number = {invoice["number"]: invoice for invoice, _ in paid}
    for entry in list(desk.every("/v1/bank-entries", state="open")):
        [proposal, *_] = desk.get(f"/v1/bank-entries/{entry['id']}/proposals")["proposals"]
        invoice = of_number[entry["remittance"]]
        assert proposal["number"] == invoice["number"]
        match = {"member_id": invoice["member_id"], "invoice_ids": [invoice["id"]]}
        desk.post(f"/v1/bank-entries/{entry['id']}/confirm", match, headers=ANY)


def half_of(invoice: dict[str, Any]) -> str:
    """Its first instalment."""
    return f"{Decimal(invoice['amount']['amount']) / 2:.2f}"


def credit_a_part(desk: Desk, invoice: dict[str, Any], amount: str) -> None:
    body = {"amount": money(amount, invoice["amount"]["currency"]), "reason": "counted twice"}
    desk.post(f"/v1/dues-invoices/{invoice['id']}/credit-notes", body)


def give_up_a_debt(desk: Desk, invoice: dict[str, Any], amount: str) -> None:
    """The secretariat proposes it, somebody else approves."""
    body = {"amount": money(amount, invoice["amount"]["currency"]), "reason": "flood"}
    proposed = desk.post(f"/v1/dues-invoices/{invoice['id']}/write-offs", body)
    done(desk.board.post(f"/v1/write-offs/{proposed['id']}/approve", json={"reason": "minutes 9"}))
