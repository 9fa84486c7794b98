"""The local mail catcher keeps what it is sent by SMTP, and `intercoop mail` shows it decoded."""

import json
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner

from intercoop.commands.mail import command
from intercoop.local.plan import Plan
from intercoop.local.ports import HOST, Ports, answers
from intercoop.local.program import stop
from tests.waiting import eventually


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setenv("INTERCOOP_HOME", str(tmp_path))
    plan = Plan(tmp_path, {})
    vars(plan)["ports"] = ports = Ports.free()
    plan.prepare()
    plan.instance.save(tmp_path / "instance.json")
    catcher = plan.mail_catcher()
    assert catcher
    process = catcher.start()
    eventually(lambda: answers(ports["smtp"]))
    yield ports["smtp"]
    stop(process, catcher)
    assert process.returncode == 0


def send(port: int, subject: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "red@example.coop", "socia@example.coop", subject
    mail.set_content("¡Bienvenida a la red, señora!\n")
    mail.add_alternative("<p>¡Bienvenida!</p>", subtype="html")
    with smtplib.SMTP(HOST, port, timeout=5) as server:
        server.send_message(mail)


def test_mails_are_listed_newest_first_and_shown_decoded(port: int) -> None:
    send(port, "Admisión")
    send(port, "Suspensión")
    listed = json.loads(CliRunner().invoke(command, ["--json"], catch_exceptions=False).stdout)
    assert [mail["subject"] for mail in listed] == ["Suspensión", "Admisión"]
    shown = CliRunner().invoke(command, ["2"], catch_exceptions=False).stdout
    assert "To: socia@example.coop" in shown
    assert "¡Bienvenida a la red, señora!" in shown


def test_a_mail_that_is_not_there_is_named(port: int) -> None:
    result = CliRunner().invoke(command, ["7"])
    assert result.exit_code == 1
    assert "there is no mail 7" in result.stderr
