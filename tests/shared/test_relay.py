"""What the relay promises, on a real broker and a real database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pika
import psycopg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine

from shared.contracts.examples import example
from shared.contracts.membership import ContactChanged, MemberAdmitted
from shared.database import transaction
from shared.messaging import topology
from shared.messaging.outbox import publish
from shared.messaging.relay.leader import Leader
from shared.messaging.relay.limits import Limits
from shared.messaging.relay.run import Relay
from shared.tables import plumbing
from tests.outboxes import assert_complete, connect_plain, fill, pending, positions, scalar
from tests.proxy import proxied
from tests.relays import QUICK, relaying
from tests.streams import read_stream
from tests.waiting import eventually

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ALL = topology.stream("membership", "internal")
LOCKS = """SELECT count(*) FROM pg_locks JOIN pg_database ON database = pg_database.oid
           WHERE locktype = 'advisory' AND datname = current_database()"""
SESSIONS = """SELECT count(*) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'relay'"""
PUBLIC = topology.stream("membership", "public")


@pytest.fixture
def outbox_url(engine: Engine, database_url: str) -> str:
    plumbing.create_all(engine)
    return database_url


@contextmanager
def a_channel(amqp_uri: str) -> Iterator[Any]:
    with pika.BlockingConnection(pika.URLParameters(amqp_uri)) as connection:
        yield connection.channel()


def drain(outbox_url: str, amqp_uri: str) -> None:
    Relay("membership", database_url=outbox_url, amqp_uri=amqp_uri, limits=QUICK).drain(within=30)


def refusals() -> float:
    labels = {"service": "membership", "kind": "the broker refused an event"}
    return REGISTRY.get_sample_value("intercoop_relay_failures_total", labels) or 0


def test_all_that_was_committed_reaches_the_stream_in_order_and_is_numbered(outbox_url: str, amqp_uri: str) -> None:
    fill(outbox_url, 2500)
    drain(outbox_url, amqp_uri)
    entries = read_stream(amqp_uri, ALL)
    assert len(entries) == 2500
    assert_complete(outbox_url, entries)


def test_an_idle_relay_looks_less_and_less_often_until_something_comes(
    outbox_url: str, amqp_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, fetch = [0.0] * 9, Leader.fetch

    def look(leader: Leader, limit: int, *, in_flight: list[int]) -> Any:
        looks.append(monotonic())
        return fetch(leader, limit, in_flight=in_flight)

    monkeypatch.setattr(Leader, "fetch", look)
    with relaying(outbox_url, amqp_uri, poll=0.005, poll_idle=0.5):
        eventually(lambda: looks[-2] and looks[-1] - looks[-2] > 0.4)
        fill(outbox_url, 1)
        eventually(lambda: pending(outbox_url) == 0)
        eventually(lambda: looks[-1] - looks[-9] < 0.4)


def test_amqp_repeats_what_it_can_of_the_envelope(engine: Engine, outbox_url: str, amqp_uri: str) -> None:
    """Trap: streams drop nested headers silently, so nothing of ours is nested; here nothing of ours is a header."""
    with transaction(engine) as session:
        publish(session, example(MemberAdmitted), at=NOW)
    drain(outbox_url, amqp_uri)
    [entry] = read_stream(amqp_uri, PUBLIC)
    envelope, properties = json.loads(entry.body), entry.properties
    assert properties.message_id == envelope["id"]
    assert properties.type == envelope["type"]
    assert properties.content_type == "application/cloudevents+json"
    assert properties.app_id == "membership"
    assert properties.delivery_mode == 2
    assert abs(datetime.fromtimestamp(properties.timestamp, UTC) - datetime.now(UTC)).total_seconds() < 60
    assert set(properties.headers) == {"x-stream-offset"}


def test_an_internal_event_stays_out_of_the_public_stream(engine: Engine, outbox_url: str, amqp_uri: str) -> None:
    with transaction(engine) as session:
        publish(session, example(ContactChanged), at=NOW)
        publish(session, example(MemberAdmitted), at=NOW)
    drain(outbox_url, amqp_uri)
    assert len(read_stream(amqp_uri, ALL)) == 2
    [public] = read_stream(amqp_uri, PUBLIC)
    assert json.loads(public.body)["type"] == MemberAdmitted.type_name()


def test_a_commit_that_comes_late_is_not_jumped_over(outbox_url: str, amqp_uri: str) -> None:
    """Trap: ids are taken before commit, so a cursor "id > last" skips what commits late."""
    insert = """INSERT INTO outbox (event_id, topic, subject, subject_version, body, visibility)
                VALUES (gen_random_uuid(), 'membership.member.admitted.v1', %s, 1, '{}', 'public')"""
    with relaying(outbox_url, amqp_uri), connect_plain(outbox_url) as slow, connect_plain(outbox_url) as fast:
        with slow.transaction():
            slow.execute(insert, ["slow"])
            fast.execute(insert, ["fast"])
            eventually(lambda: pending(outbox_url) == 0)
        eventually(lambda: pending(outbox_url) == 0)
    assert positions(outbox_url) == [2, 1]
    assert_complete(outbox_url, read_stream(amqp_uri, ALL))


def test_an_event_that_finds_no_queue_stays_until_the_bindings_are_back(outbox_url: str, amqp_uri: str) -> None:
    """Trap: without `mandatory` an unroutable event is confirmed and gone."""
    fill(outbox_url, 10)
    with relaying(outbox_url, amqp_uri):
        eventually(lambda: pending(outbox_url) == 0)
        with a_channel(amqp_uri) as channel:
            for visibility in ("public", "internal"):
                for key in topology.stream_bindings("membership", visibility):
                    channel.queue_unbind(topology.stream("membership", visibility), topology.EXCHANGE, key)
        fill(outbox_url, 200)
        eventually(lambda: pending(outbox_url) == 0)
    assert_complete(outbox_url, read_stream(amqp_uri, ALL))


def test_a_deleted_stream_is_declared_anew(outbox_url: str, amqp_uri: str) -> None:
    fill(outbox_url, 10)
    with relaying(outbox_url, amqp_uri):
        eventually(lambda: pending(outbox_url) == 0)
        with a_channel(amqp_uri) as channel:
            channel.queue_delete(ALL)
            channel.queue_delete(PUBLIC)
        fill(outbox_url, 20)
        eventually(lambda: pending(outbox_url) == 0)
    assert len({entry.message_id for entry in read_stream(amqp_uri, PUBLIC)}) == 20


def test_what_the_broker_refuses_is_sent_again_and_nothing_after_it_is_marked(outbox_url: str, amqp_uri: str) -> None:
    """Trap: a queue at its limit nacks while others of the same batch are confirmed; order on the feed must hold."""
    drain(outbox_url, amqp_uri)
    with a_channel(amqp_uri) as channel:
        full = {"x-queue-type": "quorum", "x-max-length": 20, "x-overflow": "reject-publish"}
        channel.queue_declare("full", durable=True, arguments=full)
        channel.confirm_delivery()
        with pytest.raises(pika.exceptions.NackError):  # the limit is soft, so until it really refuses
            for _ in range(1000):
                channel.basic_publish("", "full", b"in the way")
        fill(outbox_url, 100)
        drain(outbox_url, amqp_uri)
        channel.queue_bind("full", topology.EXCHANGE, "membership.#")
        with relaying(outbox_url, amqp_uri):
            fill(outbox_url, 100)
            before = refusals()
            eventually(lambda: refusals() > before + 3)
            marked = [position for position in positions(outbox_url) if position]
            assert marked == list(range(1, len(marked) + 1))
            assert len(marked) < 200
            channel.queue_delete("full")
            eventually(lambda: pending(outbox_url) == 0)
    assert len({entry.message_id for entry in read_stream(amqp_uri, ALL)}) == 200
    assert positions(outbox_url) == list(range(1, 201))


def test_a_channel_the_broker_closes_is_opened_again(outbox_url: str, amqp_uri: str) -> None:
    """Trap: a channel closed by the broker is easily not noticed; here the exchange is gone under a publish."""
    fill(outbox_url, 10)
    with relaying(outbox_url, amqp_uri):
        eventually(lambda: pending(outbox_url) == 0)
        with a_channel(amqp_uri) as channel:
            channel.exchange_delete(topology.EXCHANGE)
        fill(outbox_url, 50)
        eventually(lambda: pending(outbox_url) == 0)
    assert_complete(outbox_url, read_stream(amqp_uri, ALL))


def test_one_leads_and_another_follows(outbox_url: str) -> None:
    with Leader(outbox_url, QUICK) as first, Leader(outbox_url, QUICK) as second:
        assert first.lead()
        assert not second.lead()


def test_asking_for_the_lock_often_does_not_stack_it(outbox_url: str) -> None:
    """Trap: session locks stack, one per request, and one release does not free them."""
    with Leader(outbox_url, QUICK) as leader:
        assert all(leader.lead() for _ in range(3))
        leader.connection.execute("SELECT pg_advisory_unlock_all()")
        assert scalar(outbox_url, LOCKS) == 0
    with Leader(outbox_url, QUICK) as leader:
        for _ in range(3):
            leader.lead()
        key = leader.connection.execute(
            "SELECT objid::bigint + (classid::bigint << 32) FROM pg_locks "
            "WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        ).fetchone()
        assert key
        assert leader.connection.execute("SELECT pg_advisory_unlock(%s)", key).fetchone() == (True,)
        with Leader(outbox_url, QUICK) as other:
            assert other.lead()


def test_a_relay_that_lost_its_lock_cannot_mark(outbox_url: str) -> None:
    fill(outbox_url, 1)
    with Leader(outbox_url, QUICK) as old, Leader(outbox_url, QUICK) as new:
        assert old.lead()
        scalar(outbox_url, f"SELECT pg_terminate_backend({old.connection.info.backend_pid})")
        eventually(new.lead)
        with pytest.raises(psycopg.Error):
            old.mark([row.id for row in new.fetch(10, in_flight=[])])
    assert pending(outbox_url) == 1


def test_the_server_takes_the_lock_from_a_leader_that_fell_silent(outbox_url: str) -> None:
    with Leader(outbox_url, replace(QUICK, idle_session=0.3)) as frozen, Leader(outbox_url, QUICK) as follower:
        assert frozen.lead()
        eventually(follower.lead)


def test_no_transaction_is_open_while_the_broker_is_waited_for(outbox_url: str, amqp_uri: str) -> None:
    """Trap: a transaction held across the sending pins what the database could clean up, and locks what it read."""
    with proxied(amqp_uri) as (network, uri), relaying(outbox_url, uri, confirm=60.0, heartbeat=60):
        fill(outbox_url, 10)
        eventually(lambda: pending(outbox_url) == 0)
        network.swallow("down")
        fill(outbox_url, 100)
        eventually(lambda: len(read_stream(amqp_uri, ALL, quiet=0.2)) == 110)
        assert pending(outbox_url) == 100
        assert scalar(outbox_url, f"{SESSIONS} AND state LIKE 'idle in transaction%'") == 0
        assert scalar(outbox_url, f"{SESSIONS} AND state = 'idle'") == 1
        network.swallow()
        network.cut()


def test_a_look_into_a_large_outbox_reads_what_is_unpublished_alone(outbox_url: str) -> None:
    """Trap: an outbox is no queue; whoever looks through what was published gets slower with every event."""
    fill(outbox_url, 20_000)
    scalar(outbox_url, "WITH done AS (UPDATE outbox SET published_at = now(), position = id RETURNING 1) SELECT 1")
    fill(outbox_url, 10)
    with connect_plain(outbox_url) as connection:
        connection.execute("VACUUM ANALYZE outbox")
    whole = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'outbox'"
    by_index = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'ix_outbox_unpublished'"
    before = scalar(outbox_url, whole), scalar(outbox_url, by_index)
    with Leader(outbox_url, QUICK) as leader:
        assert len(leader.fetch(500, in_flight=[])) == 10
    eventually(lambda: scalar(outbox_url, by_index) > before[1])
    assert scalar(outbox_url, whole) == before[0]


def test_rows_in_flight_are_not_fetched_again_but_rows_between_them_are(outbox_url: str) -> None:
    fill(outbox_url, 10)
    with Leader(outbox_url, QUICK) as leader:
        ids = [row.id for row in leader.fetch(10, in_flight=[])]
        assert [row.id for row in leader.fetch(3, in_flight=[ids[0], ids[2], ids[9]])] == [ids[1], ids[3], ids[4]]


def test_a_fetch_ends_with_the_row_that_makes_it_large(outbox_url: str) -> None:
    fill(outbox_url, 10)
    with Leader(outbox_url, Limits(batch_bytes=1000)) as leader:
        assert 1 <= len(leader.fetch(10, in_flight=[])) <= 3


def test_positions_go_on_without_a_gap_even_when_an_id_is_marked_twice(outbox_url: str) -> None:
    fill(outbox_url, 4)
    with Leader(outbox_url, QUICK) as leader:
        ids = [row.id for row in leader.fetch(10, in_flight=[])]
        leader.mark(ids[:2])
        leader.mark(ids[1:])
    assert positions(outbox_url) == [1, 2, 3, 4]


def test_it_waits_for_a_broker_that_comes_later(outbox_url: str, amqp_uri: str) -> None:
    with proxied(amqp_uri) as (network, uri):
        network.refuse()
        fill(outbox_url, 10)
        with relaying(outbox_url, uri):
            eventually(lambda: scalar(outbox_url, LOCKS))
            assert pending(outbox_url) == 10
            network.refuse(refuses=False)
            eventually(lambda: pending(outbox_url) == 0)


def test_it_waits_for_tables_that_come_later(engine: Engine, database_url: str, amqp_uri: str) -> None:
    with relaying(database_url, amqp_uri):
        eventually(lambda: scalar(database_url, SESSIONS))
        plumbing.create_all(engine)
        fill(database_url, 10)
        eventually(lambda: pending(database_url) == 0)


def test_stopping_marks_all_that_the_broker_has(outbox_url: str, amqp_uri: str) -> None:
    fill(outbox_url, 20_000)
    with relaying(outbox_url, amqp_uri):
        eventually(lambda: pending(outbox_url) < 20_000)
    entries = read_stream(amqp_uri, ALL)
    assert len(entries) == 20_000 - pending(outbox_url)
    assert pending(outbox_url)
