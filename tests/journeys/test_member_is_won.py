"""A member is admitted, and the other three services act on it; real processes all the way."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.membership import MemberAdmitted
from tests.conftest import Servers
from tests.mail_server import MailServer, mail_server
from tests.members import a_contact, a_new_standing, an_admission
from tests.system import ALL, System, system
from tests.waiting import eventually

FORUM: dict[str, Any] = {
    "kind": "forum",
    "name": "Foro de cooperativas",
    "place": "San José",
    "country": "CR",
    "starts_on": "2040-03-01",
    "ends_on": "2040-03-02",
    "prices": {
        "member": {"amount": "80.00", "currency": "USD"},
        "standard": {"amount": "120.00", "currency": "USD"},
    },
}


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as mails:
        yield mails


@pytest.fixture(scope="module")
def running(servers: Servers, mails: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("journey"), smtp_url=mails.url) as running:
        running.start(*(part for part in ALL if part not in {"membership", "funding relay"}))
        yield running


@pytest.fixture
def funding(running: System) -> Iterator[httpx.Client]:
    with running.api("funding") as api:
        yield api


@pytest.fixture
def events(running: System) -> Iterator[httpx.Client]:
    with running.api("events") as api:
        yield api


@pytest.fixture
def comms(running: System) -> Iterator[httpx.Client]:
    with running.api("comms") as api:
        yield api


def eligibility(funding: httpx.Client, member: MemberAdmitted) -> tuple[bool, list[str]]:
    answer = funding.get(f"/v1/members/{member.member_id}/eligibility").raise_for_status().json()
    return answer["eligible"], [reason["code"] for reason in answer["reasons"]]


def price(events: httpx.Client, forum: str, member: MemberAdmitted) -> tuple[str, str]:
    query = {"organization_id": str(member.organization_id)}
    quote = events.get(f"/v1/gatherings/{forum}/price", params=query).raise_for_status().json()
    return quote["price"]["amount"], quote["reason"]


def register(events: httpx.Client, forum: str, member: MemberAdmitted, person: str) -> dict[str, Any]:
    body = {"person": person, "organization_id": str(member.organization_id)}
    taken = events.post(f"/v1/gatherings/{forum}/registrations", json=body).raise_for_status()
    return dict(taken.json())


def messages(comms: httpx.Client, organization_id: UUID) -> dict[str, str]:
    found = comms.get("/v1/messages", params={"organization_id": str(organization_id)}).raise_for_status().json()
    assert found["next_cursor"] is None
    return {message["channel"]: message["state"] for message in found["items"]}


def mails_to(mails: MailServer, address: str) -> list[Any]:
    return [mail for mail, (_, to) in zip(mails.mails, mails.envelopes, strict=True) if to == [address]]


def test_the_other_services_act_on_an_admission_and_on_a_lost_standing(
    running: System, funding: httpx.Client, events: httpx.Client
) -> None:
    member = an_admission()
    forum = events.post("/v1/gatherings", json=FORUM).raise_for_status().json()["id"]
    assert eligibility(funding, member) == (False, ["not_admitted"])
    assert price(events, forum, member) == ("120.00", "not_a_member")

    running.say(member)
    eventually(lambda: eligibility(funding, member) == (True, []))
    eventually(lambda: price(events, forum, member) == ("80.00", "good_standing"))
    promised = register(events, forum, member, "delegate-1")
    assert promised["price"]["amount"] == "80.00"

    running.say(a_new_standing(member, "suspended"))
    eventually(lambda: eligibility(funding, member) == (False, ["suspended"]))
    eventually(lambda: price(events, forum, member) == ("120.00", "suspended"))
    assert register(events, forum, member, "delegate-2")["price"]["amount"] == "120.00"
    kept = events.get(f"/v1/registrations/{promised['id']}").json()
    assert (kept["price"], kept["tier"]) == (promised["price"], "member")


@pytest.mark.parametrize("contact_first", [True, False])
@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("es", "Damos la bienvenida a Cooperativa La Unión"),
        ("pt", "Damos as boas-vindas a Cooperativa La Unión"),
        ("en", "Welcome, Cooperativa La Unión"),
    ],
)
def test_the_contact_gets_one_welcome_in_the_members_language(
    running: System, comms: httpx.Client, mails: MailServer, language: str, subject: str, *, contact_first: bool
) -> None:
    member = an_admission(language=language)
    address = f"{member.member_id}@union.invalid"
    contact = a_contact(member.organization_id, email=address)
    running.say(*((contact, member) if contact_first else (member, contact)), correlation_id=f"won-{language}")
    done = {"email": "delivered", "inbox": "delivered"}
    eventually(lambda: messages(comms, member.organization_id) == done)
    [mail] = mails_to(mails, address)
    assert mail["Subject"] == subject
    assert mail["Content-Language"] == language
    inbox = comms.get(f"/v1/organizations/{member.organization_id}/inbox").json()["items"]
    assert [(item["subject"], item["correlation_id"]) for item in inbox] == [(subject, f"won-{language}")]


def won(running: System, number: int) -> dict[MemberAdmitted, str]:
    """New members, and the address of each one's contact."""
    members = {member: f"{member.member_id}@union.invalid" for member in (an_admission() for _ in range(number))}
    for member, address in members.items():
        running.say(member, a_contact(member.organization_id, email=address))
    return members


