"""Four services, their relays, a broker and a database server, all of which die while members are won over HTTP."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest

from intercoop.audit.services import Audited, audited
from tests.conftest import Servers
from tests.mail_server import MailServer, mail_server
from tests.outboxes import scalar
from tests.system import ALL, System, system
from tests.victims import VictimBroker, VictimDatabase
from tests.waiting import eventually

DELIVERED = {"email": "delivered", "inbox": "delivered"}


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server() as mails:
        yield mails


@pytest.fixture
def running(
    victim_broker: VictimBroker,
    victim_database: VictimDatabase,
    mails: MailServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[System]:
    victim_broker.server.start()
    victim_database.server.start()
    servers = Servers(victim_broker.broker.uri(), victim_broker.broker.api, victim_database.database.url())
    with system(servers, tmp_path_factory.mktemp("system"), smtp_url=mails.url) as running:
        running.start(*ALL)
        yield running


@pytest.fixture
def ran(running: System) -> list[Audited]:
    return [audited(name, at) for name, at in running.plan.instance.services.items()]


class Staff:
    """Somebody who wins one organization after the other, and sends again whatever was not answered."""

    def __init__(self, running: System) -> None:
        self._running = running
        self._done = threading.Event()
        self.won: dict[str, str] = {}
        """Organizations that are members for certain, and the mail address of each."""

    def work(self) -> None:
        with self._running.api("membership") as api:
            while not self._done.is_set():
                self._win(api)

    def leave(self) -> None:
        self._done.set()

    def _win(self, api: httpx.Client) -> None:
        name = uuid4().hex
        organization = self._post(api, "/v1/organizations", name=f"Cooperativa {name}", country="AR")
        address = f"{name}@union.invalid"
        self._post(api, f"/v1/organizations/{organization}/contacts", role="presidency", email=address)
        prospect = self._post(api, "/v1/prospects", organization_id=organization, source="summit")
        self._post(api, f"/v1/prospects/{prospect}/admit", category="full", reason="Board 12/2026")
        self.won[organization] = address

    def _post(self, api: httpx.Client, path: str, **body: str) -> str:
        key = {"Idempotency-Key": f'"{uuid4()}"'}
        answer = eventually(lambda: answer_to(api, path, body, key), within=90, every=0.2)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def answer_to(api: httpx.Client, path: str, body: dict[str, str], key: dict[str, str]) -> httpx.Response | None:
    """None when the service did not get round to it, or still is at the same call."""
    try:
        answer = api.post(path, json=body, headers=key)
    except httpx.TransportError:
        return None
    return None if answer.status_code in {409, 500, 502, 503, 504} else answer


@contextmanager
def staff(running: System) -> Iterator[Staff]:
    """Two of them share the work."""
    both = Staff(running)
    threads = [threading.Thread(target=both.work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield both
    finally:
        both.leave()
        for thread in threads:
            thread.join()


def restart(running: System, *parts: str) -> None:
    for part in parts:
        running.kill(part)
    running.start(*parts)


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=pytest.mark.long)])
@pytest.mark.timeout(900)
def test_whatever_dies_each_member_is_welcomed_once_and_known_everywhere(
    running: System, victim_broker: VictimBroker, victim_database: VictimDatabase, mails: MailServer, rounds: int
) -> None:
    deaths: list[Callable[[], None]] = [
        lambda: victim_broker.restart(kill=True),
        lambda: victim_database.restart(kill=True),
        lambda: restart(running, "membership", "comms relay", "events"),
        lambda: restart(running, "comms", "membership relay", "funding"),
    ]
    dice = random.Random(3)
    with staff(running) as both:
        for _ in range(rounds):
            for death in dice.sample(deaths, len(deaths)):
                before = len(both.won)
                eventually(lambda before=before: len(both.won) >= before + 3, within=60)
                death()
    with running.api("comms") as comms:
        for organization, address in both.won.items():
            eventually(lambda one=organization: messages(comms, one) == DELIVERED, within=60)
            assert len(ids_of_mails_to(mails, address)) == 1
    for service in ("membership", "funding", "events", "comms"):
        url = running.database_url(service)
        eventually(lambda url=url: scalar(url, "SELECT count(*) FROM members") == len(both.won), within=120)


def messages(comms: httpx.Client, organization: str) -> dict[str, str]:
    found = comms.get("/v1/messages", params={"organization_id": organization}).raise_for_status().json()["items"]
    assert len(found) <= len(DELIVERED)
    return {message["channel"]: message["state"] for message in found}


def ids_of_mails_to(mails: MailServer, address: str) -> set[str]:
    """A kill between the mail server's yes and the note of it repeats a mail, by its own Message-ID."""
    found = zip(mails.mails, mails.envelopes, strict=True)
    return {str(mail["Message-ID"]) for mail, (_, to) in found if to == [address]}
