"""The migrations make exactly the tables the code knows, from nothing, more than once, two at a time."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import OperationalError

from shared.migrations import check, upgrade, wait_for_database

SERVICES = ("membership", "funding", "events", "comms")


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_and_code_agree(service: str, database_url: str) -> None:
    upgrade(service, database_url)
    check(service, database_url)


def test_migrating_again_and_at_the_same_time_changes_nothing(database_url: str) -> None:
    migrate = [sys.executable, "-m", "intercoop", "migrate", "funding"]
    environment = os.environ | {"DATABASE_URL": database_url}
    both = [subprocess.Popen(migrate, env=environment) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    upgrade("funding", database_url)
    engine = create_engine(database_url)
    assert "outbox" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_database_that_never_answers_is_reported() -> None:
    with pytest.raises(OperationalError):
        wait_for_database("postgresql+psycopg://nobody@127.0.0.1:1/none", seconds=0.6)
