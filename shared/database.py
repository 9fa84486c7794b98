"""Engines, the declarative base and the transaction at the edge."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Any, ClassVar

import psycopg
from sqlalchemy import DateTime, Engine, MetaData, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

from shared.tracing import Trace, put_trace

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

plumbing = MetaData(naming_convention=NAMING)
"""The tables of shared/ that stand in every service's database: outbox, inbox, dead letters, idempotency keys."""


class Base(DeclarativeBase):
    """Base of the services' classes; each service derives its own, so that their tables never mix."""

    __abstract__ = True
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


SILENCE_MS = 20_000
"""A process that falls silent in a transaction has it ended by the server, or others would wait for its locks."""


def connect(url: str, *, pool_size: int = 10, statement_timeout_ms: int = 30_000) -> Engine:
    """An engine for `url`, which must name the psycopg driver.

    A bare postgresql:// picks whatever driver SQLAlchemy prefers, and one that waits in C stops every green thread.
    """
    if make_url(url).drivername != "postgresql+psycopg":
        raise ValueError("the database URL must start with postgresql+psycopg://")
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        hide_parameters=True,  # errors are logged, and parameters are people's data
        connect_args={
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
            "options": f"-c statement_timeout={statement_timeout_ms}"
            f" -c idle_in_transaction_session_timeout={SILENCE_MS} -c timezone=UTC",
        },
    )
    event.listen(engine, "checkin", _note_return)
    event.listen(engine, "checkout", _probe)
    return engine


TRUSTED_SECONDS = 1.0
"""A connection that was in use this recently is used again without asking whether it still lives."""


def _note_return(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["returned"] = monotonic()


def _probe(connection: psycopg.Connection[Any], record: ConnectionPoolEntry, _proxy: object) -> None:
    """Ping, so that a restarted server costs no caller an error; DisconnectionError makes the pool connect anew."""
    if monotonic() - record.info.get("returned", 0.0) < TRUSTED_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.OperationalError as error:
        raise DisconnectionError from error


@contextmanager
def transaction(engine: Engine, trace: Trace | None = None) -> Iterator[Session]:
    """One unit of work: commits when the block ends, rolls back when it raises."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        if trace:
            put_trace(session, trace)
        yield session
