"""What a real mail server's answers mean for a mail."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from smtplib import SMTPAuthenticationError, SMTPNotSupportedError, SMTPSenderRefused, SMTPServerDisconnected

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from services.comms.mail import MailDeferred, MailRefused, RecipientRefused
from services.comms.mailer import Mailer
from services.comms.settings import MailServer as Address
from services.comms.settings import mail_server as address_of
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


@pytest.mark.parametrize(
    ("answers", "answer", "recipient"),
    [
        ("recipient_answers", "550 5.1.1 no such mailbox", True),
        ("recipient_answers", "550 no such mailbox", True),
        ("recipient_answers", "550 5.7.1 relaying denied", False),
        ("answers", "554 5.6.0 content refused", False),
    ],
)
def test_only_who_is_not_there_is_refused_as_a_recipient(
    server: MailServer, mailer: Mailer, answers: str, answer: str, recipient: bool
) -> None:
    getattr(server, answers).append(answer)
    with pytest.raises(MailRefused) as refusal:
        mailer.send(a_mail())
    assert isinstance(refusal.value, RecipientRefused) == recipient


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


def test_a_server_that_accepts_and_says_nothing_is_given_up_and_is_no_verdict_on_the_mail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.comms.mailer.TIMEOUT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"smtp://127.0.0.1:{mute.getsockname()[1]}"
        with Mailer(url=url, sender=SENDER) as mailer, pytest.raises(SMTPServerDisconnected, match="timed out"):
            mailer.send(a_mail())


def test_a_server_that_falls_silent_over_a_mail_defers_it(
    server: MailServer, mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.comms.mailer.TIMEOUT_SECONDS", 0.3)
    server.stalled = True
    with pytest.raises(MailDeferred, match="hung up"):
        mailer.send(a_mail())
    server.stalled = False


def test_a_server_that_hangs_up_defers_the_mail_and_is_called_again(server: MailServer, mailer: Mailer) -> None:
    server.answers.append("421 closing")
    with pytest.raises(MailDeferred):
        mailer.send(a_mail())
    mailer.send(a_mail())
    assert len(server.mails) == 1


@pytest.mark.parametrize("url", ["smtps://h:25", "http://h", "smtp://", "smtp://user@h:25", "smtp://h/x", ""])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://host:port"):
        address_of(url)


def test_credentials_are_read_and_not_shown() -> None:
    address = address_of("smtp://staff%40x:p%2Fw@mail.invalid:2587")
    assert address == Address(host="mail.invalid", port=2587, user="staff@x", password="p/w")
    assert "p/w" not in repr(address)


def test_credentials_never_travel_in_the_clear(server: MailServer) -> None:
    url = f"smtp://staff:secret@127.0.0.1:{server.port}"
    with Mailer(url=url, sender=SENDER) as mailer, pytest.raises(SMTPNotSupportedError, match="STARTTLS"):
        mailer.send(a_mail())


# aiosmtpd warns of its own attribute while it authenticates.
@pytest.mark.filterwarnings("ignore:Session.login_data is deprecated")
def test_a_server_that_asks_for_it_gets_tls_and_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, context = a_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(tls=context, password="secret") as server:
        url = f"smtp://staff:secret@localhost:{server.port}"
        with Mailer(url=url, sender=SENDER) as mailer:
            mailer.send(a_mail())
        assert len(server.mails) == 1
        wrong = f"smtp://staff:wrong@localhost:{server.port}"
        with Mailer(url=wrong, sender=SENDER) as mailer, pytest.raises(SMTPAuthenticationError):
            mailer.send(a_mail())


def a_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """For localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    return public, context
