"""What comms needs beyond the settings of every service: the mail server, and whom its mails are from.

Read before eventlet patches the standard library, so it imports nothing that must be patched first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Self
from urllib.parse import unquote, urlsplit

from services.comms.addresses import mail_address
from shared import settings
from shared.settings import MissingSetting, required


@dataclass(frozen=True, kw_only=True)
class Settings(settings.Settings):
    """`smtp_url` is smtp://host:port, with user:password@ for a server that asks for them.

    `mail_from` is an address or "Name <address>".
    """

    smtp_url: str = field(repr=False)
    mail_from: str

    @classmethod
    def from_env(cls, service: str, env: Mapping[str, str]) -> Self:
        common = settings.Settings.from_env(service, env)
        own = cls(**vars(common), smtp_url=required(env, "SMTP_URL"), mail_from=required(env, "MAIL_FROM"))
        own.refuse_nonsense()
        return own

    def refuse_nonsense(self) -> None:
        """A wrong address stops the start, not every mail later."""
        try:
            mail_server(self.smtp_url)
            sender_address(self.mail_from)
        except ValueError as error:
            raise MissingSetting(f"SMTP_URL or MAIL_FROM is not usable: {error}") from error


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mails are handed over. With credentials only over TLS (STARTTLS): they never travel in the clear."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


def mail_server(url: str) -> MailServer:
    """The server that smtp://host:port or smtp://user:password@host:port names.

    Raises:
        ValueError: for any other kind of URL; its text doesn't repeat the URL.
    """
    parts = urlsplit(url)
    if (
        parts.scheme != "smtp"
        or not parts.hostname
        or parts.path.strip("/")
        or bool(parts.username) != bool(parts.password)
    ):
        raise ValueError("SMTP_URL must be smtp://host:port or smtp://user:password@host:port")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(host=parts.hostname, port=parts.port or (587 if user else 25), user=user, password=password)


def sender_address(sender: str) -> Address:
    """MAIL_FROM, taken apart.

    Raises:
        ValueError: when it has no address.
    """
    name, email = parseaddr(sender)
    address = mail_address(email, name)
    if address is None:
        raise ValueError("MAIL_FROM must be an address or Name <address>")
    return address
