"""Coverage, as far as members go: how many organizations are known at all is told by no event."""

from collections import defaultdict
from typing import Any

from tests.journeys.year.asked import Answer
from tests.journeys.year.retold.history import ENDED, History

Cell = tuple[str | None, str | None]


def report(history: History, asked: Answer) -> dict[str, Any]:
    persons = _persons_by_organization(history, asked.at.year)
    cells: dict[Cell, list[str]] = defaultdict(list)
    for member in history.members.values():
        if member.course[-1].standing not in ENDED:
            state = member.state
            sectors = [(state["country"], sector) for sector in state["sectors"]]
            for cell in ((None, None), (state["country"], None), *sectors):
                cells[cell].append(state["organization_id"])
    whole = sum(persons.get(one, 0) for one in cells[None, None])

    def told(cell: Cell) -> dict[str, Any]:
        said = [persons[one] for one in cells[cell] if one in persons]
        share = round(sum(said) / whole, 4) if said else None
        silent = len(cells[cell]) - len(said)
        represented = {"persons": sum(said) if said else None, "persons_share": share, "silent": silent}
        return {"members": len(cells[cell]), **represented}

    countries = [
        {**told((row["country"], None)), "sectors": [told((row["country"], one["sector"])) for one in row["sectors"]]}
        for row in asked.said["countries"]
    ]
    shown = {(row["country"], one["sector"]) for row in asked.said["countries"] for one in row["sectors"]}
    assert {cell for cell in cells if cell[1]} <= shown
    return {"total": told((None, None)), "countries": countries}


def _persons_by_organization(history: History, year: int) -> dict[str, int]:
    """Who was a member before counts by its last membership that declared."""
    persons = history.persons(year)
    found: dict[str, int] = {}
    for name, member in sorted(history.members.items(), key=lambda pair: (pair[1].admitted_on, pair[0])):
        if name in persons:
            found[member.state["organization_id"]] = persons[name]
    return found
