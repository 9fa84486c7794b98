"""A real mail server on loopback, which keeps what it is given and can be told what to answer."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ssl import SSLContext
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class MailServer:
    """`answers` are given to the next mails instead of taking them; `mails` are those taken.

    While `stalled` it takes mails and doesn't say so.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str | None, list[str]]] = []
        self.raw: list[bytes] = []
        self.answers: list[str] = []
        self.recipient_answers: list[str] = []
        self.sender_answers: list[str] = []
        self.stalled = False
        self.port = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_answers:
            return self.sender_answers.pop(0)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 -- see handle_MAIL
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answers:
            return self.recipient_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- see above
        if self.answers:
            return self.answers.pop(0)
        raw = cast("bytes", envelope.content)
        self.raw.append(raw)
        self.mails.append(cast("EmailMessage", message_from_bytes(raw, policy=cast("Any", default))))
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        while self.stalled:  # noqa: ASYNC110 -- set from another thread, which an asyncio.Event can not be
            await asyncio.sleep(0.02)
        return "250 OK"


@contextmanager
def mail_server(port: int = 0, *, tls: SSLContext | None = None, password: str = "") -> Iterator[MailServer]:
    """A mail server for as long as the block lasts; with `tls` it asks for it, and for the password."""
    handler = MailServer()
    asks: dict[str, Any] = {"require_starttls": True, "tls_context": tls, "auth_required": True} if tls else {}
    controller = _Controller(
        handler,
        hostname="127.0.0.1",
        port=port,
        ready_timeout=60,
        authenticator=lambda *given: _check(given[-1], password),
        **asks,
    )
    controller.start()
    assert controller.server is not None
    handler.port = controller.server.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        controller.stop()


def _check(given: LoginPassword, password: str) -> AuthResult:
    return AuthResult(success=given.password == password.encode(), handled=False)


class _Controller(Controller):
    def _trigger_server(self) -> None:
        """Controller knocks at its own port to see that it listens; with port 0 it doesn't know which that is."""
        if self.port == 0:
            assert self.server is not None
            self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
