"""How well a prospect fits: points for what is known of it, each with its reason. Pure, and asked anew each time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

Contactable = Literal["person", "email", "phone", "website", "nobody"]

MOST = {"country": 25, "sector": 15, "structure": 20, "size": 15, "contact": 10, "interest": 15}
"""The most points each fact can bring; together 100."""

FEW_MEMBERS = 2
"""A country with no more members than this is nearly a white spot."""

TEXTS = {
    "country_without_members": "No organization of its country is a member.",
    "country_with_few_members": "Its country has few members: {members}.",
    "country_with_members": "Its country has members already: {members}.",
    "sector_without_members": "None of its sectors has a member in its country.",
    "sector_with_members": "Its sectors have members in its country already.",
    "sector_unknown": "Its sectors are not known.",
    "movement": "It stands for a whole movement of cooperatives.",
    "union": "It joins other cooperatives.",
    "primary": "It is a primary cooperative or mutual.",
    "supporter": "It could become an associate member.",
    "structure_unknown": "Its structure is not known.",
    "size": "It represents {persons} persons.",
    "size_unknown": "How many persons it represents is not known.",
    "contact_person": "A person can be reached by e-mail.",
    "contact_email": "It can be reached by e-mail, without a name.",
    "contact_phone": "It can be reached by telephone only.",
    "contact_website": "Only its website is known.",
    "contact_nobody": "No way to reach it is known.",
    "interest_fresh": "It showed interest at a gathering {days} days ago.",
    "interest_cold": "It last showed interest more than a year ago.",
    "no_interest": "It has not shown interest at a gathering.",
}
"""What each reason says; the sentence is the key of its translations."""

_STRUCTURES = {
    **dict.fromkeys(("national-apex", "supranational"), ("movement", 20)),
    **dict.fromkeys(
        (
            "national-federation",
            "regional-federation",
            "secondary-cooperative",
            "cooperative-of-cooperatives",
            "cooperative-group",
        ),
        ("union", 16),
    ),
    **dict.fromkeys(("government-body", "supporter"), ("supporter", 4)),
    "": ("structure_unknown", 0),
}
_SIZES = ((100_000, 15), (10_000, 10), (1_000, 6), (0, 3))
_CONTACTS = {"person": 10, "email": 7, "phone": 4, "website": 2, "nobody": 0}
_WARMTH = ((30, 15), (180, 9), (365, 4))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rule looks at. `persons` and `days_since_lead` are None where nothing is known."""

    members_in_country: int
    has_sectors: bool
    sectors_have_members: bool
    structure: str
    persons: int | None
    contactable: Contactable
    days_since_lead: int | None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why so many points of at most so many; `code` names a sentence of TEXTS, `params` fill it."""

    fact: str
    code: str
    points: int
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def most(self) -> int:
        return MOST[self.fact]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """0 to 100, and how it comes about."""

    score: int
    reasons: tuple[Reason, ...]


@lru_cache(maxsize=4096)
def fit(facts: Facts) -> Fit:
    """White spots first, then unions of many, then who can be reached and has asked."""
    reasons = tuple(_reasons(facts))
    return Fit(score=sum(reason.points for reason in reasons), reasons=reasons)


def _reasons(facts: Facts) -> Iterable[Reason]:
    yield _country(facts.members_in_country)
    yield _sector(facts)
    code, points = _STRUCTURES.get(facts.structure, ("primary", 8))
    yield Reason(fact="structure", code=code, points=points)
    yield _size(facts.persons)
    yield Reason(fact="contact", code=f"contact_{facts.contactable}", points=_CONTACTS[facts.contactable])
    yield _interest(facts.days_since_lead)


def _country(members: int) -> Reason:
    if not members:
        return Reason(fact="country", code="country_without_members", points=25)
    few = members <= FEW_MEMBERS
    code, points = ("country_with_few_members", 15) if few else ("country_with_members", 5)
    return Reason(fact="country", code=code, points=points, params={"members": members})


def _sector(facts: Facts) -> Reason:
    if not facts.has_sectors:
        return Reason(fact="sector", code="sector_unknown", points=0)
    code, points = ("sector_with_members", 5) if facts.sectors_have_members else ("sector_without_members", 15)
    return Reason(fact="sector", code=code, points=points)


def _size(persons: int | None) -> Reason:
    if persons is None:
        return Reason(fact="size", code="size_unknown", points=0)
    points = next(points for least, points in _SIZES if persons >= least)
    return Reason(fact="size", code="size", points=points, params={"persons": persons})


def _interest(days: int | None) -> Reason:
    if days is None:
        return Reason(fact="interest", code="no_interest", points=0)
    points = next((points for most, points in _WARMTH if days <= most), 0)
    code = "interest_fresh" if points else "interest_cold"
    return Reason(fact="interest", code=code, points=points, params={"days": days})
