"""What nobody may ask for any more is removed, a little at a time, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine

from intercoop.broker_definitions import PUBLIC_STREAM_DAYS
from shared.messaging.housekeeping import Retention, tidy
from shared.messaging.relay.leader import Leader
from shared.messaging.relay.run import Relay
from shared.messaging.topology import RETRY_SECONDS
from shared.tables import plumbing
from tests.outboxes import connect_plain, fill, pending, positions, scalar
from tests.relays import QUICK, relaying
from tests.waiting import eventually

Database = psycopg.Connection[Any]
OLD = "UPDATE outbox SET published_at = now() - interval '91 days'"


@pytest.fixture
def outbox_url(engine: Engine, database_url: str) -> str:
    plumbing.create_all(engine)
    return database_url


@pytest.fixture
def database(outbox_url: str) -> Iterator[Database]:
    with connect_plain(outbox_url) as connection:
        yield connection


def publish_all(outbox_url: str) -> None:
    with Leader(outbox_url, QUICK) as leader:
        leader.mark([row.id for row in leader.fetch(10_000, in_flight=[])])


def test_old_rows_go_but_the_last_of_each_subject_stays(outbox_url: str, database: Database) -> None:
    fill(outbox_url, 30, subjects=3)
    publish_all(outbox_url)
    database.execute(OLD)
    assert tidy(database, Retention())["outbox"] == 27
    left = database.execute("SELECT subject, subject_version FROM outbox ORDER BY subject").fetchall()
    assert left == [("member/0", 10), ("member/1", 10), ("member/2", 10)]


def test_versions_and_positions_go_on_after_it(outbox_url: str, database: Database) -> None:
    fill(outbox_url, 30, subjects=3)
    publish_all(outbox_url)
    database.execute(OLD)
    tidy(database, Retention())
    fill(outbox_url, 3, subjects=3)
    publish_all(outbox_url)
    assert positions(outbox_url)[-3:] == [31, 32, 33]
    assert scalar(outbox_url, "SELECT min(subject_version) FROM outbox WHERE position > 30") == 11


def test_the_last_position_stays_even_when_its_subject_waits_to_be_published(
    outbox_url: str, database: Database
) -> None:
    fill(outbox_url, 1, subjects=1)
    publish_all(outbox_url)
    database.execute(OLD)
    fill(outbox_url, 1, subjects=1)
    assert tidy(database, Retention())["outbox"] == 0
    publish_all(outbox_url)
    assert positions(outbox_url) == [1, 2]


def test_what_is_unpublished_stays_however_old(outbox_url: str, database: Database) -> None:
    fill(outbox_url, 5, subjects=1)
    database.execute("UPDATE outbox SET created_at = now() - interval '1000 days'")
    assert tidy(database, Retention())["outbox"] == 0
    assert pending(outbox_url) == 5


def test_old_inbox_rows_and_idempotency_keys_go(outbox_url: str, database: Database) -> None:
    for days in (0, 399, 401):
        database.execute("INSERT INTO inbox VALUES ('s', gen_random_uuid(), now() - make_interval(days => %s))", [days])
    for hours in (0, 23, 25):
        database.execute(
            "INSERT INTO idempotency_keys VALUES ('p', %s, '', 200, '{}', '', now() - make_interval(hours => %s))",
            [str(hours), hours],
        )
    removed = tidy(database, Retention())
    assert (removed["inbox"], removed["idempotency_keys"]) == (1, 1)
    assert scalar(outbox_url, "SELECT count(*) FROM inbox") == 2


def test_a_sweep_is_bounded(outbox_url: str, database: Database) -> None:
    """Trap: an unbounded sweep holds the leader up until it loses the lock."""
    fill(outbox_url, 30, subjects=1)
    publish_all(outbox_url)
    database.execute(OLD)
    assert [tidy(database, Retention(), most=10)["outbox"] for _ in range(4)] == [10, 10, 9, 0]


def test_the_inbox_outlives_the_streams() -> None:
    """Trap: an inbox that forgets before the stream does lets an event be handled again."""
    assert Retention().inbox_days > PUBLIC_STREAM_DAYS + max(RETRY_SECONDS) / 86400


def removed() -> float:
    """What relays of this process have removed from outboxes."""
    labels = {"service": "membership", "table": "outbox"}
    return REGISTRY.get_sample_value("intercoop_housekeeping_removed_total", labels) or 0


def test_the_leader_does_it_now_and_then(outbox_url: str, database: Database, amqp_uri: str) -> None:
    fill(outbox_url, 30, subjects=3)
    Relay("membership", database_url=outbox_url, amqp_uri=amqp_uri, limits=QUICK).drain(within=20)
    database.execute(OLD)
    before = removed()
    with relaying(outbox_url, amqp_uri, replace(QUICK, housekeeping=0.1)):
        eventually(lambda: scalar(outbox_url, "SELECT count(*) FROM outbox") == 3)
    assert removed() == before + 27
