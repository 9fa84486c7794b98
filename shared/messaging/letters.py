"""What a dead letter keeps of a message, in a form any database column takes."""

from hashlib import sha256
from uuid import UUID

import msgspec

from shared.contracts import Event
from shared.messaging.dead_letters import Letter
from shared.messaging.link import Received
from shared.messaging.retries import first_failed_at
from shared.messaging.wire import Delivery


class _Glimpse(msgspec.Struct):
    """What can be read of an envelope that is no whole event."""

    id: str = ""
    type: str = ""
    subject: str = ""


def letter_of(message: Received, delivery: Delivery[Event] | None, *, subscription: str) -> Letter:
    """The message as a dead letter; `delivery` is what it says, if it says anything."""
    glimpse = _glimpse(message) if delivery is None else None
    return Letter(
        subscription=subscription,
        event_id=_uuid(glimpse.id) if glimpse else delivery.id if delivery else None,
        type=clean(glimpse.type if glimpse else delivery.event.type_name() if delivery else ""),
        subject=clean(glimpse.subject if glimpse else delivery.subject if delivery else ""),
        digest=sha256(message.body).hexdigest(),
        body=message.body,
        headers={clean(name): _plain(value) for name, value in _headers(message).items()},
        first_failed_at=first_failed_at(message),
    )


def clean(value: str) -> str:
    """The text without what PostgreSQL can't hold: NUL and halves of surrogate pairs."""
    return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _glimpse(message: Received) -> _Glimpse:
    try:
        return msgspec.json.decode(message.body, type=_Glimpse)
    except (msgspec.DecodeError, UnicodeDecodeError):
        named = message.properties
        return _Glimpse(id=str(named.get("message_id", "")), type=str(named.get("type", "")))


def _headers(message: Received) -> dict[str, object]:
    return {"routing_key": message.routing_key} | {
        name: value for name, value in (message.properties | message.headers).items() if name != "application_headers"
    }


def _plain(value: object) -> object:
    return value if isinstance(value, bool | int | None) else clean(str(value))


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
