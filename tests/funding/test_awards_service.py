"""Awards over HTTP: who may, what is refused and why, and many at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import Servers
from tests.members import a_new_standing, an_admission
from tests.system import System, system
from tests.waiting import eventually

AT_ONCE = 32
MEMBER, SOON_SUSPENDED, OF_URUGUAY = an_admission(), an_admission(name="Otra"), an_admission(country="UY")
AWARD: dict[str, Any] = {
    "member_id": str(MEMBER.member_id),
    "title": "Capacitación en gobernanza",
    "purpose": "Dos talleres para el consejo.",
    "amount": {"amount": "5000.00", "currency": "USD"},
}
MINUTES = {"minutes": "Board, minutes 12/2026, item 4"}


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("awards")) as running:
        running.start("funding", "membership relay")
        running.say(MEMBER, SOON_SUSPENDED, OF_URUGUAY)
        with running.api("funding") as api:
            eventually(lambda: len(api.get("/v1/members").json()["items"]) == 3)
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("funding") as api:
        yield api


def as_(running: System, subject: str, *scopes: str) -> dict[str, str]:
    given = {"scopes": scopes} if scopes else {}
    return {"Authorization": f"Bearer {running.plan.instance.token(subject=subject, **given)}"}


def proposed(api: httpx.Client, **changes: Any) -> httpx.Response:
    answer = api.post("/v1/awards", json=AWARD | changes)
    assert answer.status_code == 201, answer.text
    return answer


def offer(running: System, api: httpx.Client, proposal: httpx.Response, **headers: str) -> httpx.Response:
    """By somebody else, who has seen it."""
    told = as_(running, "board") | {"If-Match": proposal.headers["ETag"]} | headers
    return api.post(f"{proposal.headers['Location']}/offer", json=MINUTES, headers=told)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


def topics(running: System, award: httpx.Response) -> list[str]:
    return [topic for topic, body in running.said("funding") if award.json()["id"] in body]


def test_an_award_is_proposed_offered_and_accepted(running: System, api: httpx.Client) -> None:
    proposal = proposed(api)
    at = proposal.headers["Location"]
    shown = api.get(at).json()
    assert {name: shown[name] for name in AWARD} == AWARD
    assert (shown["state"], shown["proposed_by"], shown["organization_id"]) == (
        "proposed",
        "staff@localhost",
        str(MEMBER.organization_id),
    )
    made = offer(running, api, proposal).raise_for_status()
    assert (made.json()["state"], made.json()["decided_by"], made.json()["minutes"]) == (
        "offered",
        "board",
        MINUTES["minutes"],
    )
    assert problem(api.post(f"{at}/accept", headers={"If-Match": proposal.headers["ETag"]}))[0] == 412
    accepted = api.post(f"{at}/accept", headers={"If-Match": made.headers["ETag"]}).raise_for_status()
    assert (accepted.json()["state"], accepted.json()["version"]) == ("accepted", 3)
    assert topics(running, proposal) == ["funding.award.made.v1", "funding.award.accepted.v1"]
    again = api.post(f"{at}/decline", json={"reason": "x"})
    assert problem(again) == (409, "/problems/award-settled")


def test_an_offer_is_declined_with_a_reason_that_stays_inside(running: System, api: httpx.Client) -> None:
    proposal = proposed(api)
    at = f"{proposal.headers['Location']}/decline"
    early = api.post(at, json={"reason": "x"})
    assert problem(early) == (409, "/problems/award-state-not-allowed")
    assert "Ahora es posible: «ofrecido», «retirado»." in early.json()["detail"]
    offer(running, api, proposal).raise_for_status()
    assert api.post(at, json={}).status_code == 400
    silent = api.post(at, json={"reason": "  "})
    assert (silent.status_code, silent.json()["errors"]) == (
        422,
        [{"detail": "Indique el motivo.", "pointer": "#/reason"}],
    )
    assert api.post(at, json={"reason": "Nuestra tesorera"}).json()["reason"] == "Nuestra tesorera"
    assert topics(running, proposal)[-1] == "funding.award.declined.v1"
    assert not any("tesorera" in body for _, body in running.said("funding"))


def test_a_proposal_is_given_up_and_an_offer_is_not(running: System, api: httpx.Client) -> None:
    proposal, made = proposed(api), proposed(api)
    assert offer(running, api, made).status_code == 200
    withdrawn = api.post(f"{proposal.headers['Location']}/withdraw", json={"reason": "Paid otherwise"})
    assert (withdrawn.json()["state"], withdrawn.json()["withdrawn_by"]) == ("withdrawn", "staff@localhost")
    late = api.post(f"{made.headers['Location']}/withdraw", json={"reason": "x"})
    assert problem(late) == (409, "/problems/award-state-not-allowed")
    assert topics(running, proposal) == []


def test_who_proposed_it_does_not_offer_it(running: System, api: httpx.Client) -> None:
    proposal = proposed(api)
    own = offer(running, api, proposal, **as_(running, "staff@localhost"))
    assert problem(own) == (403, "/problems/proposer-offers")
    assert own.json()["detail"] == "Quien propuso una subvención no la decide; lo hace otra persona."
    assert api.get(proposal.headers["Location"]).json()["state"] == "proposed"


def test_each_step_needs_its_scope(running: System, api: httpx.Client) -> None:
    proposal = proposed(api)
    at = proposal.headers["Location"]
    reader, writer = as_(running, "eva", "funding:read"), as_(running, "eva", "funding:write")
    decider = as_(running, "eva", "funding:approve")
    assert api.post("/v1/awards", json=AWARD, headers=reader).status_code == 403
    assert api.post("/v1/awards", json=AWARD, headers=decider).status_code == 403
    assert problem(offer(running, api, proposal, **writer)) == (403, "/problems/missing-scope")
    for step, body in (("withdraw", {"reason": "x"}), ("accept", None), ("decline", {"reason": "x"})):
        assert api.post(f"{at}/{step}", json=body, headers=decider).status_code == 403
    assert api.get(at, headers=writer).status_code == api.get("/v1/awards", headers=decider).status_code == 403
    assert offer(running, api, proposal, **decider).status_code == 200


def test_a_decision_is_on_what_was_seen(running: System, api: httpx.Client) -> None:
    proposal = proposed(api)
    at = f"{proposal.headers['Location']}/offer"
    assert api.post(at, json=MINUTES, headers=as_(running, "board")).status_code == 428
    assert offer(running, api, proposal, **{"If-Match": '"7"'}).status_code == 412
    assert api.get(proposal.headers["Location"]).json()["state"] == "proposed"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("es", "La membresía está suspendida."),
        ("pt-BR", "A filiação está suspensa."),
        ("en", "The membership is suspended."),
    ],
)
def test_who_lost_its_standing_is_neither_proposed_nor_offered(running: System, language: str, text: str) -> None:
    to = {"member_id": str(SOON_SUSPENDED.member_id)}
    with running.api("funding", language=language) as api:
        running.say(a_new_standing(SOON_SUSPENDED, "current"))
        eventually(lambda: api.get(f"/v1/members/{to['member_id']}").json()["standing"] == "current")
        proposal = proposed(api, **to)
        running.say(a_new_standing(SOON_SUSPENDED, "suspended"))
        eventually(lambda: api.get(f"/v1/members/{to['member_id']}").json()["standing"] == "suspended")
        late = offer(running, api, proposal)
        assert problem(late) == (422, "/problems/not-eligible")
        assert late.json()["errors"] == [{"detail": text, "pointer": "#"}]
        other = api.post("/v1/awards", json=AWARD | to)
        assert other.json()["errors"] == [{"detail": text, "pointer": "#/member_id"}]
        assert topics(running, proposal) == []


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"member_id": str(uuid4())}, 422, "not-eligible"),
        ({"amount": {"amount": "0.00", "currency": "USD"}}, 422, "nothing-awarded"),
        ({"amount": {"amount": "-5.00", "currency": "USD"}}, 422, "nothing-awarded"),
        ({"amount": {"amount": "1.5", "currency": "PYG"}}, 400, "invalid-input"),
        ({"amount": 5000}, 400, "invalid-input"),
        ({"title": "x" * 140}, 400, "invalid-input"),
        ({"title": ""}, 400, "invalid-input"),
        ({"purpose": ""}, 400, "invalid-input"),
        ({"state": "offered"}, 400, "invalid-input"),
    ],
)
def test_a_proposal_that_makes_no_sense_is_refused(
    api: httpx.Client, changes: dict[str, Any], status: int, kind: str
) -> None:
    assert problem(api.post("/v1/awards", json=AWARD | changes)) == (status, f"/problems/{kind}")


def test_a_title_of_139_characters_fits(api: httpx.Client) -> None:
    assert proposed(api, title="ñ" * 139).json()["title"] == "ñ" * 139


def test_what_is_unknown_is_not_found(api: httpx.Client) -> None:
    nowhere = f"/v1/awards/{uuid4()}"
    assert problem(api.get(nowhere)) == (404, "/problems/unknown-award")
    assert api.get(nowhere).json()["detail"].startswith("No hay ninguna subvención")
    assert problem(api.post(f"{nowhere}/accept")) == (404, "/problems/unknown-award")
    assert problem(api.post(f"{nowhere}/decline", json={"reason": "x"})) == (404, "/problems/unknown-award")
    assert problem(api.post(f"{nowhere}/withdraw", json={"reason": "x"})) == (404, "/problems/unknown-award")
    deciding = api.post(f"{nowhere}/offer", json=MINUTES, headers={"If-Match": '"1"'})
    assert problem(deciding) == (404, "/problems/unknown-award")


def test_awards_are_listed_the_latest_first_by_page_and_filter(running: System, api: httpx.Client) -> None:
    to = {"member_id": str(OF_URUGUAY.member_id)}
    first, second, third = (proposed(api, **to).json()["id"] for _ in range(3))

    def listed(**query: Any) -> list[str]:
        items = api.get("/v1/awards", params=query).raise_for_status().json()["items"]
        return [one["id"] for one in items]

    page = api.get("/v1/awards", params=to | {"limit": 2}).json()
    rest = api.get("/v1/awards", params=to | {"limit": 2, "cursor": page["next_cursor"]}).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == [third, second, first]
    assert listed(country="UY", sort="proposed_at") == [first, second, third]
    api.post(f"/v1/awards/{second}/withdraw", json={"reason": "x"}).raise_for_status()
    assert listed(**to, state="withdrawn") == [second]
    assert listed(country="PY") == []
    assert problem(api.get("/v1/awards", params={"state": "lost"})) == (400, "/problems/invalid-input")
    assert problem(api.get("/v1/awards", params={"sort": "amount"})) == (400, "/problems/invalid-input")


def test_the_same_call_again_gets_the_same_answer(running: System, api: httpx.Client) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    proposal, again = (api.post("/v1/awards", json=AWARD, headers=key) for _ in range(2))
    assert (proposal.status_code, proposal.json()) == (201, again.json())
    key = {"Idempotency-Key": str(uuid4())}
    made, again = (offer(running, api, proposal, **key) for _ in range(2))
    assert (made.status_code, again.status_code, made.json()) == (200, 200, again.json())
    assert topics(running, proposal) == ["funding.award.made.v1"]


def test_of_many_who_decide_at_once_one_wins_and_it_is_told_once(running: System, api: httpx.Client) -> None:
    proposal = proposed(api)

    def decide(number: int) -> int:
        with running.api("funding") as one:
            return offer(running, one, proposal, **as_(running, f"board-{number}")).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        answers = sorted(crowd.map(decide, range(AT_ONCE)))
    assert answers == [200] + [412] * (AT_ONCE - 1)
    assert topics(running, proposal) == ["funding.award.made.v1"]


def test_of_many_who_answer_at_once_one_wins_and_it_is_told_once(running: System, api: httpx.Client) -> None:
    proposal = proposed(api)
    offer(running, api, proposal).raise_for_status()
    at = proposal.headers["Location"]

    def answer(number: int) -> int:
        with running.api("funding") as one:
            if number % 2:
                return one.post(f"{at}/accept").status_code
            return one.post(f"{at}/decline", json={"reason": "x"}).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        answers = sorted(crowd.map(answer, range(AT_ONCE)))
    assert answers == [200] + [409] * (AT_ONCE - 1)
    assert topics(running, proposal) == ["funding.award.made.v1", f"funding.award.{api.get(at).json()['state']}.v1"]
