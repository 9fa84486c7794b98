"""Gatherings for the tests."""

from datetime import date
from typing import Any

from shared.money import Money
from tests.members import NOW


def a_gathering(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "kind": "summit",
        "name": "Cumbre de cooperativas",
        "place": "Asunción",
        "country": "PY",
        "starts_on": date(2026, 9, 1),
        "ends_on": date(2026, 9, 3),
        "prices": {"member": Money(10000, "USD"), "standard": Money(15000, "USD")},
        "now": NOW,
    }
    return values | changes
