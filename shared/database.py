"""Engines, the declarative base and the transaction at the edge."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any, ClassVar

import psycopg
from sqlalchemy import Connection, DateTime, Engine, MetaData, Select, create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

from shared.connection import BoundedConnection
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


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How long the database may take, in seconds, before it counts as away; see docs/decisions."""

    free: float = 5.0
    """Until a connection of the pool is free."""
    connect: int = 5
    """Until the server has let us in. psycopg takes less than 2 for 2."""
    statement: float = 10.0
    """A statement; the server cancels it then."""

    @property
    def answer(self) -> float:
        """An answer: a server that is well has cancelled the statement before."""
        return self.statement + 1

    @property
    def silence(self) -> float:
        """Ours, in the middle of a transaction; the server ends the session then, and its locks with it.

        Whoever gave up on an answer and does the same again waits for those locks, so it must be less than an answer
        and a statement together.
        """
        return 2 * self.statement


USUAL = Bounds()
"""Callers give up after some 30 seconds, and so do orchestrators that stop us: in hand is nothing longer than 11."""

BRIEF = Bounds(free=2, connect=2, statement=3)
"""For who only asks whether the database is there."""

WHOLE_TABLES_SECONDS = 3600.0


def connect(url: str, *, pool_size: int = 10, bounds: Bounds | None = None) -> Engine:
    """An engine for `url`, which must name the psycopg driver; no wait for the database is longer than `bounds` says.

    A bare postgresql:// picks whatever driver SQLAlchemy prefers, and one that waits in C stops every green thread.
    """
    if make_url(url).drivername != "postgresql+psycopg":
        raise ValueError("the database URL must start with postgresql+psycopg://")
    bounds = bounds or USUAL
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=bounds.free,
        hide_parameters=True,  # errors are logged, and parameters are people's data
        connect_args={
            "connect_timeout": bounds.connect,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
            "options": _options(bounds),
        },
    )
    event.listen(engine, "do_connect", partial(_open, bounds))
    event.listen(engine, "checkin", _note_return)
    event.listen(engine, "checkout", _probe)
    return engine


RANDOM_PAGE_COST = 1.1
"""A row looked up costs little more than the next one: it is in memory, or on flash. With the server's 4, which is for
turning disks, it reads a whole table rather than look up a few thousand rows of it, and takes several times as long."""

_STATEMENT = "statement_timeout"
_SILENCE = "idle_in_transaction_session_timeout"


def _options(bounds: Bounds) -> str:
    """The server too must notice that we are gone, or a session nobody hears of any more keeps its locks for hours."""
    options = {
        _STATEMENT: _milliseconds(bounds.statement),
        _SILENCE: _milliseconds(bounds.silence),
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
        "tcp_user_timeout": 25_000,
        "timezone": "UTC",
        "random_page_cost": RANDOM_PAGE_COST,
    }
    return " ".join(f"-c {name}={value}" for name, value in options.items())


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _open(bounds: Bounds, _dialect: object, _record: object, args: Any, options: Any) -> BoundedConnection:
    connection = BoundedConnection.connect(*args, **options)
    connection.patience = bounds.answer
    return connection


TRUSTED_SECONDS = 1.0
"""A connection that was in use this recently is used again without asking whether it still lives."""


PROBE_SECONDS = 2.0


def _note_return(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["returned"] = monotonic()


def _probe(connection: BoundedConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Ping, so that a restarted server costs no caller an error; DisconnectionError makes the pool connect anew."""
    if monotonic() - record.info.get("returned", 0.0) < TRUSTED_SECONDS:
        return
    try:
        with connection.patient(PROBE_SECONDS):
            connection.execute("SELECT 1")
            connection.rollback()
    except psycopg.OperationalError as error:
        raise DisconnectionError from error


@contextmanager
def transaction(bind: Engine | Connection, trace: Trace | None = None) -> Iterator[Session]:
    """One unit of work: commits when the block ends, rolls back when it raises."""
    with Session(bind, expire_on_commit=False) as session, session.begin():
        if trace:
            put_trace(session, trace)
        yield session


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """Within the block a statement may go through whole tables, for up to an hour, and we may be silent as long.

    The connection must be detached from its pool, and in no transaction when the block begins and when it ends.
    """
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, BoundedConnection)
    with connection.begin():
        connection.execute(_set(_STATEMENT, WHOLE_TABLES_SECONDS, local=False))
        connection.execute(_set(_SILENCE, WHOLE_TABLES_SECONDS, local=False))
    with driver.patient(WHOLE_TABLES_SECONDS + 1):
        yield
    with connection.begin():
        connection.execute(text(f"RESET {_STATEMENT}"))
        connection.execute(text(f"RESET {_SILENCE}"))


def allow_silence(session: Session, *, seconds: float) -> None:
    """For a transaction that talks to somebody else meanwhile: the server waits so long for its next statement."""
    session.execute(_set(_SILENCE, seconds, local=True))


def _set(setting: str, seconds: float, *, local: bool) -> Select[tuple[str]]:
    return select(func.set_config(setting, str(_milliseconds(seconds)), local))
