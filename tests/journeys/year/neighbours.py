"""What funding, events and comms know of a member."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.outboxes import scalar
from tests.system import System
from tests.waiting import eventually

FORUM: dict[str, Any] = {
    "kind": "forum",
    "name": "Foro",
    "place": "San José",
    "country": "CR",
    "starts_on": "2040-03-01",
    "ends_on": "2040-03-02",
    "prices": {
        "member": {"amount": "80.00", "currency": "USD"},
        "standard": {"amount": "120.00", "currency": "USD"},
    },
}
SEEN = {"current": (True, "member", "current"), "suspended": (False, "standard", "suspended")}
"""Whether funding finds it eligible, the tier of its price at events, and the standing comms knows."""


SERVICES = ("funding", "events", "comms")


@contextmanager
def neighbours(running: System) -> Iterator["Neighbours"]:
    """The other services for as long as the block lasts; they hear of what was said before they came, too."""
    running.start(*SERVICES)
    with running.api("funding") as funding, running.api("events") as events:
        yield Neighbours(funding, events, comms_url=running.database_url("comms"))
    running.stop(*SERVICES)


class Neighbours:
    """The other services, each by its own means; comms shows its members to nobody."""

    def __init__(self, funding: httpx.Client, events: httpx.Client, *, comms_url: str) -> None:
        self._funding, self._events, self._comms_url = funding, events, comms_url
        self._forum = events.post("/v1/gatherings", json=FORUM).raise_for_status().json()["id"]

    def see(self, standing: str, member: dict[str, Any]) -> None:
        """Each of them acts on it, sooner or later."""
        eventually(lambda: self._seen(member) == SEEN[standing])

    def _seen(self, member: dict[str, Any]) -> tuple[bool, str, str]:
        asked = {"organization_id": member["organization"]["id"]}
        eligible = self._funding.get(f"/v1/members/{member['id']}/eligibility").raise_for_status().json()
        price = self._events.get(f"/v1/gatherings/{self._forum}/price", params=asked).raise_for_status().json()
        known = f"SELECT max(standing) FROM members WHERE id = '{member['id']}'"
        return eligible["eligible"], price["tier"], scalar(self._comms_url, known)
