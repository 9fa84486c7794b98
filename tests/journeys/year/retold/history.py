"""What was said, in its order, and what follows from it of members and the persons they represent.

Nothing here, nor beside it, imports a rule of the service: what it answers is told again by simpler means.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from intercoop.client import Feed

ENDED = ("resigned", "terminated")


class Fact(NamedTuple):
    """An event: `kind` such as member.admitted."""

    kind: str
    at: datetime
    data: dict[str, Any]


class Step(NamedTuple):
    """From a day on the standing is this one."""

    on: date
    standing: str
    rule: str


@dataclass
class Member:
    """Its public state as it was last told, and its standing from day to day."""

    state: dict[str, Any]
    admitted_on: date
    course: list[Step] = field(default_factory=list)

    def hear(self, step: Step) -> None:
        """It takes the place of what was said of its day and the days after."""
        self.course = [*(one for one in self.course if one.on < step.on), step]

    def step(self, on: date) -> Step | None:
        return next((one for one in reversed(self.course) if one.on <= on), None)

    def end(self, until: date) -> Step | None:
        """How the membership had ended by a day."""
        last = self.step(until)
        return last if last and last.standing in ENDED else None

    def lasted(self, on: date) -> bool:
        """It was a member at the end of that day."""
        return self.step(on) is not None and self.end(on) is None


class History:
    """Some events in their order."""

    def __init__(self, facts: list[Fact]) -> None:
        self.facts = facts

    @classmethod
    def read(cls, feed: Feed) -> "History":
        """All that a feed has."""
        facts: list[Fact] = []
        page = feed.page({"after": "0"}, limit=1000)
        while page.events:
            for one in page.events:
                kind = one.type.removeprefix("coop.intercoop.membership.").removesuffix(".v1")
                assert one.time
                facts.append(Fact(kind, one.time, one.data))
            page = feed.page({"after": page.position}, limit=1000)
        return cls(facts)

    def until(self, at: datetime) -> "History":
        return History([one for one in self.facts if one.at <= at])

    def of(self, *kinds: str) -> Iterator[Fact]:
        return (one for one in self.facts if one.kind in kinds)

    @cached_property
    def members(self) -> dict[str, Member]:
        found: dict[str, Member] = {}
        for kind, _, data in self.of("member.admitted", "member.updated", "member.standing_changed"):
            if kind == "member.admitted":
                day = date.fromisoformat(data["admitted_on"])
                found[data["member_id"]] = Member(data, day, [Step(day, data["standing"], "")])
            member = found[data["member_id"]]
            member.state = data
            if kind == "member.standing_changed":
                member.hear(Step(date.fromisoformat(data["effective_on"]), data["standing"], data["rule"]))
        return found

    @cached_property
    def countries(self) -> dict[str, str]:
        """Of organizations, as they were last told of."""
        told = (data for _, _, data in self.facts if "organization_id" in data and "country" in data)
        return {data["organization_id"]: data["country"] for data in told}

    def survivor(self, organization_id: str) -> str:
        """The organization it was found to be."""
        into: dict[str, str] = {}
        for kind, _, data in self.of("organization.merged", "organization.unmerged"):
            into.pop(data["organization_id"], None)
            if kind == "organization.merged":
                into[data["organization_id"]] = data["survivor_id"]
        while organization_id in into:
            organization_id = into[organization_id]
        return organization_id

    def persons(self, year: int) -> dict[str, int]:
        """By member, of the latest year up to this whose figures stand accepted."""
        return {member: persons for (of, member), persons in sorted(self._accepted.items()) if of <= year}

    def persons_of(self, year: int) -> dict[str, int]:
        """By member, of this year alone."""
        return {member: persons for (of, member), persons in self._accepted.items() if of == year}

    @cached_property
    def _accepted(self) -> dict[tuple[int, str], int]:
        """By year and member; declaring, and a question, take an acceptance away."""
        found: dict[tuple[int, str], int] = {}
        for kind, _, data in self.of("statistic.declared", "statistic.decided"):
            found.pop((data["year"], data["member_id"]), None)
            if kind == "statistic.decided" and data["verdict"] == "accepted":
                found[data["year"], data["member_id"]] = data["persons"]
        return found


def money(minor: int, currency: str) -> dict[str, str]:
    """Of currencies with two decimals, which all of the year's dues are in."""
    sign, units = "-" * (minor < 0), abs(minor)
    return {"amount": f"{sign}{units // 100}.{units % 100:02}", "currency": currency}
