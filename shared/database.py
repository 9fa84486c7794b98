"""Engines, the declarative base and the transaction at the edge."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar

from sqlalchemy import DateTime, Engine, MetaData, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session

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


def connect(url: str, *, pool_size: int = 10, statement_timeout_ms: int = 30_000) -> Engine:
    """An engine for `url`, which must name the psycopg driver.

    A bare postgresql:// picks whatever driver SQLAlchemy prefers, and one that waits in C stops every green thread.
    """
    if make_url(url).drivername != "postgresql+psycopg":
        raise ValueError("the database URL must start with postgresql+psycopg://")
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged, and parameters are people's data
        connect_args={
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "options": f"-c statement_timeout={statement_timeout_ms} -c timezone=UTC",
        },
    )


@contextmanager
def transaction(engine: Engine, trace: Trace | None = None) -> Iterator[Session]:
    """One unit of work: commits when the block ends, rolls back when it raises."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        if trace:
            put_trace(session, trace)
        yield session
