"""The way to the mail server: SMTP, one connection for as many mails as are due."""

from smtplib import SMTP, SMTPDataError, SMTPException, SMTPNotSupportedError, SMTPRecipientsRefused, SMTPSenderRefused
from ssl import create_default_context
from types import TracebackType
from typing import Self

from services.comms.mail import MailDeferred, MailRefused, RecipientRefused, compose
from services.comms.model import Message
from services.comms.settings import mail_server, sender_address

TIMEOUT_SECONDS = 20
"""For each answer of the mail server."""

LONGEST_SECONDS = 15 * TIMEOUT_SECONDS
"""For a mail: a dozen answers, from the greeting over TLS and password to the receipt."""

_PERMANENT = 500


class Mailer:
    """Sends mails to one server; connects at the first one, and again after the server hung up.

    A server that is away, or refuses us rather than a mail, raises what smtplib or the socket raises: that is no
    verdict on the mail.
    """

    def __init__(self, *, url: str, sender: str) -> None:
        self._server = mail_server(url)
        self._sender = sender
        self._connection: SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def send(self, message: Message) -> str:
        """Hand the message over; the server's receipt.

        Raises:
            RecipientRefused: the server knows no such recipient.
            MailRefused: the server will never take this mail.
            MailDeferred: the server doesn't take this mail now, or hung up in the middle of it.
        """
        mail = compose(message, sender=self._sender)
        connection = self._connected()
        try:
            connection.send_message(mail, from_addr=sender_address(self._sender).addr_spec, to_addrs=message.address)
        except SMTPRecipientsRefused as refusal:
            code, text = next(iter(refusal.recipients.values()))
            raise _verdict_on_recipient(code, text) from refusal
        except SMTPDataError as refusal:
            raise _verdict(refusal.smtp_code, refusal.smtp_error) from refusal
        except SMTPNotSupportedError as refusal:
            raise MailRefused("the mail server takes no address outside ASCII") from refusal
        except SMTPSenderRefused:
            self._hang_up()
            raise
        except (SMTPException, OSError) as failure:
            self._hang_up()
            raise MailDeferred(f"the mail server hung up: {type(failure).__name__}") from failure
        return f"{self._server.host}:{self._server.port}"

    def _connected(self) -> SMTP:
        # smtplib drops its socket by itself when the server says 421.
        if not self._connection or not self._connection.sock:
            self._connection = self._greet()
        return self._connection

    def _greet(self) -> SMTP:
        connection = SMTP(self._server.host, self._server.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.ehlo_or_helo_if_needed()
            if self._server.user:
                connection.starttls(context=create_default_context())
                connection.login(self._server.user, self._server.password)
        except (SMTPException, OSError):
            connection.close()
            raise
        return connection

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


def _verdict(code: int, text: bytes | str) -> MailRefused | MailDeferred:
    return (MailRefused if code >= _PERMANENT else MailDeferred)(_said(code, text))


def _verdict_on_recipient(code: int, text: bytes | str) -> MailRefused | MailDeferred:
    """Refused for ever is the recipient, but for 5.7.x of RFC 3463: that is the server's policy, often against us."""
    found, said = _verdict(code, text), _said(code, text)
    is_policy = said.partition(" ")[2].startswith("5.7.")
    return RecipientRefused(said) if isinstance(found, MailRefused) and not is_policy else found


def _said(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {said}"[:500]
