"""How late what is owed is, and what of the ledger the events tell."""

from collections import Counter, defaultdict
from datetime import date
from typing import Any

from tests.journeys.year.asked import Answer
from tests.journeys.year.retold.history import History, money
from tests.journeys.year.retold.owed import movements

BUCKETS = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_91_365", "older")
MOST = (0, 30, 60, 90, 365, 10**6)

Key = tuple[str, str | None]


def report(history: History, asked: Answer) -> dict[str, Any]:
    on = asked.query["on"]
    open_: Counter[str] = Counter()
    for one in movements(history):
        open_[one.invoice_id] += one.minor if one.on <= on else 0
    sums: dict[Key, Counter[str]] = defaultdict(Counter)
    for _, _, invoice in history.of("dues.invoiced"):
        owed = open_[invoice["invoice_id"]]
        country = history.members[invoice["member_id"]].state["country"]
        if owed:
            for key in ((invoice["currency"], None), (invoice["currency"], country)):
                sums[key] += Counter({"total": owed, "invoices": 1}) + _aged(invoice, owed, on)
    return {
        "currencies": [_row(key, sums[key]) for key in sorted(sums, key=str) if key[1] is None],
        "countries": [_row(key, sums[key]) for key in sorted(sums, key=str) if key[1]],
    }


def _aged(invoice: dict[str, Any], owed: int, on: date) -> Counter[str]:
    """The last instalments are those still open."""
    found: Counter[str] = Counter()
    parts = list(zip(invoice["instalment_days"], invoice["instalment_amounts"], strict=True))
    for day, amount in reversed(parts):
        late = (on - date.fromisoformat(day)).days
        part = min(owed, amount)
        found[next(name for name, most in zip(BUCKETS, MOST, strict=True) if late <= most)] += part
        owed -= part
    return found


def _row(key: Key, sums: Counter[str]) -> dict[str, Any]:
    currency, country = key
    amounts = {name: money(sums[name], currency) for name in (*BUCKETS, "total")}
    return {"currency": currency, "country": country, "invoices": sums["invoices"], **amounts}


def reconciliation(history: History, asked: Answer) -> dict[str, Any]:
    """Receivables, income and what was written off; what lies on account and in the bank is nobody else's business."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for one in movements(history):
        sums[one.currency]["receivable"] += one.minor
        sums[one.currency]["income"] += one.minor if one.kind in {"invoiced", "credited"} else 0
        sums[one.currency]["written_off"] -= one.minor if one.kind == "written_off" else 0
    shown = [row["receivable"]["currency"] for row in asked.said["currencies"]]
    assert set(sums) <= set(shown)
    told = [
        {name: money(sums[currency][name], currency) for name in ("receivable", "income", "written_off")}
        for currency in shown
    ]
    return {"balanced": True, "currencies": told}
