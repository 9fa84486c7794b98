"""The migrations make exactly the tables the code knows, from nothing, more than once, two at a time."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import OperationalError

from shared import migrations
from shared.database import Bounds
from shared.migrations import check, upgrade, wait_for_database
from tests.outboxes import connect_plain, scalar
from tests.proxy import proxied
from tests.waiting import eventually

MARGIN = 2.0
"""Seconds a busy machine may add."""
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


def test_one_that_waits_for_another_gives_up_a_database_that_falls_silent(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap: the lock of a migration that hangs keeps every later one, and with it every service, from starting."""
    monkeypatch.setattr(migrations, "BOUNDS", Bounds(statement=1))
    monkeypatch.setattr(migrations, "TURN_SECONDS", 0.01)
    with (
        connect_plain(database_url) as another,
        proxied(database_url) as (network, through),
        ThreadPoolExecutor(1) as migrating,
    ):
        another.execute("SELECT pg_advisory_lock(%s)", [migrations._ADVISORY_LOCK])
        upgraded = migrating.submit(upgrade, "funding", through)
        eventually(lambda: asks_for_its_turn(database_url), every=0.005)
        network.swallow("up", "down")
        began = time.monotonic()
        with pytest.raises(OperationalError, match="does not answer"):
            upgraded.result(30)
        assert time.monotonic() - began < Bounds(statement=1).answer + MARGIN


def asks_for_its_turn(database_url: str) -> bool:
    asked = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock(%' AND pid <> pg_backend_pid()"
    )
    return bool(scalar(database_url, f"{asked} AND datname = current_database()"))


def test_a_database_that_never_answers_is_reported() -> None:
    with pytest.raises(OperationalError):
        wait_for_database("postgresql+psycopg://nobody@127.0.0.1:1/none", seconds=0.6)
