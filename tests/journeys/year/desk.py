"""What everybody in the secretariat works with: the service's API, the Board's, the calendar, and what is known."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx

from tests.journeys.year.clock import Clock

ANY = {"If-Match": "*"}


@dataclass(kw_only=True)
class Desk:
    """`board` is somebody else, who decides what the secretariat prepared."""

    api: httpx.Client
    board: httpx.Client
    clock: Clock
    members: list[dict[str, Any]] = field(default_factory=list)
    invoices: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Of a year, by member."""

    @property
    def today(self) -> date:
        return self.clock.now().date()

    def post(self, path: str, body: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        return done(self.api.post(path, json=body, **options))

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return done(self.api.get(path, params=query))

    def every(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, **query, limit=200, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            if not (cursor := page["next_cursor"]):
                return


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return dict(answer.json())


def money(amount: str, currency: str = "USD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}
