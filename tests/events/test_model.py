"""The rules of gatherings and of the price a registration is promised."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from services.events.model import (
    EndsBeforeItStarts,
    Gathering,
    GatheringOver,
    Member,
    MembersPayMore,
    NegativePrice,
    TwoCurrencies,
)
from shared.errors import DomainError
from shared.money import Money
from tests.events.gatherings import a_gathering
from tests.members import NOW


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"ends_on": date(2026, 8, 31)}, EndsBeforeItStarts),
        ({"prices": {"member": Money(1, "USD"), "standard": Money(2, "EUR")}}, TwoCurrencies),
        ({"prices": {"member": Money(-1, "USD"), "standard": Money(2, "USD")}}, NegativePrice),
        ({"prices": {"member": Money(3, "USD"), "standard": Money(2, "USD")}}, MembersPayMore),
        ({"starts_on": date(2026, 5, 1), "ends_on": date(2026, 5, 2)}, GatheringOver),
    ],
)
def test_a_gathering_that_makes_no_sense_is_refused(changes: dict[str, object], refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        Gathering.announce(**a_gathering(**changes))


def test_the_last_evening_in_the_americas_still_counts() -> None:
    gathering = Gathering.announce(**a_gathering())
    gathering.refuse_if_over(datetime(2026, 9, 4, 11, 59, tzinfo=UTC))
    with pytest.raises(GatheringOver):
        gathering.refuse_if_over(datetime(2026, 9, 4, 12, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("standing", "tier", "reason"),
    [
        ("current", "member", "good_standing"),
        ("grace", "member", "in_grace"),
        ("suspended", "standard", "suspended"),
        ("resigned", "standard", "resigned"),
        ("terminated", "standard", "terminated"),
    ],
)
def test_standing_decides_the_price(standing: str, tier: str, reason: str) -> None:
    gathering = Gathering.announce(**a_gathering())
    member = Member(id=uuid4(), organization_id=uuid4(), standing=standing)
    registration = gathering.register(person="p", organization_id=member.organization_id, member=member, now=NOW)
    assert (registration.tier, registration.price_reason) == (tier, reason)
    assert registration.price == gathering.prices[registration.tier]


def test_who_is_no_member_pays_the_standard_price() -> None:
    gathering = Gathering.announce(**a_gathering())
    alone = gathering.register(person="p", organization_id=None, member=None, now=NOW)
    stranger = gathering.register(person="q", organization_id=uuid4(), member=None, now=NOW)
    assert (alone.tier, alone.price_reason) == ("standard", "no_organization")
    assert (stranger.tier, stranger.price_reason) == ("standard", "not_a_member")
