"""The service's subscriptions as rows: whether each is live or being rebuilt, and how far."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Connection, DateTime, Table, Text, func, select
from sqlalchemy.dialects import postgresql

from shared.database import plumbing

subscriptions = Table(
    "subscriptions",
    plumbing,
    Column("name", Text, primary_key=True),
    Column("state", Text, nullable=False, comment="live, rebuilding"),
    Column("rebuildable", postgresql.BOOLEAN, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("attached_at", DateTime(timezone=True), comment="when a replica last knew its queue to be there"),
    Column("from_time", DateTime(timezone=True), comment="a rebuild reads events since then; null: all there are"),
    Column("requested_by", Text),
    Column("requested_at", DateTime(timezone=True)),
    Column("began_at", DateTime(timezone=True), comment="when the projection was emptied"),
    Column("finished_at", DateTime(timezone=True)),
    Column("progress", postgresql.JSONB, nullable=False, server_default="{}", comment="next and end offset by stream"),
    Column("note", Text, nullable=False, server_default=""),
)

NOT_BEGUN: dict[str, Any] = {"began_at": None, "finished_at": None, "progress": {}, "note": ""}
"""What a rebuild starts from."""


def never_live(connection: Connection, names: Iterable[str]) -> list[str]:
    """Those of the subscriptions that were never live: what is published meanwhile may pass them by."""
    known = connection.scalars(select(subscriptions.c.name).where(subscriptions.c.attached_at.is_not(None)))
    return sorted(set(names) - set(known))
