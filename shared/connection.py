"""A database connection on which no wait lasts for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.abc import PQGen


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server that doesn't answer within `patience` seconds, and is closed then.

    The server's own statement_timeout is of no use when the server is frozen or the network swallows its answer.
    What became of the statement is not known: a commit that got no answer may have happened.
    """

    patience = 10.0

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout as error:  # noqa: SLF001 -- it has no public name
            self.close()
            raise psycopg.OperationalError("the database server does not answer") from error

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Within the block, wait so long for each answer."""
        usual, self.patience = self.patience, seconds
        try:
            yield
        finally:
            self.patience = usual
