"""A member's contact gets a mail, follows its link, and declares; real processes all the way."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx
import pytest

from shared.clock import utc_now
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
    with system(servers, tmp_path_factory.mktemp("statistic"), smtp_url=mails.url) as running:
        running.start("comms", "membership", "membership relay")
        yield running


def a_member_asked(api: httpx.Client) -> str:
    """The id of the round."""
    organization = {"name": "Federación Ñandú", "country": "UY", "sectors": ["agriculture"]}
    at = f"/v1/organizations/{api.post('/v1/organizations', json=organization).raise_for_status().json()['id']}"
    api.post(f"{at}/contacts", json={"role": "dues", "email": "cuotas@nandu.invalid"}).raise_for_status()
    opened = {"organization_id": at.rpartition("/")[2], "source": "summit"}
    prospect = api.post("/v1/prospects", json=opened).raise_for_status().json()["id"]
    decision = {"category": "full", "reason": "Board"}
    api.post(f"/v1/prospects/{prospect}/admit", json=decision).raise_for_status()
    days = {"opens_on": 0, "due_on": 30, "closes_on": 60}
    today = utc_now().date()
    dates = {name: (today + timedelta(days=number)).isoformat() for name, number in days.items()}
    made = api.post("/v1/statistic-rounds", json={"year": today.year - 1, **dates}).raise_for_status().json()
    api.post(f"/v1/statistic-rounds/{made['id']}/requests").raise_for_status()
    return str(made["id"])


def about_statistics(mails: MailServer) -> list[EmailMessage]:
    return [mail for mail in mails.mails if "A cuántas personas" in mail["Subject"]]


def test_a_contact_is_asked_by_mail_and_declares_by_its_link(running: System, mails: MailServer) -> None:
    with running.api("membership") as api, running.api("comms") as comms:
        round_id = a_member_asked(api)
        [mail] = eventually(lambda: about_statistics(mails), within=20)
        assert (mail["To"], mail["Content-Language"]) == ("cuotas@nandu.invalid", "es")
        body = mail.get_body(("plain",))
        assert body is not None
        found = re.search(r"http\S+/form", body.get_content())
        assert found
        sent = eventually(lambda: comms.get("/v1/letters", params={"state": "addressed"}).json()["items"])
        assert [one["purpose"] for one in sent] == ["statistic_request"]
        assert urlsplit(found[0]).path.split("/")[-2] not in comms.get("/v1/messages").text
        answer = httpx.post(found[0], data={"version": "1", "persons": "4200"}, headers={"Accept-Language": "es"})
        assert "Gracias" in answer.text
        seen = api.get(f"/v1/statistic-rounds/{round_id}/overview").json()
        assert (seen["declared"], seen["requested"]) == (1, 0)
        running.repeat("membership")
        [declared] = api.get("/v1/statistics", params={"round_id": round_id}).json()["items"]
        question = {"question": "¿Con las personas jóvenes?"}
        at, version = f"/v1/statistics/{declared['id']}/question", {"If-Match": f'"{declared["version"]}"'}
        api.post(at, json=question, headers=version).raise_for_status()
        # The question came last, so whatever was repeated has been handled when it is there.
        eventually(lambda: any("Una pregunta" in mail["Subject"] for mail in mails.mails), within=20)
        assert len(about_statistics(mails)) == 1
