"""Comms over HTTP, and its sender with a real mail server: away, refusing, back again."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine

from intercoop.local.ports import Ports
from services.comms import operations
from shared.clock import utc_now
from shared.contracts.membership import MemberAdmitted
from shared.database import connect, transaction
from tests.conftest import Servers
from tests.mail_server import MailServer, mail_server
from tests.members import a_contact, an_admission
from tests.system import System, system
from tests.waiting import eventually


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as mails:
        yield mails


@pytest.fixture(scope="module")
def running(servers: Servers, mails: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("comms"), smtp_url=mails.url) as running:
        running.start("comms")
        yield running


@pytest.fixture(scope="module")
def engine(running: System) -> Iterator[Engine]:
    engine = connect(running.database_url("comms"))
    yield engine
    engine.dispose()


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("comms") as api:
        yield api


def welcome(engine: Engine, *, contact: bool = True) -> MemberAdmitted:
    admission = an_admission()
    with transaction(engine) as session:
        if contact:
            operations.keep_contact(session, a_contact(admission.organization_id), now=utc_now())
        operations.welcome_member(session, admission, admission_id=uuid4(), now=utc_now())
    return admission


def mail_of(api: httpx.Client, admission: MemberAdmitted) -> dict[str, object]:
    query = {"organization_id": str(admission.organization_id), "channel": "email"}
    [mail] = api.get("/v1/messages", params=query).json()["items"]
    return dict(mail)


def steps(mail: dict[str, object]) -> list[str]:
    assert isinstance(mail["timeline"], list)
    return [step["step"] for step in mail["timeline"]]


def test_a_due_mail_is_sent_and_its_timeline_shows_it(api: httpx.Client, engine: Engine, mails: MailServer) -> None:
    admission = welcome(engine)
    mail = eventually(lambda: (m := mail_of(api, admission))["state"] == "delivered" and m)
    assert isinstance(mail, dict)
    assert steps(mail) == ["queued", "delivered"]
    assert [m["Message-ID"] for m in mails.mails].count(f"<{mail['id']}@intercoop.invalid>") == 1


def test_a_refused_mail_shows_the_servers_reason(api: httpx.Client, engine: Engine, mails: MailServer) -> None:
    mails.recipient_answers.append("550 5.1.1 no such mailbox")
    admission = welcome(engine)
    mail = eventually(lambda: (m := mail_of(api, admission))["state"] == "failed" and m)
    assert isinstance(mail, dict)
    shown = api.get(f"/v1/messages/{mail['id']}").json()
    assert shown["timeline"][-1]["detail"] == "550 5.1.1 no such mailbox"


def test_the_inbox_is_listed_and_read(api: httpx.Client, engine: Engine) -> None:
    admission = welcome(engine, contact=False)
    inbox = f"/v1/organizations/{admission.organization_id}/inbox"
    [item] = api.get(inbox).json()["items"]
    assert (item["state"], item["language"]) == ("delivered", "es")
    assert item["text"].startswith("Estimadas")
    for _ in range(2):
        assert api.post(f"/v1/messages/{item['id']}/read").json()["state"] == "read"
    [item] = api.get(inbox).json()["items"]
    assert steps(item) == ["queued", "delivered", "read"]


def test_whom_nobody_can_be_reached_at_is_listed(api: httpx.Client, engine: Engine) -> None:
    admission = welcome(engine, contact=False)
    waiting = api.get("/v1/welcomes", params={"state": "awaiting_contact"}).json()["items"]
    assert str(admission.organization_id) in [welcome["organization_id"] for welcome in waiting]


def test_bad_calls_are_refused(api: httpx.Client, engine: Engine) -> None:
    assert api.get(f"/v1/messages/{uuid4()}").json()["type"] == "/problems/unknown-message"
    assert api.post(f"/v1/messages/{uuid4()}/read").status_code == 404
    mail = mail_of(api, welcome(engine))
    assert api.post(f"/v1/messages/{mail['id']}/read").json()["type"] == "/problems/not-an-inbox-item"
    assert api.get("/v1/messages", params={"channel": "pigeon"}).status_code == 400
    assert api.get("/v1/welcomes", params={"state": "lost"}).status_code == 400
    assert api.get(f"/v1/organizations/{uuid4()}/inbox").json() == {"items": [], "next_cursor": None}
    assert api.get("/v1/organizations/7/inbox").status_code == 404


def test_mails_wait_for_a_server_that_is_away(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> None:
    ports, home = Ports.free(), tmp_path_factory.mktemp("away")
    port = ports["smtp"]
    with system(servers, home, smtp_url=f"smtp://127.0.0.1:{port}") as running, running.api("comms") as api:
        running.start("comms")
        engine = connect(running.database_url("comms"))
        admission = welcome(engine)
        engine.dispose()
        log = home / "logs" / "comms.log"
        eventually(lambda: '"turn failed"' in log.read_text())
        assert steps(mail_of(api, admission)) == ["queued"]
        running.kill("comms")
        running.start("comms")
        with mail_server(port) as back:
            eventually(lambda: mail_of(api, admission)["state"] == "delivered")
            assert len(back.mails) == 1
        running.stop("comms")


def test_a_sender_killed_before_it_could_note_the_yes_repeats_the_mail_to_the_byte(
    api: httpx.Client, running: System, engine: Engine, mails: MailServer
) -> None:
    mails.stalled = True
    admission = welcome(engine)
    mail_id = mail_of(api, admission)["id"]

    def copies() -> list[bytes]:
        return [raw for raw in mails.raw if f"<{mail_id}@".encode() in raw]

    eventually(copies)
    running.kill("comms")
    mails.stalled = False
    running.start("comms")
    eventually(lambda: mail_of(api, admission)["state"] == "delivered")
    first, second = copies()
    assert first == second
