"""Statistics and dues over HTTP: one accepted and one refused call per address."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from services.membership.dues import EXAMPLE
from shared.clock import utc_now
from tests.conftest import Servers
from tests.system import System, system

UNKNOWN = uuid4()
AT_ONCE = 32
YEAR = 2025


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("dues")) as running:
        running.start("membership")
        yield running


@pytest.fixture(scope="module")
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


@pytest.fixture(scope="module")
def approver(running: System) -> Iterator[httpx.Client]:
    """Somebody else, with the same rights."""
    token = running.plan.instance.token(subject="treasurer@localhost")
    with running.api("membership") as api:
        api.headers["Authorization"] = f"Bearer {token}"
        yield api


@pytest.fixture
def anybody(running: System) -> Iterator[httpx.Client]:
    """Without any token."""
    with running.api("membership") as api:
        del api.headers["Authorization"]
        yield api


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    return dict(answer.json())


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def admitted(api: httpx.Client, *, email: str = "", **facts: Any) -> dict[str, Any]:
    body = {"name": f"Federación {uuid4().hex}", "country": "AR", "sectors": ["agriculture"], **facts}
    organization = done(api.post("/v1/organizations", json=body))
    if email:
        contact = {"role": "dues", "email": email}
        done(api.post(f"/v1/organizations/{organization['id']}/contacts", json=contact))
    opened = {"organization_id": organization["id"], "source": "summit"}
    prospect = done(api.post("/v1/prospects", json=opened))
    decision = {"category": "full", "reason": "Board", "admitted_on": f"{YEAR - 4}-03-01"}
    return done(api.post(f"/v1/prospects/{prospect['id']}/admit", json=decision))


def a_round(api: httpx.Client, year: int) -> dict[str, Any]:
    days = {"opens_on": -1, "due_on": 30, "closes_on": 60}
    today = utc_now().date()
    dates = {name: (today + timedelta(days=number)).isoformat() for name, number in days.items()}
    return done(api.post("/v1/statistic-rounds", json={"year": year, **dates}))


def a_formula(**changes: Any) -> dict[str, Any]:
    terms = deepcopy(dict(EXAMPLE)) | changes
    return {"name": "Example", "terms": terms, "effective_from": f"{YEAR}-01-01", "reason": "proposal"}


@pytest.fixture(scope="module")
def house(api: httpx.Client, approver: httpx.Client) -> dict[str, Any]:
    """Two members, one of them reachable; a formula in force; last year's round."""
    members = [admitted(api, email="dues@union.example"), admitted(api, country="UY")]
    drafted = done(api.post("/v1/dues-formulas", json=a_formula()))
    approve = f"/v1/dues-formulas/{drafted['id']}/approve"
    assert refused(api.post(approve, json={"reason": "mine"}, headers={"If-Match": '"1"'})) == (403, "maker-approves")
    formula = done(approver.post(approve, json={"reason": "Assembly 4"}, headers={"If-Match": '"1"'}))
    return {"members": members, "formula": formula, "round": a_round(api, YEAR - 1)}


def statistic(api: httpx.Client, member: dict[str, Any]) -> dict[str, Any]:
    [found] = api.get("/v1/statistics", params={"member_id": member["id"], "year": YEAR - 1}).json()["items"]
    return done(api.get(f"/v1/statistics/{found['id']}"))


