"""What a real mail server's answers mean for a mail."""

from collections.abc import Iterator
from smtplib import SMTPSenderRefused

import pytest

from services.comms.mail import MailDeferred, MailRefused
from services.comms.mailer import Mailer
from services.comms.settings import server_address
from tests.comms.letters import a_mail
from tests.mail_server import MailServer, mail_server

SENDER = "Secretaría <secretaria@federacion.invalid>"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def mailer(server: MailServer) -> Iterator[Mailer]:
    with Mailer(url=server.url, sender=SENDER) as mailer:
        yield mailer


def test_several_mails_go_over_one_connection(server: MailServer, mailer: Mailer) -> None:
    mails = [a_mail(), a_mail(email="otra@union.invalid")]
    for mail in mails:
        mailer.send(mail)
    assert server.envelopes == [
        ("secretaria@federacion.invalid", ["presidencia@union.invalid"]),
        ("secretaria@federacion.invalid", ["otra@union.invalid"]),
    ]
    assert [mail["Message-ID"] for mail in server.mails] == [f"<{mail.id}@federacion.invalid>" for mail in mails]


@pytest.mark.parametrize("answers", ["answers", "recipient_answers"])
def test_a_permanent_answer_refuses_the_mail_and_the_next_one_goes(
    server: MailServer, mailer: Mailer, answers: str
) -> None:
    getattr(server, answers).append("550 no such mailbox")
    with pytest.raises(MailRefused, match="550 no such mailbox"):
        mailer.send(a_mail())
    mailer.send(a_mail())
    assert len(server.mails) == 1


@pytest.mark.parametrize("answers", ["answers", "recipient_answers"])
def test_a_passing_answer_defers_the_mail(server: MailServer, mailer: Mailer, answers: str) -> None:
    getattr(server, answers).append("451 greylisted")
    with pytest.raises(MailDeferred, match="451 greylisted"):
        mailer.send(a_mail())
    mailer.send(a_mail())
    assert len(server.mails) == 1


def test_a_server_that_refuses_us_is_no_verdict_on_the_mail(server: MailServer, mailer: Mailer) -> None:
    server.sender_answers.append("553 sender not allowed")
    with pytest.raises(SMTPSenderRefused):
        mailer.send(a_mail())


def test_a_server_that_is_away_is_no_verdict_on_the_mail() -> None:
    with mail_server() as gone:
        url = gone.url
    with Mailer(url=url, sender=SENDER) as mailer, pytest.raises(ConnectionRefusedError):
        mailer.send(a_mail())


def test_a_server_that_hangs_up_defers_the_mail_and_is_called_again(server: MailServer, mailer: Mailer) -> None:
    server.answers.append("421 closing")
    with pytest.raises(MailDeferred):
        mailer.send(a_mail())
    mailer.send(a_mail())
    assert len(server.mails) == 1


@pytest.mark.parametrize("url", ["smtps://h:25", "http://h", "smtp://", "smtp://user:secret@h:25", "smtp://h/x", ""])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://host:port"):
        server_address(url)
