"""Members are suspended, come back, leave, merge, and turn out to be known twice."""

from typing import Any

from tests.journeys.year.desk import ANY, Desk, done


def record(desk: Desk, member: dict[str, Any], kind: str, **facts: Any) -> dict[str, Any]:
    """A decision or a letter about a member."""
    words = {"reason": "minutes 7/2025"} | facts
    return desk.post(f"/v1/members/{member['id']}/{kind}", words)


def standing_of(desk: Desk, member: dict[str, Any]) -> str:
    """As it was announced last."""
    return str(desk.get(f"/v1/members/{member['id']}")["standing"])


def move_house(desk: Desk, member: dict[str, Any], **facts: Any) -> None:
    """Its organization has another country, or works in other sectors."""
    done(desk.api.patch(f"/v1/organizations/{organization_of(member)}", json=facts, headers=ANY))


def organization_of(member: dict[str, Any]) -> str:
    return str(member["organization"]["id"])


def merge_two_members(desk: Desk, ended: dict[str, Any], successor: str, *, admit: bool = False) -> None:
    """The two cooperatives became one: the membership of the one that is no more ends."""
    successors = [{"organization_id": successor, "admit": admit}]
    record(desk, ended, "successions", successors=successors)


def join_two_records(desk: Desk, survivor: str, loser: str) -> dict[str, Any]:
    """It was one cooperative all the time, known twice."""
    body = {"loser_id": loser, "reason": "same register number"}
    return desk.post(f"/v1/organizations/{survivor}/merges", body)


def part_two_records(desk: Desk, merge: dict[str, Any]) -> None:
    desk.post(f"/v1/organization-merges/{merge['id']}/undo", {"reason": "two villages"}, headers=ANY)
