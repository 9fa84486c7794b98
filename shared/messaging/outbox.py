"""What leaves a service: written in the same transaction as the change, sent later by the relay."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy.orm import Session

from shared.batches import batches
from shared.contracts import Event
from shared.database import plumbing
from shared.ids import uuid7
from shared.messaging.wire import decode, encode
from shared.tracing import trace_of

outbox = Table(
    "outbox",
    plumbing,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("topic", Text, nullable=False, comment="routing key: topic and major version"),
    Column("subject", Text, nullable=False),
    Column("subject_version", Integer, nullable=False),
    Column("body", Text, nullable=False, comment="the CloudEvent, byte for byte as on the wire"),
    Column("visibility", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("position", BigInteger, unique=True, comment="gap-free, given once the broker has confirmed"),
    Column("published_at", DateTime(timezone=True)),
    UniqueConstraint("subject", "subject_version"),
)
Index("ix_outbox_unpublished", outbox.c.id, postgresql_where=outbox.c.published_at.is_(None))

MOST_BYTES = 65_536
"""CloudEvents asks intermediaries to forward 64 KiB; an event is ids and facts, so it has no need of more."""

AT_ONCE = 500
"""So many are sent to the database without waiting for an answer in between."""

_insert = text("""
    INSERT INTO outbox (event_id, topic, subject, subject_version, body, visibility)
    SELECT :event_id, :topic, :subject, version, :head || version || :tail, :visibility
    FROM (SELECT coalesce(max(subject_version), 0) + 1 AS version FROM outbox WHERE subject = :subject) AS next
""")


def publish(session: Session, event: Event, *, at: datetime, sandbox: bool = False) -> None:
    """Say that `event` happened at `at`: it leaves, once and in order of its subject, if the session commits.

    Of two transactions that publish about one subject at the same time one fails with IntegrityError on
    (subject, subject_version).

    Raises:
        ValueError: when the event is larger than 64 KiB; the broker might refuse it for ever, and all after it.
    """
    session.execute(_insert, _row(session, event, at=at, sandbox=sandbox))


def publish_all(session: Session, events: Iterable[Event], *, at: datetime) -> None:
    """The same of many, in their order: each alone would wait for the database, and they are thousands."""
    for batch in batches(events, AT_ONCE):
        session.execute(_insert, [_row(session, event, at=at) for event in batch])


def _row(session: Session, event: Event, *, at: datetime, sandbox: bool = False) -> dict[str, Any]:
    event_id = uuid7()
    head, tail = encode(event, event_id=event_id, time=at, trace=trace_of(session), sandbox=sandbox)
    if len((head + tail).encode()) > MOST_BYTES:
        raise ValueError(f"{event.type_name()} is larger than {MOST_BYTES} bytes")
    return {
        "event_id": event_id,
        "topic": event.routing_key(),
        "subject": event.subject,
        "head": head,
        "tail": tail,
        "visibility": event.visibility,
    }


def published(session: Session) -> list[Event]:
    """Every event in the outbox, oldest first, as the objects that were published."""
    bodies = session.scalars(select(outbox.c.body).order_by(outbox.c.id))
    return [decode(body).event for body in bodies]
