"""Who could vote on a day: full members that were not suspended, each with one delegate where its persons are known.

That is the policy the service begins with. It is no event, and neither are its later versions.
"""

from collections import Counter
from typing import Any

from tests.journeys.year.asked import Answer
from tests.journeys.year.retold.history import ENDED, History


def report(history: History, asked: Answer) -> dict[str, Any]:
    on = asked.query["on"]
    persons = history.persons(on.year)
    rules: Counter[str] = Counter()
    standings: Counter[str] = Counter()
    voters: list[str] = []
    for name, member in history.members.items():
        step = member.step(on)
        if not step or step.standing in ENDED:
            continue
        against = ["category_without_vote"] * (member.state["category"] == "associate")
        against += ["suspended"] * (step.standing == "suspended")
        standings[step.standing] += 1
        rules.update(against or ["votes"])
        voters += [] if against else [name]
    return {
        "members": sum(standings.values()),
        "voters": len(voters),
        "delegates": sum(name in persons for name in voters),
        "without_statistic": sum(name not in persons for name in voters),
        "rules": dict(rules),
        "standings": dict(standings),
    }
