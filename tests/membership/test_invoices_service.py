"""Dues runs, invoices and payments over HTTP: one accepted and one refused call per address."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.membership.dues import EXAMPLE
from shared.clock import utc_now
from shared.contracts.membership import InvoiceSent
from shared.messaging.wire import decode
from tests.conftest import Servers
from tests.outboxes import scalar
from tests.system import System, system
from tests.waiting import eventually

UNKNOWN = uuid4()
AT_ONCE = 32


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("invoices")) as running:
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


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    return dict(answer.json())


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def tagged(made: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"{made["version"]}"'}


def dollars(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def admitted(api: httpx.Client, *, reachable: bool = True, **facts: Any) -> dict[str, Any]:
    body = {"name": f"Asociación {uuid4().hex}", "country": "AR", "sectors": ["agriculture"], **facts}
    organization = done(api.post("/v1/organizations", json=body))
    if reachable:
        contact = {"role": "dues", "email": "pagos@union.invalid"}
        done(api.post(f"/v1/organizations/{organization['id']}/contacts", json=contact))
    prospect = done(api.post("/v1/prospects", json={"organization_id": organization["id"], "source": "summit"}))
    decision = {"category": "associate", "reason": "Board", "admitted_on": f"{utc_now().year - 4}-03-01"}
    return done(api.post(f"/v1/prospects/{prospect['id']}/admit", json=decision))


@pytest.fixture(scope="module")
def house(api: httpx.Client, approver: httpx.Client) -> dict[str, Any]:
    """Three associates with recorded dues of 750.00 USD, one of whom nobody can write to; two were invoiced."""
    year = utc_now().year
    members = [admitted(api), admitted(api, country="UY"), admitted(api, reachable=False)]
    formula = {"name": "Example", "terms": deepcopy(dict(EXAMPLE)), "effective_from": f"{year}-01-01", "reason": "x"}
    drafted = done(api.post("/v1/dues-formulas", json=formula))
    approve = f"/v1/dues-formulas/{drafted['id']}/approve"
    done(approver.post(approve, json={"reason": "Assembly"}, headers=tagged(drafted)))
    done(api.post("/v1/dues-assessments", json={"year": year}))
    due = utc_now().date() + timedelta(days=30)
    plan = {"year": year, "series": "D", "instalments": [{"percent": "100", "due_on": due.isoformat()}]}
    run = done(api.post("/v1/dues-runs", json=plan))
    assert run["counts"] == [{"state": "draft", "invoices": 2, "amount": dollars("1500.00")}]
    issued = done(api.post(f"/v1/dues-runs/{run['id']}/issue", headers=tagged(run)))
    assert issued["state"] == "issuing"
    eventually(lambda: api.get(f"/v1/dues-runs/{run['id']}").json()["state"] == "issued")
    found = api.get("/v1/dues-invoices", params={"run_id": run["id"]}).json()["items"]
    invoices = {one["member_id"]: one for one in found}
    return {"year": year, "members": members, "run": run, "plan": plan, "invoices": invoices}


def invoice_of(api: httpx.Client, house: dict[str, Any], number: int = 0) -> dict[str, Any]:
    return done(api.get(f"/v1/dues-invoices/{house['invoices'][house['members'][number]['id']]['id']}"))


def recorded(api: httpx.Client, house: dict[str, Any], amount: str, number: int = 0, **facts: Any) -> dict[str, Any]:
    told = {"reference": f"TRF {uuid4().hex}", "received_on": utc_now().date().isoformat(), "amount": dollars(amount)}
    member = house["members"][number]["id"]
    return done(api.post("/v1/dues-payments", json=told | {"member_id": member} | facts))


def test_a_preview_names_amounts_and_who_is_skipped_in_the_callers_language(
    api: httpx.Client, house: dict[str, Any]
) -> None:
    year = {"year": house["year"]}
    rows = api.get("/v1/dues-runs/preview", params=year | {"outcome": "no_contact"}).json()["items"]
    assert [row["member_id"] for row in rows] == [house["members"][2]["id"]]
    assert rows[0]["explanation"].startswith("No hay a quién escribir")
    first = api.get("/v1/dues-runs/preview", params=year | {"limit": 2}).json()
    second = api.get("/v1/dues-runs/preview", params=year | {"limit": 2, "cursor": first["next_cursor"]}).json()
    assert len({row["member_id"] for row in first["items"] + second["items"]}) >= 3
    totals = done(api.get("/v1/dues-runs/preview/totals", params=year))
    assert {row["outcome"] for row in totals["outcomes"]} >= {"invoiced", "no_contact"}
    assert refused(api.get("/v1/dues-runs/preview", params={"year": 1950})) == (404, "no-formula-in-force")
    assert refused(api.get("/v1/dues-runs/preview/totals", params={"year": 1950})) == (404, "no-formula-in-force")


def test_a_run_is_planned_prepared_issued_discarded_and_listed(api: httpx.Client, house: dict[str, Any]) -> None:
    run = house["run"]
    assert run["id"] in [one["id"] for one in api.get("/v1/dues-runs").json()["items"]]
    address = f"/v1/dues-runs/{run['id']}"
    assert refused(api.post(f"{address}/prepare")) == (409, "run-not-draft")
    again = done(api.post("/v1/dues-runs", json=house["plan"]))
    at = f"/v1/dues-runs/{again['id']}"
    assert done(api.post(f"{at}/prepare"))["counts"] == again["counts"]
    assert api.post(f"{at}/issue").status_code == 428
    assert refused(api.post(f"{at}/issue", headers=tagged(again))) == (409, "nothing-to-issue")
    assert done(api.post(f"{at}/discard"))["state"] == "discarded"
    assert refused(api.post(f"{at}/discard")) == (409, "run-not-draft")
    wrong = house["plan"] | {"instalments": [house["plan"]["instalments"][0] | {"percent": "99.9"}]}
    answer = api.post("/v1/dues-runs", json=wrong)
    assert refused(answer) == (422, "shares-incomplete")
    assert answer.json()["errors"][0]["pointer"] == "#/instalments"
    assert refused(api.get(f"/v1/dues-runs/{UNKNOWN}")) == (404, "unknown-run")


def test_an_invoice_is_listed_and_shown_with_what_is_open(api: httpx.Client, house: dict[str, Any]) -> None:
    invoice = invoice_of(api, house)
    listed = api.get("/v1/dues-invoices", params={"number": invoice["number"]}).json()["items"]
    assert [one["id"] for one in listed] == [invoice["id"]]
    assert invoice["amount"] == dollars("750.00")
    assert [one["settled_on"] for one in invoice["instalments"]] == [None]
    kinds = api.get(f"/v1/dues-invoices/{invoice['id']}/postings").json()["items"]
    assert kinds[0]["kind"] == "invoiced"
    assert [one["amount"]["amount"] for one in kinds[0]["entries"]] == ["750.00", "-750.00"]
    assert refused(api.post(f"/v1/dues-invoices/{invoice['id']}/discard")) == (409, "not-a-draft")
    assert refused(api.get(f"/v1/dues-invoices/{UNKNOWN}")) == (404, "unknown-invoice")
    assert refused(api.get(f"/v1/dues-invoices/{UNKNOWN}/postings")) == (404, "unknown-invoice")


def test_a_payment_is_recorded_once_allocated_moved_refunded_and_reversed(
    api: httpx.Client, house: dict[str, Any]
) -> None:
    first, second = house["members"][0]["id"], house["members"][1]["id"]
    invoice, other = invoice_of(api, house), invoice_of(api, house, 1)
    payment = recorded(api, house, "100.00")
    at = f"/v1/dues-payments/{payment['id']}"
    again = {"reference": payment["reference"], "received_on": payment["received_on"], "member_id": first}
    assert done(api.post("/v1/dues-payments", json=again | {"amount": dollars("100.00")}))["id"] == payment["id"]
    refusal = api.post("/v1/dues-payments", json=again | {"amount": dollars("99.00")})
    assert refused(refusal) == (409, "payment-recorded-otherwise")
    done(api.post(f"{at}/allocations", json={"invoice_id": invoice["id"], "amount": dollars("60.00")}))
    too_much = api.post(f"{at}/allocations", json={"invoice_id": invoice["id"], "amount": dollars("40.01")})
    assert refused(too_much) == (409, "more-than-credit")
    assert "40.00 USD" in too_much.json()["detail"]
    move = {"from_member_id": first, "from_invoice_id": invoice["id"], "to_member_id": second, "reason": "branch"}
    moved = done(api.post(f"{at}/moves", json=move | {"to_invoice_id": other["id"]}))
    assert sorted((one["number"] or "", one["amount"]["amount"]) for one in moved["uses"]) == [
        ("", "40.00"),
        (other["number"], "60.00"),
    ]
    assert refused(api.post(f"{at}/moves", json=move)) == (409, "more-than-allocated")
    refund = {"member_id": first, "amount": dollars("40.00"), "reason": "paid twice"}
    done(api.post(f"{at}/refunds", json=refund))
    assert refused(api.post(f"{at}/refunds", json=refund)) == (409, "more-than-credit")
    assert refused(api.post(f"{at}/reverse", json={"reason": "x"})) == (409, "payment-refunded")
    bounced = recorded(api, house, "10.00", invoice_ids=[invoice["id"]])
    assert done(api.post(f"/v1/dues-payments/{bounced['id']}/reverse", json={"reason": "x"}))["state"] == "reversed"
    assert invoice_of(api, house)["open"] == invoice["open"]
    assert bounced["id"] in [one["id"] for one in api.get("/v1/dues-payments").json()["items"]]
    assert len(api.get(f"{at}/postings").json()["items"]) == 6
    assert refused(api.get(f"/v1/dues-payments/{UNKNOWN}")) == (404, "unknown-payment")
    assert refused(api.get(f"/v1/dues-payments/{UNKNOWN}/postings")) == (404, "unknown-payment")


def test_an_invoice_is_credited_and_written_off_by_somebody_else(
    api: httpx.Client, approver: httpx.Client, house: dict[str, Any]
) -> None:
    invoice = invoice_of(api, house, 1)
    at = f"/v1/dues-invoices/{invoice['id']}"
    note = done(api.post(f"{at}/credit-notes", json={"amount": dollars("100.00"), "reason": "audit"}))
    assert note["number"].startswith("NC-")
    assert done(api.get(f"/v1/credit-notes/{note['id']}"))["invoice"]["id"] == invoice["id"]
    assert [one["id"] for one in api.get("/v1/credit-notes").json()["items"]] == [note["id"]]
    assert refused(api.post(f"{at}/credit-notes", json={"amount": dollars("900.00"), "reason": "x"})) == (
        422,
        "more-than-invoiced",
    )
    proposed = done(api.post(f"{at}/write-offs", json={"amount": dollars("50.00"), "reason": "x"}))
    assert refused(api.post(f"{at}/write-offs", json={"reason": "x"})) == (409, "write-off-proposed")
    decide = f"/v1/write-offs/{proposed['id']}"
    assert refused(api.post(f"{decide}/approve", json={"reason": "mine"})) == (403, "proposer-decides")
    assert done(approver.post(f"{decide}/approve", json={"reason": "minutes 9"}))["state"] == "approved"
    assert refused(approver.post(f"{decide}/reject", json={"reason": "x"})) == (409, "write-off-decided")
    assert done(api.get(decide))["decision"] == "minutes 9"
    assert [one["id"] for one in api.get("/v1/write-offs", params={"state": "approved"}).json()["items"]] == [
        proposed["id"]
    ]
    for missing in ("write-offs", "credit-notes"):
        assert api.get(f"/v1/{missing}/{UNKNOWN}").status_code == 404


def test_balances_and_the_ledger_agree_at_any_day(api: httpx.Client, house: dict[str, Any]) -> None:
    member = house["members"][0]["id"]
    [balance] = done(api.get(f"/v1/members/{member}/dues-balance"))["balances"]
    assert balance["receivable"] == invoice_of(api, house)["open"]
    before = (utc_now().date() - timedelta(days=400)).isoformat()
    assert done(api.get(f"/v1/members/{member}/dues-balance", params={"on": before}))["balances"] == []
    assert done(api.get("/v1/dues-reconciliation"))["balanced"] is True
    assert refused(api.get(f"/v1/members/{UNKNOWN}/dues-balance")) == (404, "unknown-member")


def test_of_many_who_spend_the_same_credit_at_once_one_wins(api: httpx.Client, house: dict[str, Any]) -> None:
    invoice = invoice_of(api, house)
    payment = recorded(api, house, "25.00")
    body = {"invoice_id": invoice["id"], "amount": dollars("25.00")}

    def use(_: int) -> int:
        return api.post(
            f"/v1/dues-payments/{payment['id']}/allocations", json=body, headers=tagged(payment)
        ).status_code

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        assert sorted(crowd.map(use, range(AT_ONCE))) == [200] + [412] * (AT_ONCE - 1)


def test_ageing_accounts_and_documents_are_shown_and_printed(api: httpx.Client, house: dict[str, Any]) -> None:
    member, invoice = house["members"][0]["id"], invoice_of(api, house)
    aged = done(api.get("/v1/dues-ageing"))
    assert [row["currency"] for row in aged["currencies"]] == ["USD"]
    assert {row["country"] for row in aged["countries"]} == {"AR", "UY"}
    printed = api.get(f"/v1/dues-invoices/{invoice['id']}/document")
    assert (printed.headers["Content-Type"], printed.content[:5]) == ("application/pdf", b"%PDF-")
    assert api.get(f"/v1/dues-invoices/{invoice['id']}/document").content == printed.content
    assert refused(api.get(f"/v1/dues-invoices/{UNKNOWN}/document")) == (404, "unknown-invoice")
    period = {"begins": f"{house['year']}-01-01", "ends": f"{house['year']}-12-31"}
    [account] = done(api.get(f"/v1/members/{member}/dues-account", params=period))["accounts"]
    assert account["movements"][0]["explanation"] == f"Factura {invoice['number']}"
    assert account["closing"]["amount"] == account["movements"][-1]["balance"]["amount"]
    assert api.get(f"/v1/members/{member}/dues-account/document", params=period).content[:5] == b"%PDF-"
    backwards = {"begins": period["ends"], "ends": period["begins"]}
    for address in (f"/v1/members/{member}/dues-account", f"/v1/members/{member}/dues-account/document"):
        assert refused(api.get(address, params=backwards)) == (422, "period-backwards")


def test_an_invoice_is_sent_again_and_its_link_opens_the_document_without_login(
    running: System, api: httpx.Client, house: dict[str, Any]
) -> None:
    invoice = invoice_of(api, house)
    at = f"/v1/dues-invoices/{invoice['id']}"
    [first] = done(api.get(f"{at}/sendings"))["items"]
    again = done(api.post(f"{at}/sendings"))
    assert [one["id"] for one in done(api.get(f"{at}/sendings"))["items"]] == [again["id"], first["id"]]
    told = "SELECT body FROM outbox WHERE topic = 'membership.invoice.sent.v1' ORDER BY id DESC LIMIT 1"
    fact = decode(scalar(running.database_url("membership"), told)).event
    assert isinstance(fact, InvoiceSent)
    assert str(fact.sending_id) == again["id"]
    link = fact.link
    opened = httpx.get(link)
    assert (opened.status_code, opened.headers["Content-Type"]) == (200, "application/pdf")
    assert opened.headers["Cache-Control"] == "private, no-cache"
    assert opened.content == api.get(f"{at}/document").content
    assert refused(httpx.get(f"{link}x")) == (403, "link-invalid")
    elsewhere = link.replace("/dues-invoices/", "/statistics/")
    assert refused(httpx.get(elsewhere)) == (403, "link-invalid")
    assert refused(api.post(f"/v1/dues-invoices/{UNKNOWN}/sendings")) == (404, "unknown-invoice")
    assert refused(api.get(f"/v1/dues-invoices/{UNKNOWN}/sendings")) == (404, "unknown-invoice")


def test_a_reminder_plan_is_versioned_and_reminders_are_listed(api: httpx.Client, house: dict[str, Any]) -> None:
    assert refused(api.post("/v1/dues-reminder-plans", json={"days": [1, 1], "reason": "x"})) == (422, "steps-twice")
    made = done(api.post("/v1/dues-reminder-plans", json={"days": [10, -20], "reason": "minutes 3"}))
    assert made["days"] == [-20, 10]
    assert api.get("/v1/dues-reminder-plans").json()["items"][0] == made
    member = {"member_id": house["members"][0]["id"]}
    assert api.get("/v1/dues-reminders", params=member).json()["items"] == []


def test_a_bank_statement_is_taken_in_and_matched(api: httpx.Client, house: dict[str, Any]) -> None:
    invoice = invoice_of(api, house)
    profile = {"name": "Banco", "account": "CR1", "currency": "USD"}
    profile |= {"columns": {"date": "Fecha", "amount": "Importe", "remittance": "Concepto"}}
    made = done(api.post("/v1/bank-profiles", json=profile))
    assert refused(api.post("/v1/bank-profiles", json=profile)) == (409, "profile-exists")
    assert [one["id"] for one in api.get("/v1/bank-profiles").json()["items"]] == [made["id"]]
    day = utc_now().date().strftime("%d/%m/%Y")
    content = (
        f"Fecha;Concepto;Importe\n{day};{invoice['number']};10,00\n{day};interés;0,10\n{day};cargo;-1,00\n".encode()
    )
    upload = {"content": content, "headers": {"Content-Type": "text/csv"}, "params": {"profile_id": made["id"]}}
    taken = done(api.post("/v1/bank-statements", **upload))["statements"]
    assert [(one["new"], one["statement"]["entries"]) for one in taken] == [(3, 3)]
    assert done(api.post("/v1/bank-statements", **upload))["statements"][0]["new"] == 0
    statement = taken[0]["statement"]
    assert done(api.get(f"/v1/bank-statements/{statement['id']}")) == statement
    assert api.get("/v1/bank-statements").json()["items"] == [statement]
    lines = api.get("/v1/bank-entries", params={"state": "open", "statement_id": statement["id"]}).json()["items"]
    first, second = sorted(lines, key=lambda one: one["remittance"])
    at = f"/v1/bank-entries/{first['id']}"
    [proposal] = done(api.get(f"{at}/proposals"))["proposals"]
    assert (proposal["number"], proposal["reasons"][0]["explanation"]) == (
        invoice["number"],
        "El número de la factura figura en el texto.",
    )
    rejection = {"invoice_id": invoice["id"], "reason": "x"}
    assert done(api.post(f"/v1/bank-entries/{second['id']}/reject", json=rejection))["state"] == "open"
    assert done(api.post(f"/v1/bank-entries/{second['id']}/ignore", json={"reason": "interest"}))["state"] == "ignored"
    match = {"member_id": invoice["member_id"], "invoice_ids": [invoice["id"]]}
    assert done(api.post(f"{at}/confirm", json=match))["payment_id"]
    for address, body in (("confirm", match), ("reject", rejection), ("ignore", {"reason": "x"})):
        assert refused(api.post(f"{at}/{address}", json=body)) == (409, "line-settled")
    assert done(api.get(at))["state"] == "matched"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"<x/>", "no-camt053", "El archivo es XML, pero contiene <x> en lugar de un extracto camt.053."),
        (b"x", "no-xml", "El archivo no es XML que se pueda leer a partir de la línea 1, columna 1."),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "xml-refused", "El archivo tiene un tipo de documento"),
    ],
)
def test_a_file_that_is_no_statement_is_refused_in_the_callers_language(
    api: httpx.Client, content: bytes, code: str, words: str
) -> None:
    wrong = api.post("/v1/bank-statements", content=content, headers={"Content-Type": "application/xml"})
    assert refused(wrong) == (422, code)
    assert wrong.json()["detail"].startswith(words)
    missing = api.post("/v1/bank-statements", content=b"a;b", headers={"Content-Type": "text/csv"})
    assert refused(missing) == (422, "profile-missing")
    for address in ("bank-statements", "bank-entries"):
        assert api.get(f"/v1/{address}/{UNKNOWN}").status_code == 404
