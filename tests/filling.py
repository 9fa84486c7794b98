"""Whole tables at once, for tests of many rows."""

from sqlalchemy import Engine

from tests.outboxes import connect_plain


def fill_tables(engine: Engine, *statements: str) -> None:
    """Each in a transaction of its own, and without the bounds of a service's connection: a busy machine takes long."""
    with connect_plain(engine.url.render_as_string(hide_password=False)) as connection:
        for statement in statements:
            connection.execute(statement.encode())
