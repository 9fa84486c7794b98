"""Standing over HTTP: facts, answers for a day, voters, rolls, policy; one accepted and one refused call each."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.clock import utc_now
from shared.contracts.membership import MemberStandingChanged
from shared.database import connect, transaction
from shared.messaging.outbox import published
from tests.conftest import Servers
from tests.system import System, system
from tests.waiting import eventually

AT_ONCE = 32
Ago = Callable[[int], str]
"""The day so many days before the test's, which stays the same when it runs past midnight."""
UNKNOWN = uuid4()


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("standing")) as running:
        running.start("membership")
        yield running


@pytest.fixture
def ago() -> Ago:
    today = utc_now().date()
    return lambda days: str(today - timedelta(days=days))


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


def organization(api: httpx.Client, country: str = "AR") -> str:
    body = {"name": f"Cooperativa {uuid4().hex}", "country": country, "sectors": ["agriculture"]}
    return str(api.post("/v1/organizations", json=body).raise_for_status().json()["id"])


def member(api: httpx.Client, admitted_on: str, *, category: str = "full", country: str = "AR") -> str:
    """The member's address."""
    prospect = api.post("/v1/prospects", json={"organization_id": organization(api, country), "source": "summit"})
    decision = {"category": category, "reason": "Board 12", "admitted_on": admitted_on}
    answer = api.post(f"/v1/prospects/{prospect.json()['id']}/admit", json=decision).raise_for_status()
    return f"/v1/members/{answer.json()['id']}"


def record(api: httpx.Client, address: str, kind: str, **facts: Any) -> dict[str, Any]:
    answer = api.post(f"{address}/{kind}", json=facts)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def standing(api: httpx.Client, address: str, **query: Any) -> dict[str, Any]:
    return dict(api.get(f"{address}/standing", params=query).raise_for_status().json())


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def test_arrears_go_from_grace_to_suspension_to_a_proposal_and_are_healed(api: httpx.Client, ago: Ago) -> None:
    address = member(api, ago(500))
    due = record(api, address, "dues-due", period="2024", due_on=ago(10), reason="Invoice 7")
    assert (due["standing"], due["repeated"]) == ("grace", False)
    record(api, address, "dues-due", period="2023", due_on=ago(400))
    now = standing(api, address)
    assert (now["standing"], now["since"], now["is_current"], now["can_vote"]) == ("suspended", ago(369), False, False)
    assert [(each["rule"], each["policy"]) for each in now["reasons"]] == [
        ("in_arrears", 1),
        ("termination_proposed", 1),
        ("dues_late", 1),
    ]
    assert now["reasons"][0]["text"].startswith("La cuota 2023, que vencía el")
    assert now["vote_reasons"] == [{"rule": "suspended", "text": "No puede votar: está suspendido."}]
    assert now["following"]["standing"] == "terminated"
    assert now["termination_proposed_on"]
    proposed = api.get("/v1/members", params={"termination_proposed": True}).json()["items"]
    assert address.rpartition("/")[2] in {one["id"] for one in proposed}
    paid = record(api, address, "dues-settled", period="2023", settled_on=ago(0), reference="bank 12")
    assert (paid["standing"], paid["next_change_on"]) == ("grace", ago(-21))
    assert record(api, address, "dues-settled", period="2023", settled_on=ago(0))["repeated"]
    differing = api.post(f"{address}/dues-settled", json={"period": "2023", "settled_on": ago(1)})
    assert refused(differing) == (409, "recorded-otherwise")
    unknown = api.post(f"{address}/dues-settled", json={"period": "1999", "settled_on": ago(0)})
    assert refused(unknown) == (422, "unknown-period")
    assert unknown.json()["detail"].startswith("No hay cuotas registradas para 1999")
    assert api.post(f"{address}/dues-due", json={"period": "!", "due_on": ago(0)}).status_code == 400


def test_a_standing_is_asked_for_any_day_and_any_knowledge(api: httpx.Client, ago: Ago) -> None:
    address = member(api, ago(500))
    before = standing(api, address, on=ago(100))
    record(api, address, "suspensions", reason="Board", effective_on=ago(200), reference="minutes 3")
    now = standing(api, address, on=ago(100), persons_represented=10)
    assert (before["standing"], now["standing"], now["quota"]["rule"]) == ("current", "suspended", "no_vote")
    assert standing(api, address, on=ago(100), known_at=before["known_at"]) == before
    assert before["quota"] == {
        "delegates": None,
        "rule": "no_statistic",
        "text": "Sin estadística: no se sabe a cuántas personas representa.",
    }
    with_statistic = standing(api, address, on=ago(300), persons_represented=10)
    assert with_statistic["quota"]["delegates"] == 1
    early = standing(api, address, on=ago(501))
    assert (early["standing"], early["since"], early["reasons"][0]["since"]) == (None, None, None)
    assert standing(api, address, on="9999-12-31")["standing"] == "suspended"
    late = {"known_at": (utc_now() + timedelta(days=1)).isoformat()}
    assert refused(api.get(f"{address}/standing", params=late)) == (422, "known-later")
    assert refused(api.get(f"/v1/members/{UNKNOWN}/standing")) == (404, "unknown-member")
    assert api.get(f"{address}/standing", params={"on": "yesterday"}).status_code == 400


