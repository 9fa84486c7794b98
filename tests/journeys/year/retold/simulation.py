"""Next year's formula, computed again for full members from what they declared; the formula itself was given."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.journeys.year.asked import Answer
from tests.journeys.year.retold.history import History


def report(history: History, asked: Answer) -> dict[str, Any]:
    year, terms = asked.said["year"], asked.query["terms"]
    persons = history.persons_of(asked.said["statistics_year"])
    paying = {
        name: member
        for name, member in history.members.items()
        if member.admitted_on <= date(year, 12, 31) and not member.end(date(year, 1, 1))
    }
    amounts: dict[str, Decimal] = {}
    for name, member in paying.items():
        if member.state["category"] == "associate":
            amounts[name] = Decimal(terms["associate_default"])
        elif name in persons:
            amounts[name] = _amount(terms, persons[name], member.state["country"])
    total = {"members": len(history.members), "amount": {"amount": f"{sum(amounts.values()):.2f}", "currency": "USD"}}
    rows = [_row(one["member_id"], amounts, persons) for one in asked.said["members"]]
    return {"total": total, "members": rows}


def _row(name: str, amounts: dict[str, Decimal], persons: dict[str, int]) -> dict[str, Any]:
    amount = {"amount": f"{amounts[name]:.2f}", "currency": "USD"} if name in amounts else None
    return {"persons": persons.get(name), "amount": amount}


def _amount(terms: dict[str, Any], persons: int, country: str) -> Decimal:
    """Person by person as it were: each costs the rate of its bracket."""
    rows = terms["brackets"]
    tops = [*(row["from_persons"] for row in rows[1:]), persons]
    parts = [
        Decimal(row["rate"]) * max(0, min(persons, top) - row["from_persons"])
        for row, top in zip(rows, tops, strict=True)
    ]
    coefficients = {one["country"]: Decimal(one["coefficient"]) for one in terms["coefficients"]}
    whole = (Decimal(terms["base"]) + sum(parts)) * coefficients.get(country, Decimal(1))
    bounded = min(max(whole, Decimal(terms["minimum"])), Decimal(terms["cap"]))
    unit = Decimal(terms["rounding"]["unit"])
    return (bounded / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit
