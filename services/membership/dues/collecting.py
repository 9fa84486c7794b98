"""What became of dues in a period: what was owed before, billed, collected and given up, and is owed after."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID

from shared.money import Money

Movement = Literal["opening", "invoiced", "credited", "collected", "written_off"]


class Moved(NamedTuple):
    """What a member's invoices moved by, in minor units of a currency; what takes from what is owed is positive too."""

    member_id: UUID
    currency: str
    movement: Movement
    minor: int


@dataclass(frozen=True, kw_only=True)
class Collection:
    """One currency of a period: opening + billed - collected - written_off = outstanding, in minor units.

    `key` is whose: a country, a category, or empty for all members. `credited` are the period's credit notes, also
    those for what was invoiced before it. `collected` is what payments were put on invoices, less what was taken off
    them again; it is negative where more was taken off.
    """

    key: str
    currency: str
    opening: int = 0
    invoiced: int = 0
    credited: int = 0
    collected: int = 0
    written_off: int = 0

    @property
    def billed(self) -> int:
        return self.invoiced - self.credited

    @property
    def outstanding(self) -> int:
        return self.opening + self.billed - self.collected - self.written_off

    @property
    def asked(self) -> Money:
        """What there was to collect."""
        return Money(self.opening + self.billed, self.currency)

    @property
    def rate(self) -> float | None:
        """What part of it was collected; None where there was nothing."""
        return round(self.collected / self.asked.minor, 4) if self.asked.minor > 0 else None

    @property
    def amounts(self) -> Mapping[str, Money]:
        names = ("opening", "invoiced", "credited", "billed", "collected", "written_off", "outstanding")
        return {name: Money(getattr(self, name), self.currency) for name in names}


@dataclass(frozen=True, kw_only=True)
class Billing:
    """A period's collections: of all members, by country and by category, each by currency."""

    total: Sequence[Collection] = ()
    countries: Sequence[Collection] = ()
    categories: Sequence[Collection] = ()


def billing(moved: Iterable[Moved], places: Mapping[UUID, tuple[str, str]]) -> Billing:
    """The movements added up; `places` are country and category by member."""
    known = list(moved)
    return Billing(
        total=_collections(("", one) for one in known),
        countries=_collections((places[one.member_id][0], one) for one in known),
        categories=_collections((places[one.member_id][1], one) for one in known),
    )


def _collections(keyed: Iterable[tuple[str, Moved]]) -> list[Collection]:
    """In the order of keys and currencies, without those where nothing was open and nothing moved."""
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for key, one in keyed:
        sums[key, one.currency][one.movement] += one.minor
    return [
        Collection(key=key, currency=currency, **amounts)
        for (key, currency), amounts in sorted(sums.items())
        if any(amounts.values())
    ]
