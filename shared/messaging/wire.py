"""CloudEvents 1.0, structured JSON: how an event looks in the outbox, on the wire and in the feed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from shared.contracts import Event
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.schemas import schema_id
from shared.tracing import Trace

CONTENT_TYPE = "application/cloudevents+json"

E_co = TypeVar("E_co", bound=Event, covariant=True)


class Unreadable(Exception):  # noqa: N818 -- the refusal itself, like the domain's
    """Bytes that are no event we can read: not JSON, no CloudEvent, unknown type or version, wrong data."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The CloudEvents attributes, with `data` still undecoded."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str = "application/json"
    dataschema: str = ""
    subjectversion: int
    correlationid: str = ""
    causationid: str | None = None
    actor: str = ""
    traceparent: str = ""
    sandbox: bool = False
    data: msgspec.Raw


@dataclass(frozen=True, kw_only=True)
class Delivery(Generic[E_co]):
    """An event as a handler gets it: the typed fact and what the envelope says of it."""

    event: E_co
    id: UUID
    subject: str
    subject_version: int
    time: datetime
    trace: Trace
    sandbox: bool = False


_envelopes = msgspec.json.Decoder(Envelope)
_data = {name: msgspec.json.Decoder(event) for name, event in BY_TYPE.items()}


def encode(event: Event, *, event_id: UUID, time: datetime, trace: Trace, sandbox: bool = False) -> tuple[str, str]:
    """The event's JSON in two halves, between which the subject's version belongs.

    The database numbers the versions of a subject, so the number is only known inside the insert. A `sandbox` event is
    marked so: it is there to be seen by integrators, and no subscription acts on it.
    """
    attributes = {
        "specversion": "1.0",
        "id": str(event_id),
        "source": f"/{event.publisher()}",
        "type": event.type_name(),
        "subject": event.subject,
        "time": time,
        "datacontenttype": "application/json",
        "dataschema": schema_id(type(event)),
        "correlationid": trace.correlation_id,
        "causationid": trace.causation_id,
        "actor": trace.actor,
        "traceparent": trace.traceparent,
        "sandbox": sandbox or None,
    }
    known = {name: value for name, value in attributes.items() if value is not None}
    head = msgspec.json.encode(known).decode()[:-1] + ',"subjectversion":'
    tail = f',"data":{msgspec.json.encode(event).decode()}}}'
    return head, tail


def decode(body: bytes | str) -> Delivery[Event]:
    """The event in `body`.

    Unknown attributes and unknown fields of `data` are ignored, so that a newer publisher can be read.

    Raises:
        Unreadable: when it is not an event this version knows; its text says why, without the body.
    """
    try:
        envelope = _envelopes.decode(body)
        if envelope.specversion != "1.0":
            raise Unreadable(f"CloudEvents version {envelope.specversion!r} is not 1.0")
        if envelope.type not in _data:
            raise Unreadable(f"unknown event type or version {envelope.type!r}")
        event = _data[envelope.type].decode(envelope.data)
        event_id = UUID(envelope.id)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise Unreadable(str(error)) from error
    return Delivery(
        event=event,
        id=event_id,
        subject=envelope.subject,
        subject_version=envelope.subjectversion,
        time=envelope.time,
        trace=Trace(
            correlation_id=envelope.correlationid,
            causation_id=envelope.causationid,
            actor=envelope.actor,
            traceparent=envelope.traceparent,
        ),
        sandbox=envelope.sandbox,
    )