def test_decisions_are_recorded_and_listed_with_who_when_and_why(api: httpx.Client, ago: Ago) -> None:
    address = member(api, ago(500))
    suspended = record(api, address, "suspensions", reason="Board", effective_on=ago(200), reference="minutes 3")
    record(api, address, "reinstatements", reason="Board", effective_on=ago(150))
    record(api, address, "resignations", reason="letter", effective_on=ago(100))
    assert standing(api, address)["following"]["standing"] == "resigned"
    again = api.post(f"{address}/resignations", json={"reason": "letter", "effective_on": ago(50)})
    assert refused(again) == (409, "already-leaving")
    record(api, address, "resignation-withdrawals", reason="letter", effective_on=ago(20))
    page = api.get(f"{address}/facts", params={"limit": 3, "sort": "effective_on"}).json()
    rest = api.get(f"{address}/facts", params={"limit": 3, "sort": "effective_on", "cursor": page["next_cursor"]})
    facts = page["items"] + rest.json()["items"]
    assert [fact["kind"] for fact in facts] == [
        *("admitted", "suspended", "reinstated", "resigned", "resignation_withdrawn"),
    ]
    assert facts[1] == suspended["fact"]
    assert (facts[1]["recorded_by"], facts[1]["reference"]) == ("staff@localhost", "minutes 3")
    assert [one["kind"] for one in api.get(f"{address}/facts", params={"kind": "resigned"}).json()["items"]] == [
        "resigned"
    ]
    assert api.get(f"{address}/facts", params={"kind": "gossip"}).status_code == 400
    assert refused(api.get(f"/v1/members/{UNKNOWN}/facts")) == (404, "unknown-member")


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        ("suspensions", {"effective_on": 501}, (422, "before-admission")),
        ("reinstatements", {}, (409, "changes-nothing")),
        ("resignations", {"effective_on": 5, "until": 6}, (422, "ends-too-early")),
        ("resignation-withdrawals", {}, (409, "nothing-to-withdraw")),
        ("terms", {}, (422, "only-associates")),
        ("terminations", {"effective_on": 501}, (422, "before-admission")),
        ("successions", {"successors": [{"organization_id": str(UNKNOWN)}]}, (404, "unknown-organization")),
    ],
)
def test_facts_that_cannot_be_are_refused(
    api: httpx.Client, ago: Ago, kind: str, facts: dict[str, Any], expected: tuple[int, str]
) -> None:
    address = member(api, ago(500))
    facts = {name: ago(value) if isinstance(value, int) else value for name, value in facts.items()}
    assert refused(api.post(f"{address}/{kind}", json={"reason": "x", **facts})) == expected
    assert api.post(f"{address}/{kind}", json=facts).status_code == 400
    assert len(api.get(f"{address}/facts").json()["items"]) == 1


def test_a_membership_ends_by_decision_or_by_its_term(api: httpx.Client, ago: Ago) -> None:
    address = member(api, ago(500))
    expelled = record(api, address, "terminations", reason="Assembly", expelled=True)
    assert (expelled["standing"], expelled["fact"]["kind"]) == ("terminated", "expelled")
    assert refused(api.post(f"{address}/suspensions", json={"reason": "x"})) == (409, "not-allowed-from")
    associate = member(api, ago(500), category="associate")
    term = record(api, associate, "terms", reason="not ready yet", effective_on=ago(500), until=ago(1))
    assert (term["standing"], standing(api, associate)["reasons"][0]["rule"]) == ("terminated", "term_ended")


def test_a_merger_is_recorded_with_its_successor_who_becomes_a_member(api: httpx.Client, ago: Ago) -> None:
    address, into = member(api, ago(500)), organization(api)
    body = {"reason": "merger", "successors": [{"organization_id": into, "admit": True}], "effective_on": ago(3)}
    recorded = record(api, address, "successions", **body)
    assert (recorded["standing"], recorded["fact"]["successors"][0]["id"]) == ("terminated", into)
    successor = api.get("/v1/members", params={"organization_id": into}).json()["items"]
    assert [(one["standing"], one["admitted_on"]) for one in successor] == [("current", ago(3))]


