"""Facts for tests of the function of standing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.membership.facts import Fact, Kind
from services.membership.policy import OPENING, Policy
from services.membership.standing import Course

ADMITTED = date(2024, 1, 10)
KNOWN = datetime(2024, 1, 10, 12, tzinfo=UTC)


def day(number: int) -> date:
    """So many days after the admission."""
    return ADMITTED + timedelta(number)


def a_fact(kind: Kind, number: int = 0, **more: Any) -> Fact:
    return Fact(uuid4(), kind, day(number), more.pop("recorded_at", KNOWN), **more)


def an_end(number: int, until: int) -> Fact:
    return a_fact("resigned", number, until=day(until))


def a_void(of: UUID, recorded_at: datetime = KNOWN) -> Fact:
    return Fact(uuid4(), "voided", ADMITTED, recorded_at, voids=of)


def a_policy(**changes: Any) -> Policy:
    return replace(OPENING, **{"version": 2, "recorded_at": KNOWN} | changes)


def a_course(*facts: Fact, policies: Iterable[Policy] = (OPENING,), known_at: datetime | None = None) -> Course:
    return Course([a_fact("admitted"), *facts], policies, known_at=known_at)
