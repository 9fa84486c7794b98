"""Members are won: those of old, a campaign's, and who applies."""

from datetime import date, timedelta
from itertools import cycle
from typing import Any

from services.membership.application_form import FORM
from tests.journeys.year.desk import ANY, Desk, done
from tests.membership.making_applications import answers_of

PDF = b"%PDF-1.7\n" + b"x" * 500
FULL_KIND, ASSOCIATE_KIND = "primary_cooperative", "controlled_by_cooperatives"
STAGES = ("contacted", "qualified", "proposal")


def enter_the_members_of_old(desk: Desk, organizations: list[dict[str, Any]]) -> None:
    """Admitted from 2016 to 2024; every sixth is an associate."""
    for number, organization in enumerate(organizations):
        prospect = open_prospect(desk, organization)
        since = date(2016 + number % 9, 1 + number % 12, 1 + number % 28)
        decision = {"category": "full" if number % 6 else "associate", "reason": "minutes of then"}
        at = f"/v1/prospects/{prospect['id']}/admit"
        desk.members.append(desk.post(at, decision | {"admitted_on": since.isoformat()}))


def open_prospect(desk: Desk, organization: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return desk.post("/v1/prospects", {"organization_id": organization["id"], "source": "letter"} | facts)


def run_a_campaign(desk: Desk, *, most: int) -> list[dict[str, Any]]:
    """For housing and health; its prospects."""
    ends_on = (desk.today + timedelta(days=200)).isoformat()
    plan: dict[str, Any] = {"name": "Vivienda", "starts_on": desk.today.isoformat(), "ends_on": ends_on}
    plan |= {"budget": {"amount": "5000.00", "currency": "USD"}}
    target = {"countries": ["AR", "BR", "CR", "UY", "CO"], "sectors": ["housing", "health"]}
    campaign = desk.post("/v1/campaigns", plan | {"target": target})
    desk.post(f"/v1/campaigns/{campaign['id']}/state", {"state": "in_progress"})
    assert desk.post(f"/v1/campaigns/{campaign['id']}/prospects", {"limit": most})["added"] == most
    return list(desk.every("/v1/prospects", campaign_id=campaign["id"]))


def work_the_pipeline(desk: Desk, prospects: list[dict[str, Any]]) -> None:
    """One after the other comes less far; of every five one is lost, and one rests for a month."""
    for number, prospect in enumerate(prospects):
        at = f"/v1/prospects/{prospect['id']}"
        for stage in STAGES[: number % 5]:
            desk.post(f"{at}/advance", {"stage": stage}, headers=ANY)
        if number % 5 == 0:
            desk.post(f"{at}/lose", {"code": "other", "reason": "no interest"}, headers=ANY)
        if number % 5 == 1:
            until = (desk.today + timedelta(days=30)).isoformat()
            desk.post(f"{at}/rest", {"until": until, "reason": "after their assembly"}, headers=ANY)


def take_applications(desk: Desk, organizations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every third would be an associate; all papers are there."""
    kinds = cycle((FULL_KIND, FULL_KIND, ASSOCIATE_KIND))
    return [_apply(desk, one, kind) for one, kind in zip(organizations, kinds, strict=False)]


def _apply(desk: Desk, organization: dict[str, Any], kind: str) -> dict[str, Any]:
    application = desk.post("/v1/applications", {"organization_id": organization["id"], "kind": kind})
    at = f"/v1/applications/{application['id']}"
    done(desk.api.patch(at, json={"answers": answers_of(kind)}, headers=ANY))
    for paper in FORM.documents_of(kind):
        if paper.required:
            about = {"kind": paper.kind, "name": f"{paper.kind}.pdf"}
            octets = {"Content-Type": "application/octet-stream"}
            done(desk.api.post(f"{at}/documents", params=about, content=PDF, headers=octets))
    return desk.post(f"{at}/submit", {}, headers=ANY)


def consult_the_members(desk: Desk, applications: list[dict[str, Any]]) -> None:
    closes_on = (desk.today + timedelta(days=20)).isoformat()
    for one in applications:
        desk.post(f"/v1/applications/{one['id']}/screen", {}, headers=ANY)
        desk.post(f"/v1/applications/{one['id']}/consult", {"closes_on": closes_on}, headers=ANY)


def note_an_opinion(desk: Desk, application: dict[str, Any], stance: str) -> None:
    at = f"/v1/applications/{application['id']}/opinions"
    [first, *_] = desk.every(at)
    desk.post(f"{at}/{first['member_id']}", {"stance": stance, "comment": "We know them."})


def let_the_board_decide(desk: Desk, applications: list[dict[str, Any]]) -> None:
    """Every seventh is rejected; who is approved is a member from that day on."""
    for number, one in enumerate(applications):
        verdict = "rejected" if number % 7 == 6 else "approved"
        words = {"verdict": verdict, "decided_on": desk.today.isoformat(), "minutes": "Board 5/2025"}
        words |= {"reason": "no practice yet"} if verdict == "rejected" else {"despite": "known for years"}
        decided = done(desk.board.post(f"/v1/applications/{one['id']}/decide", json=words, headers=ANY))
        if verdict == "approved":
            desk.members.append(desk.get(f"/v1/members/{decided['decision']['member_id']}"))