def test_a_wrong_fact_is_voided_once(api: httpx.Client, ago: Ago) -> None:
    address = member(api, ago(500))
    wrong = record(api, address, "suspensions", reason="another member")["fact"]["id"]
    void = f"{address}/facts/{wrong}/void"
    assert api.post(void, json={}).status_code == 400
    voided = api.post(void, json={"reason": "it was another member"})
    assert (voided.status_code, voided.json()["standing"], voided.json()["fact"]["voids"]) == (201, "current", wrong)
    assert refused(api.post(void, json={"reason": "again"})) == (409, "already-voided")
    facts = {fact["id"]: fact for fact in api.get(f"{address}/facts").json()["items"]}
    assert facts[wrong]["voided_by"] == voided.json()["fact"]["id"]
    missing = api.post(f"{address}/facts/{UNKNOWN}/void", json={"reason": "x"})
    assert refused(missing) == (404, "unknown-fact")


def test_a_stale_reader_is_told(api: httpx.Client, ago: Ago) -> None:
    address = member(api, ago(500))
    tag = api.get(address).headers["ETag"]
    record(api, address, "dues-due", period="2026", due_on=ago(-9))
    late = api.post(f"{address}/suspensions", json={"reason": "x"}, headers={"If-Match": tag})
    assert late.status_code == 412


def test_voters_are_listed_counted_and_kept_on_a_roll(api: httpx.Client, ago: Ago) -> None:
    full, poor, associate = (
        member(api, ago(500), country="BO"),
        member(api, ago(500), country="BO"),
        member(api, ago(500), category="associate", country="BO"),
    )
    record(api, poor, "suspensions", reason="Board", effective_on=ago(60))
    here = {"country": "BO", "on": ago(30)}
    every = api.get("/v1/voters", params=here | {"limit": 2}).json()
    rest = api.get("/v1/voters", params=here | {"limit": 2, "cursor": every["next_cursor"]}).json()
    everybody = every["items"] + rest["items"]
    assert [one["name"] for one in everybody] == sorted(one["name"] for one in everybody)
    found = {one["member_id"]: [each["rule"] for each in one["vote_reasons"]] for one in everybody}
    assert found == {
        full.rpartition("/")[2]: ["votes"],
        poor.rpartition("/")[2]: ["suspended"],
        associate.rpartition("/")[2]: ["category_without_vote"],
    }
    voting = api.get("/v1/voters", params=here | {"can_vote": True}).json()["items"]
    assert [one["member_id"] for one in voting] == [full.rpartition("/")[2]]
    assert len(api.get("/v1/voters", params=here | {"category": "associate"}).json()["items"]) == 1
    counts = api.get("/v1/voters/counts", params=here).json()
    assert (counts["members"], counts["voters"], counts["without_statistic"]) == (3, 1, 1)
    assert counts["rules"] == {"votes": 1, "suspended": 1, "category_without_vote": 1}
    roll = api.post("/v1/electoral-rolls", json={"held_on": ago(30), "purpose": "Assembly"})
    assert roll.status_code == 201
    address = f"/v1/electoral-rolls/{roll.json()['id']}"
    record(api, full, "suspensions", reason="found out later", effective_on=ago(40))
    assert api.get("/v1/voters/counts", params=here).json()["voters"] == 0
    kept = api.get(f"{address}/entries", params={"country": "BO", "can_vote": True}).json()["items"]
    assert [one["member_id"] for one in kept] == [full.rpartition("/")[2]]
    then = api.get("/v1/voters/counts", params=here | {"known_at": roll.json()["known_at"]}).json()
    assert then["voters"] == 1
    assert api.get(address).json() == roll.json()
    assert roll.json() in api.get("/v1/electoral-rolls").json()["items"]


def test_voters_and_rolls_are_refused_with_a_reason(api: httpx.Client, ago: Ago) -> None:
    assert api.get("/v1/voters", params={"country": "Bolivia"}).status_code == 400
    assert api.get("/v1/voters", params={"cursor": "x"}).status_code == 400
    late = {"known_at": (utc_now() + timedelta(days=1)).isoformat()}
    assert refused(api.get("/v1/voters/counts", params=late)) == (422, "known-later")
    assert refused(api.get(f"/v1/electoral-rolls/{UNKNOWN}")) == (404, "unknown-roll")
    assert refused(api.get(f"/v1/electoral-rolls/{UNKNOWN}/entries")) == (404, "unknown-roll")
    assert api.post("/v1/electoral-rolls", json={"held_on": ago(0)}).status_code == 400


