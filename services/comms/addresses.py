"""Mail addresses as members' registers hold them: some are none."""

from email.errors import HeaderParseError
from email.headerregistry import Address


def mail_address(email: str, name: str = "") -> Address | None:
    """The address for a mail's header, or None when `email` can't be one."""
    try:
        address = Address(display_name=one_line(name), addr_spec=email)
    except (ValueError, IndexError, HeaderParseError):
        return None
    return address if address.username and address.domain else None


def one_line(text: str) -> str:
    """The text without line breaks and control characters: nothing in a name may start another header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
