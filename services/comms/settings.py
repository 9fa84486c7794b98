"""What comms needs beyond the settings of every service: the mail server, and whom its mails are from.

Read before eventlet patches the standard library, so it imports nothing that must be patched first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Self
from urllib.parse import urlsplit

from services.comms.addresses import mail_address
from shared import settings
from shared.settings import MissingSetting, required


@dataclass(frozen=True, kw_only=True)
class Settings(settings.Settings):
    """`smtp_url` is smtp://host:port; `mail_from` is an address or "Name <address>"."""

    smtp_url: str
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
            server_address(self.smtp_url)
            sender_address(self.mail_from)
        except ValueError as error:
            raise MissingSetting(f"SMTP_URL or MAIL_FROM is not usable: {error}") from error


def server_address(url: str) -> tuple[str, int]:
    """Host and port of smtp://host:port.

    Raises:
        ValueError: for any other kind of URL.
    """
    parts = urlsplit(url)
    if parts.scheme != "smtp" or not parts.hostname or parts.username or parts.path.strip("/"):
        raise ValueError("SMTP_URL must be smtp://host:port")
    return parts.hostname, parts.port or 25


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