def a_policy(**changes: Any) -> dict[str, Any]:
    return {
        "effective_on": str(utc_now().date() + timedelta(days=365)),
        "grace_days": 60,
        "termination_proposed_after_months": 12,
        "termination_after_months": 24,
        "resignation_notice_months": 6,
        "temporary_months": 24,
        "voting_categories": ["full"],
        "delegate_brackets": [{"from_persons": 0, "delegates": 1}],
        "reason": "Regional Assembly",
    } | changes


def test_a_policy_is_decided_for_the_future_only(api: httpx.Client, ago: Ago) -> None:
    first = api.get("/v1/standing-policies").json()["items"][0]
    assert (first["version"], first["grace_days"], first["recorded_at"]) == (1, 30, None)
    added = api.post("/v1/standing-policies", json=a_policy())
    assert (added.status_code, added.json()["recorded_by"]) == (201, "staff@localhost")
    page = api.get("/v1/standing-policies", params={"sort": "-version", "limit": 1}).json()
    assert page["items"] == [added.json()]
    rest = api.get("/v1/standing-policies", params={"sort": "-version", "cursor": page["next_cursor"]}).json()
    assert rest["items"][-1] == first
    past = api.post("/v1/standing-policies", json=a_policy(effective_on=ago(0)))
    assert refused(past) == (422, "policy-in-past")
    early_end = api.post("/v1/standing-policies", json=a_policy(termination_after_months=11))
    assert early_end.status_code == 400
    assert early_end.json()["errors"][0]["detail"] == "La terminación se propone antes de que ocurra."


def test_of_many_at_once_one_decides_and_the_others_are_told(api: httpx.Client, ago: Ago) -> None:
    due = {"period": "2025", "due_on": ago(400)}
    contests: list[tuple[str, str, dict[str, Any]]] = [
        (member(api, ago(500)), "suspensions", {"reason": "Board"}),
        (member(api, ago(500)), "resignations", {"reason": "letter"}),
        (member(api, ago(500)), "terminations", {"reason": "Board"}),
        (member(api, ago(500)), "dues-due", due),
    ]
    for address, kind, body in contests:
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            answers = list(crowd.map(lambda _, a=address, k=kind, b=body: api.post(f"{a}/{k}", json=b), range(AT_ONCE)))
        statuses = sorted(answer.status_code for answer in answers)
        if kind == "dues-due":
            assert statuses == [201] * AT_ONCE
            assert sorted(answer.json()["repeated"] for answer in answers) == [False] + [True] * (AT_ONCE - 1)
        else:
            assert statuses == [201] + [409] * (AT_ONCE - 1)
        assert len(api.get(f"{address}/facts").json()["items"]) == 2


def test_the_running_schedule_announces_what_a_day_brings(running: System, api: httpx.Client, ago: Ago) -> None:
    """Members whose day has come are waiting as after a pause of the service."""
    addresses = [member(api, ago(500)) for _ in range(6)]
    ids = {address.rpartition("/")[2] for address in addresses}
    engine = connect(running.database_url("membership"))
    with engine.begin() as connection:
        for each in ids:
            connection.exec_driver_sql(
                f"""INSERT INTO standing_facts (id, member_id, kind, key, generation, effective_on, period, reason,
                reference, recorded_at, recorded_by) VALUES (gen_random_uuid(), '{each}', 'dues_due', 'dues_due x', 1,
                '{ago(100)}', 'x', '', '', now(), 'eva')"""
            )
            connection.exec_driver_sql(f"UPDATE members SET next_change_on = '{ago(0)}' WHERE id = '{each}'")

    def standings() -> set[str]:
        return {api.get(address).json()["standing"] for address in addresses}

    eventually(lambda: standings() == {"suspended"}, within=40)
    with transaction(engine) as session:
        facts = [fact for fact in published(session) if isinstance(fact, MemberStandingChanged)]
    engine.dispose()
    said = [(fact.standing, str(fact.effective_on)) for fact in facts if str(fact.member_id) in ids]
    days = [("grace", ago(99)), ("suspended", ago(69))]
    assert sorted(said) == sorted(days * len(ids))


def test_only_who_may_records(running: System, api: httpx.Client, ago: Ago) -> None:
    reader = running.plan.instance.token(scopes=("membership:read",))
    headers = {"Authorization": f"Bearer {reader}"}
    address = member(api, ago(500))
    assert api.get(f"{address}/standing", headers=headers).status_code == 200
    assert api.post(f"{address}/suspensions", json={"reason": "x"}, headers=headers).status_code == 403
    assert api.post("/v1/standing-policies", json=a_policy(), headers=headers).status_code == 403
