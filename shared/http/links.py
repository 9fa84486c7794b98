"""Links for people without an account: signed, for one purpose, for some time."""

from datetime import timedelta
from typing import Any

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from shared.errors import Forbidden


class LinkExpired(Forbidden):
    """The link was valid once."""

    message = "This link has expired; ask for a new one."


class LinkInvalid(Forbidden):
    """The link was changed, cut off, or made for something else."""

    message = "This link is not valid. Copy it whole from the mail, or ask for a new one."


def sign(secret: str, purpose: str, data: dict[str, Any]) -> str:
    """A token that carries `data`, safe in an address; everybody can read it, nobody can change it."""
    return str(URLSafeTimedSerializer(secret, salt=f"link {purpose}").dumps(data))


def verify(secret: str, purpose: str, token: str, *, lifetime: timedelta) -> dict[str, Any]:
    """What `sign` was given, if it was for this purpose and not longer than `lifetime` ago.

    Raises:
        LinkExpired, LinkInvalid: both Forbidden (403).
    """
    try:
        data = URLSafeTimedSerializer(secret, salt=f"link {purpose}").loads(
            token, max_age=int(lifetime.total_seconds())
        )
    except SignatureExpired as error:
        raise LinkExpired from error
    except BadData as error:
        raise LinkInvalid from error
    assert isinstance(data, dict)
    return data