def wait_until_all_is_heard(running: System, comms: httpx.Client, members: dict[MemberAdmitted, str]) -> None:
    last = an_admission()
    running.say(last)
    for member in members:
        done = {"email": "delivered", "inbox": "delivered"}
        eventually(lambda member=member, done=done: messages(comms, member.organization_id) == done)
    eventually(lambda: messages(comms, last.organization_id) == {"inbox": "delivered"})


def test_everything_said_four_times_makes_one_mail(running: System, comms: httpx.Client, mails: MailServer) -> None:
    members = won(running, 5)
    for _ in range(3):
        running.repeat("membership")
    wait_until_all_is_heard(running, comms, members)
    assert [len(mails_to(mails, address)) for address in members.values()] == [1] * 5


def test_a_killed_comms_forgets_nobody_and_writes_to_nobody_twice(
    running: System, comms: httpx.Client, mails: MailServer
) -> None:
    members = won(running, 10)
    running.kill("comms")
    running.repeat("membership")
    running.start("comms")
    wait_until_all_is_heard(running, comms, members)
    ids = [mail["Message-ID"] for address in members.values() for mail in mails_to(mails, address)]
    assert len(set(ids)) == 10
    # A kill between the server's yes and the note of it repeats that one mail, by its own Message-ID.
    assert len(ids) <= 11


def test_one_correlation_id_joins_what_a_request_set_off(running: System, comms: httpx.Client) -> None:
    member = an_admission()
    contact = a_contact(member.organization_id, email=f"{member.member_id}@union.invalid")
    running.say(member, contact, correlation_id="one-request")
    eventually(lambda: messages(comms, member.organization_id).get("email") == "delivered")
    said = [json.loads(body) for service in ("membership", "comms") for _, body in running.said(service)]
    joined = [event for event in said if event["correlationid"] == "one-request"]
    kinds = [event["type"].removeprefix("coop.intercoop.") for event in joined]
    assert sorted(kinds) == [
        "comms.message.delivered.v1",
        "comms.message.delivered.v1",
        "membership.contact.changed.v1",
        "membership.member.admitted.v1",
    ]
    admission = next(event for event in joined if event["type"].endswith("member.admitted.v1"))
    assert {event.get("causationid") for event in joined if event["source"] == "/comms"} == {admission["id"]}


def test_no_service_made_a_lock_before_its_threads_were_green(running: System) -> None:
    """Trap: eventlet can not make such a lock green, and whoever waits for it stops the whole process."""
    said = [log.read_text() for log in running.plan.logs.iterdir()]
    assert said
    assert not any("not greened" in each for each in said)
