"""Many new rows at once, by PostgreSQL's COPY."""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.orm import Session

from services.membership.model import Base


def copy(session: Session, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    """Write `rows`, all with the same columns, in the session's transaction."""
    pending = iter(rows)
    first = next(pending, None)
    if first is None:
        return
    connection = session.connection().connection.dbapi_connection
    assert isinstance(connection, psycopg.Connection)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.__tablename__), sql.SQL(", ").join(map(sql.Identifier, first))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as out:
        out.write_row(tuple(first.values()))
        for row in pending:
            out.write_row(tuple(row.values()))
