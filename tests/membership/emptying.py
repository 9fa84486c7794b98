"""The membership service's tables, empty again."""

from sqlalchemy import Engine, func, select, text

from services.membership.model import Base, Organization
from shared.tables import plumbing

FEW = 1000
"""Deleting so many rows is faster than truncating their tables."""


def empty(engine: Engine) -> None:
    """Away with every row of every table."""
    tables = [table.name for table in (*reversed(Base.metadata.sorted_tables), *plumbing.sorted_tables)]
    with engine.begin() as connection:
        if connection.scalar(select(func.count()).select_from(Organization)) > FEW:
            connection.execute(text(f"TRUNCATE {', '.join(tables)}"))
        # In one message; statement by statement it took us 15 ms of a processor after each test.
        together = connection.execution_options(no_parameters=True)
        together.exec_driver_sql("; ".join(f"DELETE FROM {name}" for name in tables))