def tagged(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def test_a_formula_is_drafted_changed_listed_and_settled(
    api: httpx.Client, approver: httpx.Client, house: dict[str, Any]
) -> None:
    body = a_formula(base="300.00") | {"effective_from": f"{YEAR + 1}-01-01"}
    made = api.post("/v1/dues-formulas", json=body)
    draft = done(made)
    address = f"/v1/dues-formulas/{draft['id']}"
    assert (made.headers["Location"], draft["state"], draft["terms"]["base"]) == (address, "draft", "300.00")
    changed = done(api.patch(address, json={"name": "Other", "reason": "title"}, headers=tagged(1)))
    assert ([line["step"] for line in changed["history"]], changed["name"]) == (["drafted", "changed"], "Other")
    assert api.patch(address, json={"name": "x", "reason": "x"}, headers=tagged(1)).status_code == 412
    decision = {"reason": "Assembly"}
    overlap = approver.post(f"{address}/approve", json=decision, headers=tagged(changed["version"]))
    assert refused(overlap) == (409, "formula-overlaps")
    assert approver.post(f"{address}/approve", json=decision).status_code == 428
    early = {"reason": "x", "effective_until": f"{YEAR - 1}-01-01"}
    at = f"/v1/dues-formulas/{house['formula']['id']}/retire"
    assert refused(approver.post(at, json=early)) == (422, "retired-before-it-began")
    assert done(api.post(f"{address}/discard", json={"reason": "withdrawn"}))["state"] == "discarded"
    assert refused(api.post(f"{address}/discard", json={"reason": "again"})) == (409, "formula-settled")
    listed = api.get("/v1/dues-formulas", params={"in_force_on": f"{YEAR}-06-01"}).json()["items"]
    assert [one["id"] for one in listed] == [house["formula"]["id"]]
    assert done(api.get(address))["state"] == "discarded"
    assert refused(api.get(f"/v1/dues-formulas/{UNKNOWN}")) == (404, "unknown-formula")


def test_terms_are_refused_by_place_in_the_callers_language(api: httpx.Client) -> None:
    wrong = api.post("/v1/dues-formulas", json=a_formula(cap="1.00"))
    assert refused(wrong) == (422, "cap-below-minimum")
    assert wrong.json()["errors"] == [
        {"detail": "El tope 1.00 está por debajo del mínimo 500.00.", "pointer": "#/terms/cap"}
    ]
    assert api.post("/v1/dues-formulas", json=a_formula(base="-1")).status_code == 400
    assert api.post("/v1/dues-formulas", json=a_formula(base=250.0)).status_code == 400


def test_a_formula_is_approved_with_the_right_to_approve_alone(
    running: System, api: httpx.Client, house: dict[str, Any]
) -> None:
    writer = running.plan.instance.token(scopes=("membership:write",), subject="third@localhost")
    headers = {"Authorization": f"Bearer {writer}", **tagged(1)}
    draft = done(api.post("/v1/dues-formulas", json=a_formula()))
    answer = api.post(f"/v1/dues-formulas/{draft['id']}/approve", json={"reason": "x"}, headers=headers)
    assert refused(answer) == (403, "missing-scope")


def test_a_round_is_opened_changed_and_seen_at_a_glance(api: httpx.Client, house: dict[str, Any]) -> None:
    opened = house["round"]
    address = f"/v1/statistic-rounds/{opened['id']}"
    again = {name: opened[name] for name in ("year", "opens_on", "due_on", "closes_on")}
    assert refused(api.post("/v1/statistic-rounds", json=again)) == (409, "round-exists")
    later = (utc_now().date() + timedelta(days=61)).isoformat()
    changed = done(
        api.patch(address, json={"closes_on": later, "reason": "extended"}, headers=tagged(opened["version"]))
    )
    assert (changed["closes_on"], changed["thresholds"]) == (later, opened["thresholds"])
    wrong = {"closes_on": "2020-01-01", "reason": "error"}
    assert refused(api.patch(address, json=wrong, headers=tagged(changed["version"]))) == (422, "dates-out-of-order")
    assert [one["id"] for one in api.get("/v1/statistic-rounds").json()["items"]] == [opened["id"]]
    assert done(api.get(address)) == changed
    assert [(line["facts"], line["reason"]) for line in changed["history"]][1:] == [({"closes_on": later}, "extended")]
    seen = done(api.get(f"{address}/overview"))
    assert (seen["members"], seen["requested"], seen["without_contact"]) == (2, 2, 1)
    assert [row["country"] for row in seen["by_country"]] == ["AR", "UY"]
    assert refused(api.get(f"/v1/statistic-rounds/{UNKNOWN}/overview")) == (404, "unknown-round")


def test_members_are_asked_and_reminded_once(running: System, api: httpx.Client, house: dict[str, Any]) -> None:
    address = f"/v1/statistic-rounds/{house['round']['id']}"
    assert done(api.post(f"{address}/requests")) == {"asked": 1, "without_contact": 1}
    assert done(api.post(f"{address}/requests")) == {"asked": 0, "without_contact": 1}
    assert done(api.post(f"{address}/reminders", json={"step": 1})) == {"asked": 1, "without_contact": 1}
    assert done(api.post(f"{address}/reminders", json={"step": 1})) == {"asked": 0, "without_contact": 1}
    assert api.post(f"{address}/reminders", json={"step": 0}).status_code == 400
    topics = [topic for topic, _ in running.said("membership") if "statistic" in topic]
    assert topics == ["membership.statistic.requested.v1"] * 2
    with running.api("membership") as feed:
        public = feed.get("/feed").text
    assert "statistic.requested" not in public
    letters = statistic(api, house["members"][0])["requests"]
    assert [(one["occasion"], one["step"]) for one in letters] == [("request", 0), ("reminder", 1)]
    unreachable = api.get("/v1/statistics", params={"reachable": False}).json()["items"]
    assert [one["member_id"] for one in unreachable] == [house["members"][1]["id"]]


def test_somebody_without_an_account_declares_by_link(
    api: httpx.Client, anybody: httpx.Client, house: dict[str, Any]
) -> None:
    member = admitted(api, country="CL")
    done(api.post(f"/v1/statistic-rounds/{house['round']['id']}/requests"))
    declaration = statistic(api, member)
    links = f"/v1/statistics/{declaration['id']}/links"
    made = done(api.post(links))
    path = urlsplit(made["url"]).path.removesuffix("/form")
    form = anybody.get(path)
    assert done(form)["state"] == "requested"
    figures = {"persons": 900, "workers": 12, "turnover": {"amount": "1500.5", "currency": "CLP"}}
    assert anybody.post(path, json=figures, headers=tagged(1)).status_code == 400
    figures["turnover"] = {"amount": "1500", "currency": "CLP"}
    assert done(anybody.post(f"{path}/check", json=figures)) == {"warnings": []}
    assert anybody.post(path, json=figures).status_code == 428
    declared = anybody.post(path, json=figures, headers={"If-Match": form.headers["ETag"]})
    assert done(declared)["figures"]["turnover"] == {"amount": "1500", "currency": "CLP"}
    assert anybody.post(path, json=figures, headers={"If-Match": form.headers["ETag"]}).status_code == 412
    seen = statistic(api, member)
    assert (seen["state"], seen["history"][-1]["by"]) == ("declared", f"link/{made['id']}")
    assert refused(anybody.get(f"{path}x")) == (403, "link-invalid")
    revoke = f"{links}/{made['id']}/revoke"
    done(api.post(revoke, json={"reason": "sent astray"}))
    assert refused(anybody.get(path)) == (403, "link-revoked")
    assert refused(api.post(revoke, json={"reason": "again"})) == (409, "link-revoked-already")
    assert refused(api.post(f"{links}/{UNKNOWN}/revoke", json={"reason": "x"})) == (404, "unknown-link")
    assert refused(api.post(f"/v1/statistics/{UNKNOWN}/links")) == (404, "unknown-statistic")
    key = {"Idempotency-Key": "a"}
    assert refused(api.post(links, headers=key)) == (400, "key-not-taken")


def test_the_page_behind_the_link_takes_the_figures_without_scripts(
    api: httpx.Client, anybody: httpx.Client, house: dict[str, Any]
) -> None:
    member = admitted(api, country="BO", name="Federación <b>Ñ</b>")
    done(api.post(f"/v1/statistic-rounds/{house['round']['id']}/requests"))
    url = done(api.post(f"/v1/statistics/{statistic(api, member)['id']}/links"))["url"]
    page = urlsplit(url).path
    anybody.headers["Accept"] = "text/html,*/*"
    shown = anybody.get(page)
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Federación &lt;b&gt;Ñ&lt;/b&gt;: datos de" in shown.text
    version = re.search(r'name="version" value="(\d+)"', shown.text)
    assert version
    typed = {
        "version": version[1],
        "persons": "100",
        "women": "60",
        "men": "30",
        "turnover": "1.234,5",
        "currency": "BOB",
    }
    wrong = anybody.post(page, data=typed | {"persons": "a lot"})
    assert ("Personas representadas: No es" in wrong.text, 'value="a lot"' in wrong.text) == (True, True)
    wrong = anybody.post(page, data=typed | {"men": "x", "turnover": "9,5,0", "currency": ""})
    for label in ("De ellas, hombres: ", "Volumen de negocios: Debe escribirse como 1234.50", "Moneda: Falta un dato"):
        assert label in wrong.text
    assert anybody.post(page, data=typed | {"women": "600"}).text.count('role="alert"') == 1
    assert statistic(api, member)["state"] == "requested"
    assert "Gracias; los datos llegaron." in anybody.post(page, data=typed).text
    taken = statistic(api, member)
    assert (taken["persons"], taken["turnover"]) == (100, {"amount": "1234.50", "currency": "BOB"})
    assert [(part["sex"], part["persons"]) for part in taken["breakdown"]] == [
        ("women", 60),
        ("men", 30),
        ("unknown", 10),
    ]
    assert "Ha cambiado desde que se leyó" in anybody.post(page, data=typed).text
    missing = anybody.get(f"{page.removesuffix('/form')}x/form")
    assert (missing.status_code, missing.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    anybody.headers["Accept"] = "*/*"
    assert refused(anybody.get(f"{page.removesuffix('/form')}x/form")) == (403, "link-invalid")
    huge = anybody.post(page, content="a=" * 40_000, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert refused(huge) == (413, "content-too-large")


def test_a_declaration_is_questioned_answered_and_accepted(api: httpx.Client, house: dict[str, Any]) -> None:
    declaration = statistic(api, house["members"][0])
    address = f"/v1/statistics/{declaration['id']}"
    part = {"sex": "women", "age": "18_to_35", "persons": 5}
    wrong = {"persons": 20_000, "breakdown": [part]}
    tag = tagged(declaration["version"])
    assert refused(api.post(f"{address}/declare", json=wrong, headers=tag)) == (422, "breakdown-differs")
    declared = done(api.post(f"{address}/declare", json={"persons": 20_000, "source": "register"}, headers=tag))
    assert refused(api.post(f"{address}/accept", json={}, headers=tag)) == (412, "precondition-failed")
    questioned = api.post(
        f"{address}/question", json={"question": "¿Con jóvenes?"}, headers=tagged(declared["version"])
    )
    tag = tagged(done(questioned)["version"])
    assert refused(api.post(f"{address}/accept", json={}, headers=tag)) == (409, "not-decidable")
    again = done(api.post(f"{address}/declare", json={"persons": 12_345}, headers=tag))
    accepted = done(api.post(f"{address}/accept", json={"note": "checked"}, headers=tagged(again["version"])))
    assert (accepted["state"], accepted["question"]) == ("accepted", "")
    late = api.post(f"{address}/declare", json={"persons": 1}, headers=tagged(accepted["version"]))
    assert refused(late) == (409, "not-declarable")
    found = api.get("/v1/statistics", params={"state": "accepted", "country": "AR"}).json()["items"]
    assert [one["id"] for one in found] == [declaration["id"]]
    assert api.get("/v1/statistics", params={"state": "lost"}).status_code == 400


def test_last_years_figures_are_shown_and_compared_with(
    api: httpx.Client, anybody: httpx.Client, house: dict[str, Any]
) -> None:
    a_round(api, YEAR)
    member = house["members"][0]
    [item] = api.get("/v1/statistics", params={"member_id": member["id"], "year": YEAR}).json()["items"]
    address = f"/v1/statistics/{item['id']}"
    shown = done(api.get(address))
    assert (shown["previous_year"], shown["previous"]["persons"]) == (YEAR - 1, 12_345)
    odd = {"persons": 100_000}
    assert done(api.post(f"{address}/check", json=odd))["warnings"] == [
        {
            "code": "risen",
            "figure": "persons",
            "explanation": "Personas representadas: 710 % más que el año anterior (12345, ahora 100000).",
        }
    ]
    refusal = api.post(f"{address}/declare", json=odd, headers=tagged(shown["version"]))
    assert refused(refusal) == (422, "not-confirmed")
    explained = "Personas representadas: 710 % más que el año anterior (12345, ahora 100000)."
    assert refusal.json()["errors"] == [{"detail": explained, "pointer": "#/confirmation"}]
    page = urlsplit(done(api.post(f"{address}/links"))["url"]).path
    version = str(done(api.get(address))["version"])
    told = anybody.post(page, data={"version": version, "persons": "100.000"}, headers={"Accept": "text/html"})
    assert f"Si algo difiere mucho del año anterior: ¿por qué? {explained}" in told.text
    confirmed = odd | {"confirmation": "Fusión en mayo"}
    taken = done(api.post(f"{address}/declare", json=confirmed, headers=tagged(int(version))))
    assert [one["code"] for one in taken["warnings"]] == ["risen"]


def test_a_quote_is_explained_line_by_line(api: httpx.Client, house: dict[str, Any]) -> None:
    known, silent = house["members"]
    quote = done(api.get(f"/v1/members/{known['id']}/dues-quote", params={"year": YEAR}))
    assert (quote["amount"], quote["statistics_year"]) == ({"amount": "797.00", "currency": "USD"}, YEAR - 1)
    assert [(line["amount"]["amount"], line["explanation"]) for line in quote["lines"]] == [
        ("250.00", "Lo que paga cada miembro pleno."),
        ("500.00", "10000 personas, de la 1 a la 10000, a 0.05 cada una."),
        ("46.90", "2345 personas, de la 10001 a la 100000, a 0.02 cada una."),
        ("0.10", "Redondeado a 1.00."),
    ]
    missing = done(api.get(f"/v1/members/{silent['id']}/dues-quote", params={"year": YEAR}))
    assert (missing["amount"], missing["reason"]) == (None, "no_statistic")
    assert missing["explanation"].startswith(f"Ninguna estadística aceptada de {YEAR - 1}")
    nothing = api.get(f"/v1/members/{known['id']}/dues-quote", params={"year": YEAR - 2})
    assert refused(nothing) == (404, "no-formula-in-force")
    assert refused(api.get(f"/v1/members/{UNKNOWN}/dues-quote", params={"year": YEAR})) == (404, "unknown-member")


def test_a_discount_is_granted_listed_and_withdrawn(api: httpx.Client, house: dict[str, Any]) -> None:
    discounts = f"/v1/members/{house['members'][1]['id']}/dues-discounts"
    body = {"year": YEAR, "code": "hardship", "percent": "12.5", "reason": "hurricane"}
    granted = done(api.post(discounts, json=body))
    assert granted["percent"] == "12.50"
    assert refused(api.post(discounts, json=body)) == (409, "discount-granted")
    assert refused(api.post(discounts, json=body | {"code": "x"})) == (422, "discount-unknown-to-formula")
    for wrong in ("0", "0.00", "100.5", "1e1", "-3"):
        assert api.post(discounts, json=body | {"percent": wrong}).status_code == 400
    assert [one["id"] for one in api.get(discounts, params={"year": YEAR}).json()["items"]] == [granted["id"]]
    withdraw = f"{discounts}/{granted['id']}/withdraw"
    assert done(api.post(withdraw, json={"reason": "error"}))["withdrawn_by"] == "staff@localhost"
    assert refused(api.post(withdraw, json={"reason": "error"})) == (409, "discount-withdrawn")
    assert refused(api.post(f"{discounts}/{UNKNOWN}/withdraw", json={"reason": "x"})) == (404, "unknown-discount")


def test_a_formula_is_simulated_page_by_page(api: httpx.Client, house: dict[str, Any]) -> None:
    cheaper = a_formula(base="200.00", minimum="300.00") | {"effective_from": f"{YEAR + 1}-01-01"}
    draft = done(api.post("/v1/dues-formulas", json=cheaper))
    made = done(api.post("/v1/dues-simulations", json={"formula_id": draft["id"], "year": YEAR}))
    assert made["baseline"]["id"] == house["formula"]["id"]
    assert [made["total"][name]["amount"] for name in ("amount", "baseline_amount", "change")] == [
        "747.00",
        "797.00",
        "-50.00",
    ]
    assert {one["reason"] for one in made["skipped"]} == {"no_statistic"}
    address = f"/v1/dues-simulations/{made['id']}"
    assert done(api.get(address)) == made
    assert [one["id"] for one in api.get("/v1/dues-simulations", params={"year": YEAR}).json()["items"]] == [made["id"]]
    rows, cursor = [], None
    while True:
        page = api.get(f"{address}/members", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        rows += page["items"]
        if not (cursor := page["next_cursor"]):
            break
    assert len({row["member_id"] for row in rows}) == len(rows) == made["total"]["members"]
    assert rows[0]["change"] == {"amount": "-50.00", "currency": "USD"}
    winners = api.get(f"{address}/members", params={"outcome": "less"}).json()["items"]
    assert [row["member_id"] for row in winners] == [house["members"][0]["id"]]
    assert refused(api.get(f"/v1/dues-simulations/{UNKNOWN}/members")) == (404, "unknown-simulation")
    assert refused(api.post("/v1/dues-simulations", json={"formula_id": str(UNKNOWN), "year": YEAR})) == (
        404,
        "unknown-formula",
    )


def test_dues_are_recorded_listed_shown_and_replayed(running: System, api: httpx.Client, house: dict[str, Any]) -> None:
    done_once = done(api.post("/v1/dues-assessments", json={"year": YEAR}))
    assert (done_once["recorded"], done_once["recorded_before"]) == (1, 0)
    assert [one["reason"] for one in done_once["skipped"]] == ["no_statistic"]
    assert done(api.post("/v1/dues-assessments", json={"year": YEAR}))["recorded"] == 0
    [item] = api.get("/v1/dues-assessments", params={"year": YEAR, "country": "AR"}).json()["items"]
    assert item["amount"] == {"amount": "797.00", "currency": "USD"}
    address = f"/v1/dues-assessments/{item['id']}"
    shown = done(api.get(address))
    assert (shown["inputs"]["persons"], len(shown["lines"])) == (12_345, 4)
    replayed = done(api.get(f"{address}/replay"))
    assert (replayed["same"], replayed["replayed"], replayed["lines"]) == (True, item["amount"], shown["lines"])
    assert refused(api.get(f"/v1/dues-assessments/{UNKNOWN}")) == (404, "unknown-assessment")
    assert refused(api.get(f"/v1/dues-assessments/{UNKNOWN}/replay")) == (404, "unknown-assessment")
    assert refused(api.post("/v1/dues-assessments", json={"year": YEAR - 3})) == (404, "no-formula-in-force")
    told = [topic for topic, _ in running.said("membership") if topic.startswith("membership.dues")]
    assert told == ["membership.dues.assessed.v1"]


def test_of_many_at_once_one_wins_and_the_others_are_told(
    running: System, api: httpx.Client, approver: httpx.Client, house: dict[str, Any]
) -> None:
    member = admitted(api, country="BR", email="dues@brasil.example")
    done(api.post(f"/v1/statistic-rounds/{house['round']['id']}/requests"))
    declaration = statistic(api, member)
    address = f"/v1/statistics/{declaration['id']}"
    declared = done(api.post(f"{address}/declare", json={"persons": 500}, headers=tagged(declaration["version"])))
    tag = tagged(declared["version"])

    def accept_or_declare(number: int) -> int:
        if number % 2:
            return api.post(f"{address}/accept", json={}, headers=tag).status_code
        return api.post(f"{address}/declare", json={"persons": 500 + number}, headers=tag).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        statuses = sorted(crowd.map(accept_or_declare, range(AT_ONCE)))
    assert statuses == [200] + [412] * (AT_ONCE - 1)
    end = {"reason": "x", "effective_until": f"{YEAR + 5}-01-01"}
    done(approver.post(f"/v1/dues-formulas/{house['formula']['id']}/retire", json=end))
    later = [
        done(api.post("/v1/dues-formulas", json=a_formula() | {"effective_from": f"{YEAR + 5}-0{month}-01"}))
        for month in (1, 2)
    ]

    def approve(number: int) -> int:
        at = f"/v1/dues-formulas/{later[number % 2]['id']}/approve"
        return approver.post(at, json={"reason": "Assembly"}, headers=tagged(1)).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        verdicts = list(crowd.map(approve, range(AT_ONCE)))
    assert verdicts.count(200) == 1
    assert set(verdicts) == {200, 409, 412}


def test_many_recordings_at_once_record_everybody_once(running: System, api: httpx.Client) -> None:
    for number in range(5):
        member = admitted(api, country="PY", email=f"dues{number}@paraguay.example")
        [opened] = [one for one in api.get("/v1/statistic-rounds").json()["items"] if one["year"] == YEAR - 1]
        done(api.post(f"/v1/statistic-rounds/{opened['id']}/requests"))
        declaration = statistic(api, member)
        address = f"/v1/statistics/{declaration['id']}"
        declared = done(api.post(f"{address}/declare", json={"persons": 500}, headers=tagged(declaration["version"])))
        done(api.post(f"{address}/accept", json={}, headers=tagged(declared["version"])))
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: api.post("/v1/dues-assessments", json={"year": YEAR}), range(8)))
    assert sum(done(answer)["recorded"] for answer in answers) >= 5
    found = api.get("/v1/dues-assessments", params={"year": YEAR, "country": "PY"}).json()["items"]
    assert len({one["member_id"] for one in found}) == len(found) == 5
