"""The demonstration runs on a running system, again and again, and says so when there is none."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from intercoop.instance import SERVICES
from tests.conftest import Servers
from tests.mail_server import MailServer, mail_server
from tests.system import ALL, System, system
from tests.waiting import eventually

SHORT_REGISTER = """Matricula,Razon_Soc,Direccion,Localidad,PROVINCIA,CodPost,EMail,Telefono,CUIT,FechaInsc,Actividad
1,COOP DE TRABAJO DEL ENSAYO LTDA,CALLE 1,SALTO,BUENOS AIRES,B1,somebody@example.org,,,01/02/1990,AGROPECUARIA
2,COOP AGRICOLA DEL ENSAYO LTDA,CALLE 2,SALTO,BUENOS AIRES,B1,,,,01/02/1990,AGROPECUARIA
"""


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as mails:
        yield mails


@pytest.fixture(scope="module")
def running(servers: Servers, mails: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("demo"), smtp_url=mails.url) as running:
        running.launch(*ALL)
        for service in SERVICES:  # it waits for the rest itself
            eventually(lambda service=service: running.answers(service, "/health/live"))
        running.plan.instance.save(running.plan.home / "instance.json")
        yield running


def demo(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    known = ("DATABASE_URL", "AMQP_URI", "INTERCOOP_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(known)}
    command = [sys.executable, "-m", "intercoop", "demo", *arguments]
    return subprocess.run(
        command, env=env | {"INTERCOOP_HOME": str(home)}, capture_output=True, text=True, check=False, timeout=120
    )


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_it_shows_what_every_service_published_and_did_and_runs_twice(running: System, mails: MailServer) -> None:
    first, second = (told(demo(running.plan.home, "--json")) for _ in range(2))
    assert first["import"]["created"] == 36
    assert second["import"]["unchanged"] == 36
    assert first["organization"]["id"] != second["organization"]["id"]
    published = {
        service: [line["text"].split()[0] for line in lines if line["what"] == "published"]
        for service, lines in second["services"].items()
    }
    assert published == {
        "membership": [
            "membership.registry.imported.v1",
            "membership.prospect.opened.v1",
            "membership.member.admitted.v1",
            "membership.prospect.advanced.v1",
            "membership.member.standing_changed.v1",
        ],
        "funding": [],
        "events": ["events.gathering.announced.v1", "events.registration.confirmed.v1"],
        "comms": ["comms.message.delivered.v1"] * 4,
    }
    for service in ("funding", "events", "comms"):
        assert [line for line in second["services"][service] if line["what"] == "did"]
    assert len(mails.mails) == 4


def test_on_a_register_of_ones_own_it_writes_to_nobody_real(running: System, mails: MailServer, tmp_path: Path) -> None:
    register = tmp_path / "register.csv"
    register.write_text(SHORT_REGISTER, encoding="utf-8")
    won = told(demo(running.plan.home, str(register), "--json"))
    assert won["organization"]["name"] == "COOP AGRICOLA DEL ENSAYO LTDA"
    assert mails.envelopes[-1][1] == ["presidencia@demo.invalid"]
    again = demo(running.plan.home, str(register))
    assert again.returncode == 1
    assert "no organization is left" in again.stderr


def test_people_get_it_by_service(running: System) -> None:
    done = demo(running.plan.home)
    assert done.returncode == 0, done.stderr
    for word in ("membership", "funding", "events", "comms", "published", "did", "after the admission"):
        assert word in done.stdout


def test_where_nothing_runs_it_says_how_to_start(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert done.returncode == 1
    assert "nothing is running" in done.stderr
    assert "intercoop up" in done.stderr
    assert "Traceback" not in done.stderr
