"""Green threads wait side by side, for the database too."""

import subprocess
import sys

import pytest

from shared.database import connect
from tests.notes_server import ROOT

FOUR_SLEEPS = """
import sys, time
from shared.run import patch
patch()
import eventlet
from sqlalchemy import text
from shared.database import connect

engine = connect(sys.argv[1])

def sleep(_):
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(1)"))

pool, began = eventlet.GreenPool(), time.monotonic()
list(pool.imap(sleep, range(4)))
print(time.monotonic() - began)
"""


def test_statements_of_several_green_threads_take_as_long_as_one(database_url: str) -> None:
    """Trap: psycopg's own wait is in C and stops every green thread of the process."""
    command = [sys.executable, "-W", "ignore", "-c", FOUR_SLEEPS, database_url]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert 1 <= float(found.stdout) < 3


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2", "postgresql+pg8000"])
def test_a_database_url_must_name_the_driver_that_waits_green(scheme: str) -> None:
    """Trap: of a bare postgresql:// SQLAlchemy chooses the driver, and none of the others is made for green threads."""
    with pytest.raises(ValueError, match=r"must start with postgresql\+psycopg://"):
        connect(f"{scheme}://nobody@127.0.0.1/nothing")
