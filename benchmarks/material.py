"""Events to measure with: updates of a thousand members, exactly as they look in the outbox and on the wire."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
from harness import plain
from sqlalchemy import create_engine

from shared.contracts.membership import MemberUpdated
from shared.ids import uuid7
from shared.messaging.wire import encode
from shared.tables import plumbing
from shared.tracing import Trace

MEMBERS = 1000
PUBLISHER = MemberUpdated.publisher()
KEY = MemberUpdated.routing_key()

MEMBERS_TABLE = """
    CREATE TABLE members (member_id uuid PRIMARY KEY, name text NOT NULL, country text NOT NULL,
        standing text NOT NULL, changes integer NOT NULL DEFAULT 1, kept_at timestamptz)
"""
HANDLED_TABLE = "CREATE TABLE handled (event_id uuid PRIMARY KEY)"


def update_of(number: int) -> MemberUpdated:
    return MemberUpdated(
        member_id=UUID(int=number % MEMBERS),
        organization_id=UUID(int=MEMBERS + number % MEMBERS),
        name=f"Cooperativa de Trabajo {number} Limitada",
        country="AR",
        sectors=("industry-and-utilities",),
        category="full",
        standing="current",
        language="es",
    )


def body(number: int) -> str:
    event = update_of(number)
    head, tail = encode(event, event_id=uuid7(), time=datetime.now(UTC), trace=Trace())
    return f"{head}{number // MEMBERS + 1}{tail}"


def write_bodies(path: Path, count: int) -> Path:
    """A file with one event per line."""
    path.write_text("\n".join(body(number) for number in range(count)))
    return path


def create_plumbing(url: str) -> None:
    """The tables every service has."""
    engine = create_engine(url)
    plumbing.create_all(engine)
    engine.dispose()


def fill_outbox(url: str, bodies: list[str]) -> None:
    """Unpublished rows, committed at once."""
    offset = 0
    columns = "event_id, topic, subject, subject_version, body, visibility"
    with psycopg.connect(plain(url)) as connection, connection.cursor() as cursor:
        row = cursor.execute("SELECT coalesce(max(id), 0) FROM outbox").fetchone()
        offset = row[0] if row else 0
        with cursor.copy(f"COPY outbox ({columns}) FROM STDIN".encode()) as copy:
            for number, one in enumerate(bodies):
                subject = f"member/{UUID(int=number % MEMBERS)}"
                copy.write_row((uuid7(), KEY, subject, offset + number + 1, one, "public"))
