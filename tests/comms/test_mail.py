"""How a message looks as a mail."""

from email import message_from_bytes
from email.policy import default

import pytest

from services.comms.mail import MailRefused, compose
from tests.comms.letters import a_mail
from tests.members import NOW

SENDER = "Secretaría <secretaria@federacion.invalid>"


def test_a_mail_says_what_it_is() -> None:
    message = a_mail()
    mail = message_from_bytes(compose(message, sender=SENDER).as_bytes(), policy=default)
    assert mail["From"] == "Secretaría <secretaria@federacion.invalid>"
    assert mail["To"] == "Presidencia <presidencia@union.invalid>"
    assert mail["Subject"] == "Damos la bienvenida a Unión"
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"] == f"<{message.id}@federacion.invalid>"
    assert mail["Content-Language"] == "es"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_it_comes_as_plain_text_and_as_html_in_seven_bits() -> None:
    raw = compose(a_mail(), sender=SENDER).as_bytes()
    mail = message_from_bytes(raw, policy=default)
    assert raw.isascii()
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain.get_content().splitlines() == ["Estimados:", "", "Unión es miembro.", "Desde hoy."]
    assert "<p>Unión es miembro.<br>\nDesde hoy.</p>" in html.get_content().replace("\r\n", "\n")
    assert '<html lang="es">' in html.get_content()


def test_a_second_copy_is_the_same_to_the_byte() -> None:
    message = a_mail()
    assert compose(message, sender=SENDER).as_bytes() == compose(message, sender=SENDER).as_bytes()


@pytest.mark.parametrize("evil", ["A\r\nBcc: all@evil.invalid", "A\nX: y", "A\x00\x0bB", "A\u2028B"])
def test_a_name_starts_no_header_of_its_own(evil: str) -> None:
    raw = compose(a_mail(name=evil, subject=f"Hola {evil}"), sender=SENDER).as_bytes()
    mail = message_from_bytes(raw, policy=default)
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted", "MIME-Version",
        "Content-Type",
    }  # fmt: skip
    assert [address.addr_spec for address in mail["To"].addresses] == ["presidencia@union.invalid"]


def test_a_name_is_text_in_html_too() -> None:
    mail = compose(a_mail(text="<script>x</script> & co\n"), sender=SENDER)
    html = mail.get_body(("html",))
    assert html is not None
    assert "<p>&lt;script&gt;x&lt;/script&gt; &amp; co</p>" in html.get_content()


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c.invalid", "a b@c.invalid", "a@b.invalid\r\nBcc: x@y.invalid"])
def test_what_is_no_address_gets_no_mail(address: str) -> None:
    with pytest.raises(MailRefused):
        compose(a_mail(email=address), sender=SENDER)
