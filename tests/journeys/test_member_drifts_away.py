"""A contact's mailbox is gone and notices lie unread: comms says so, and membership sees a member drift away.

Once its dues are paid, funding may offer it an award, and the one it accepts brings it nearer again.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete

from services.membership.model import ToldSignal
from shared.clock import utc_now
from shared.contracts.comms import MessageDelivered
from shared.contracts.events import RegistrationConfirmed
from shared.database import connect, transaction
from shared.ids import uuid7
from shared.messaging.outbox import publish
from shared.messaging.replay import find_subscription, request_replay
from tests.conftest import Servers
from tests.mail_server import MailServer, mail_server
from tests.system import System, system
from tests.waiting import eventually


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as mails:
        yield mails


@pytest.fixture(scope="module")
def running(servers: Servers, mails: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("drifting"), smtp_url=mails.url) as running:
        running.start("comms", "membership", "funding")
        running.start("membership relay", "comms relay", "events relay", "funding relay")
        yield running


def day(days: int) -> str:
    return (utc_now().date() + timedelta(days)).isoformat()


def a_late_member(api: httpx.Client) -> dict[str, Any]:
    """With a contact, and with dues late for two months."""
    organization = {"name": "Federación Ñandú", "country": "UY", "sectors": ["agriculture"]}
    known = api.post("/v1/organizations", json=organization).raise_for_status().json()["id"]
    contact = {"role": "presidency", "email": "presidencia@nandu.invalid"}
    api.post(f"/v1/organizations/{known}/contacts", json=contact).raise_for_status()
    opened = {"organization_id": known, "source": "summit", "owner": "ana@ica.example"}
    prospect = api.post("/v1/prospects", json=opened).raise_for_status().json()["id"]
    decision = {"category": "full", "reason": "Board", "admitted_on": day(-1200)}
    member = api.post(f"/v1/prospects/{prospect}/admit", json=decision).raise_for_status().json()
    api.post(f"/v1/members/{member['id']}/dues-due", json={"period": "2026", "due_on": day(-60)}).raise_for_status()
    return dict(member)


def say_of_long_ago(running: System, member: dict[str, Any]) -> None:
    """Two notices two months old, and a registration of three years ago, as their publishers said it then."""
    notice: dict[str, Any] = {"channel": "inbox", "purpose": "assembly"}
    notice["organization_id"] = UUID(member["organization"]["id"])
    place: dict[str, Any] = {"gathering_id": uuid7(), "tier": "member", "amount": 8000, "currency": "USD"}
    registration = RegistrationConfirmed(registration_id=uuid7(), member_id=UUID(member["id"]), **place)
    for event, days in (
        (MessageDelivered(message_id=uuid7(), **notice), 60),
        (MessageDelivered(message_id=uuid7(), **notice), 50),
        (registration, 1100),
    ):
        engine = connect(running.database_url(event.publisher()))
        with transaction(engine) as session:
            publish(session, event, at=utc_now() - timedelta(days))
        engine.dispose()


def pay_and_be_awarded(running: System, api: httpx.Client, member: dict[str, Any]) -> None:
    """Suspended for its dues, it gets nothing; once they are paid, what one proposes and another offers is accepted."""
    terms = {"title": "Capacitación", "purpose": "Dos talleres", "amount": {"amount": "900.00", "currency": "USD"}}
    board = {"Authorization": f"Bearer {running.plan.instance.token(subject='board')}"}
    with running.api("funding") as funding:

        def propose() -> httpx.Response:
            return funding.post("/v1/awards", json=terms | {"member_id": member["id"]})

        eventually(lambda: "La membresía está suspendida." in propose().text, within=30)
        paid = {"period": "2026", "settled_on": day(0)}
        api.post(f"/v1/members/{member['id']}/dues-settled", json=paid).raise_for_status()
        proposed = eventually(lambda: (answer := propose()).is_success and answer, within=30)
        at, seen = proposed.headers["Location"], {"If-Match": proposed.headers["ETag"]}
        funding.post(f"{at}/offer", json={"minutes": "Board 12/2026"}, headers=board | seen).raise_for_status()
        funding.post(f"{at}/accept").raise_for_status()


def rebuild_signals(running: System) -> None:
    """Have all that was told forgotten, and told again from the publishers' streams."""
    engine = connect(running.database_url("membership"))
    with transaction(engine) as session:
        request_replay(session, name="keep_signals", from_time=None, actor="ana", now=utc_now())
        session.execute(delete(ToldSignal))

    def is_live() -> bool:
        with transaction(engine) as session:
            return bool(find_subscription(session, name="keep_signals").state == "live")

    eventually(is_live, within=60)
    engine.dispose()


def test_what_other_services_tell_changes_the_level_of_a_member(running: System, mails: MailServer) -> None:
    # The welcome, and that it is suspended.
    mails.recipient_answers += ["550 5.1.1 no such mailbox"] * 2
    with running.api("membership") as api, running.api("comms") as comms:
        member = a_late_member(api)
        at = f"/v1/members/{member['id']}"

        def reasons() -> set[str]:
            return {one["kind"] for one in api.get(f"{at}/engagement").json()["reasons"]}

        assert api.get(f"{at}/engagement").json()["level"] == "watch"
        assert api.get("/v1/members/at-risk", params={"level": "at_risk"}).json()["items"] == []
        say_of_long_ago(running, member)
        everything = {"dues_late", "contact_unreachable", "notices_unread", "no_registration", "no_benefit"}
        eventually(lambda: reasons() == everything, within=30)
        [listed] = api.get("/v1/members/at-risk", params={"owner": "ana@ica.example"}).json()["items"]
        assert (listed["member_id"], listed["level"]) == (member["id"], "at_risk")
        assert listed["suggested"]["text"].startswith("Acordar con el miembro")
        eventually(lambda: len(comms.get("/v1/messages", params={"state": "failed"}).json()["items"]) == 2)
        before = listed["risk"]
        running.repeat("comms")
        organization = f"/v1/organizations/{member['organization']['id']}"
        [contact] = api.get(organization).json()["contacts"]
        repaired = {"email": "nueva@nandu.invalid"}
        api.patch(f"{organization}/contacts/{contact['id']}", json=repaired).raise_for_status()
        # The change came last, so whatever was repeated has been handled when it is seen.
        eventually(lambda: "contact_unreachable" not in reasons(), within=30)
        after = api.get(f"{at}/engagement").json()
        assert (after["risk"], len(after["reasons"])) == (before - 15, 4)
        suspended, welcome = comms.get(f"{organization}/inbox").json()["items"]
        assert (suspended["purpose"], welcome["purpose"]) == ("standing_suspended", "welcome")
        comms.post(f"/v1/messages/{welcome['id']}/read").raise_for_status()
        said = [topic for topic, _ in running.said("comms")]
        assert said.count("comms.contact.unreachable.v1") == said.count("comms.contact.cleared.v1") == 1
        assert said.count("comms.message.read.v1") == 1
        pay_and_be_awarded(running, api, member)
        eventually(lambda: "no_benefit" not in reasons(), within=30)
        after = api.get(f"{at}/engagement").json()
        assert {one["kind"] for one in after["reasons"]} == {"notices_unread", "no_registration"}
        rebuild_signals(running)
        assert api.get(f"{at}/engagement", params={"at": after["at"]}).json() == after
