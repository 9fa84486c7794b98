"""Whatever is lost or doubled between four databases and a broker, the audit finds it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika
import psycopg
import pytest
from sqlalchemy import MetaData

from intercoop.audit import run
from intercoop.audit.report import Report
from intercoop.audit.run import audit
from intercoop.audit.services import audited, subscriptions_of
from intercoop.instance import ServiceAddress
from services.comms.model import Base as Comms
from services.membership.model import Base as Membership
from shared.clock import utc_now
from shared.contracts.examples import example
from shared.contracts.membership import ContactChanged
from shared.database import connect, transaction
from shared.messaging import topology
from shared.messaging.housekeeping import Retention, tidy
from shared.messaging.outbox import publish
from shared.messaging.relay.run import Relay
from shared.tables import plumbing
from tests.conftest import Servers, create_database, drop_database
from tests.outboxes import connect_plain, fill
from tests.proxy import proxied
from tests.relays import QUICK
from tests.waiting import eventually

PUBLIC = topology.stream("membership", "public")


class World:
    """Membership publishes, comms listens; no service runs, so what it would do is done by hand."""

    def __init__(self, membership: str, comms: str, amqp_uri: str, rabbitmq_api: str) -> None:
        self.membership, self.comms, self.amqp_uri, self.rabbitmq_api = membership, comms, amqp_uri, rabbitmq_api

    def publish(self, rows: int = 20) -> None:
        fill(self.membership, rows)
        self.relay()

    def relay(self) -> None:
        for service, url in {"membership": self.membership, "comms": self.comms}.items():
            Relay(service, database_url=url, amqp_uri=self.amqp_uri, limits=QUICK).drain(within=20)

    def handle(self) -> None:
        """Every subscription of comms handles everything it wants."""
        with connect_plain(self.membership) as source, connect_plain(self.comms) as target:
            for subscription in subscriptions_of("comms"):
                keys = topology.bindings(subscription.events)
                rows = source.execute("SELECT event_id FROM outbox WHERE topic = ANY(%s)", [keys]).fetchall()
                for (event_id,) in rows:
                    target.execute(
                        "INSERT INTO inbox (subscription, event_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                        [subscription.name, event_id],
                    )

    def sql(self, url: str, statement: str) -> None:
        with connect_plain(url) as connection:
            connection.execute(statement)

    @contextmanager
    def channel(self) -> Iterator[Any]:
        with pika.BlockingConnection(pika.URLParameters(self.amqp_uri)) as connection:
            yield connection.channel()

    def address(self, database_url: str) -> ServiceAddress:
        return ServiceAddress(url="", http_port=0, database_url=database_url, amqp_uri=self.amqp_uri)

    def audit(self, *, wait: float = 0) -> Report:
        services = [
            audited(name, self.address(url), rabbitmq_api=self.rabbitmq_api)
            for name, url in {"membership": self.membership, "comms": self.comms}.items()
        ]
        return audit(services, wait=wait, read=lambda _: None)


TABLES = {"membership": (Membership.metadata, plumbing), "comms": (Comms.metadata, plumbing)}


@pytest.fixture(scope="module")
def urls(database_server_url: str) -> Iterator[list[str]]:
    """One database a service for all tests here."""
    urls = [create_database(database_server_url) for _ in TABLES]
    for url, tables in zip(urls, TABLES.values(), strict=True):
        engine = connect(url)
        for metadata in tables:
            metadata.create_all(engine)
        engine.dispose()
    yield urls
    for url in urls:
        drop_database(database_server_url, url)


def empty(url: str, tables: tuple[MetaData, ...]) -> None:
    names = ", ".join(table.name for metadata in tables for table in metadata.sorted_tables)
    with connect_plain(url) as connection:
        connection.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


@pytest.fixture
def quiet(urls: list[str], amqp_uri: str, servers: Servers) -> World:
    """Nothing has happened yet."""
    for url, tables in zip(urls, TABLES.values(), strict=True):
        empty(url, tables)
    world = World(*urls, amqp_uri, servers.rabbitmq_api)
    with connect_plain(world.comms) as connection, world.channel() as channel:
        channel.exchange_declare(topology.EXCHANGE, "topic", durable=True)
        channel.exchange_declare(topology.dead_exchange("comms"), "fanout", durable=True)
        for subscription in subscriptions_of("comms"):
            connection.execute(
                "INSERT INTO subscriptions (name, state, rebuildable) VALUES (%s, 'live', %s)",
                [subscription.name, subscription.projection is not None],
            )
            channel.queue_declare(subscription.queue, durable=True, arguments=topology.queue_arguments("comms"))
    return world


@pytest.fixture
def world(quiet: World) -> World:
    """Twenty members admitted and all of it handled."""
    quiet.publish()
    quiet.handle()
    return quiet


def told(report: Report) -> dict[str, int]:
    """Findings by their text."""
    return {f"{each.kind}: {each.what}": each.count for each in report.findings}


def test_where_all_is_well_it_finds_nothing(world: World) -> None:
    report = world.audit()
    assert report.as_json() == {"ok": True, "lost": 0, "doubled": 0, "pending": 0, "dead": 0, "findings": []}


def test_an_event_nobody_handled_is_lost(world: World) -> None:
    world.sql(
        world.comms,
        "DELETE FROM inbox WHERE ctid IN (SELECT ctid FROM inbox WHERE subscription = 'keep_members' LIMIT 3)",
    )
    report = world.audit()
    assert told(report) == {"lost: published, but keep_members has neither handled nor buried it": 3}
    assert not report.ok
    assert len(report.findings[0].ids) == 3


@pytest.fixture
def owing(world: World) -> World:
    """Five more are published, and wait in the queue of keep_members alone."""
    keep_members = next(each for each in subscriptions_of("comms") if each.name == "keep_members")
    with world.channel() as channel:
        for key in topology.bindings(keep_members.events):
            channel.queue_bind(keep_members.queue, topology.EXCHANGE, key)
    world.publish(5)
    with connect_plain(world.membership) as source, connect_plain(world.comms) as target:
        for (event_id,) in source.execute("SELECT event_id FROM outbox").fetchall():
            values = "INSERT INTO inbox (subscription, event_id) VALUES ('welcome_member', %s) ON CONFLICT DO NOTHING"
            target.execute(values, [event_id])
    return world


def test_an_event_that_still_waits_in_its_queue_is_pending(owing: World) -> None:
    report = owing.audit()
    assert told(report) == {"pending: waiting for keep_members": 5}
    assert not report.ok


def test_an_event_that_somebody_has_in_hand_is_pending(owing: World) -> None:
    """Trap: who asks the broker how deep a queue is hears nothing of what it has given out."""
    with owing.channel() as channel:
        for _ in range(5):
            assert channel.basic_get("comms.keep_members")[0]
        eventually(lambda: told(owing.audit()) == {"pending: waiting for keep_members": 5}, within=20, every=0.5)


@pytest.mark.parametrize("state", ["rebuilding", "catching up"])
def test_what_a_subscription_will_read_again_is_pending(world: World, state: str) -> None:
    world.sql(world.comms, "DELETE FROM inbox WHERE subscription = 'keep_members'")
    world.sql(world.comms, f"UPDATE subscriptions SET state = '{state}' WHERE name = 'keep_members'")
    assert told(world.audit()) == {"pending: not yet read again by keep_members": 20}


def test_what_is_not_published_yet_is_pending_and_may_be_waited_for(world: World) -> None:
    fill(world.membership, 7)
    assert told(world.audit()) == {"pending: not yet confirmed by the broker": 7}
    world.relay()
    world.handle()
    assert world.audit(wait=5).ok


def test_a_dead_letter_is_accounted_for(world: World) -> None:
    world.sql(
        world.comms,
        """WITH gone AS (DELETE FROM inbox WHERE ctid = (SELECT min(ctid) FROM inbox) RETURNING *)
           INSERT INTO dead_letters (id, subscription, event_id, type, subject, digest, body, headers, error_kind,
                                     error_type, error_message, attempts, first_failed_at, last_failed_at, state)
           SELECT gen_random_uuid(), subscription, event_id, '', '', '', '', '{}', 'failed', '', '', 1, now(), now(),
                  'dead' FROM gone""",
    )
    report = world.audit()
    assert report.ok
    assert report.count("dead") == 1


def test_an_event_missing_from_the_stream_is_lost(world: World) -> None:
    with world.channel() as channel:
        channel.queue_delete(PUBLIC)
    report = world.audit()
    assert told(report) == {f"lost: published but not in {PUBLIC}": 20}


def test_an_internal_event_in_the_public_stream_is_damage(world: World) -> None:
    with world.channel() as channel:
        channel.queue_bind(PUBLIC, topology.EXCHANGE, ContactChanged.routing_key())
    engine = connect(world.membership)
    with transaction(engine) as session:
        publish(session, example(ContactChanged), at=utc_now())
    engine.dispose()
    world.relay()
    world.handle()
    assert told(world.audit()) == {f"damaged: internal but in {PUBLIC}": 1}


def test_a_row_that_vanished_from_the_outbox_is_noticed_on_all_sides(world: World) -> None:
    world.sql(world.membership, "DELETE FROM outbox WHERE position = 7")
    internal = topology.stream("membership", "internal")
    assert told(world.audit()) == {
        "lost: positions missing in the outbox": 1,
        f"damaged: in {PUBLIC} but never committed": 1,
        f"damaged: in {internal} but never committed": 1,
    }


def test_what_nobody_of_ours_put_into_a_stream_is_damage(world: World) -> None:
    with world.channel() as channel:
        for message_id in (None, "not-an-id"):
            properties = pika.BasicProperties(message_id=message_id)
            channel.basic_publish(topology.EXCHANGE, "membership.member.admitted.v1", b"rubbish", properties)
    internal = topology.stream("membership", "internal")
    report = world.audit()
    assert told(report) == {
        f"damaged: in {PUBLIC} but never committed": 2,
        f"damaged: in {internal} but never committed": 2,
    }
    assert report.findings[0].ids == ["offset 20", "offset 21"]


def test_a_hole_in_the_versions_of_a_subject_is_noticed(world: World) -> None:
    world.sql(world.membership, "UPDATE outbox SET subject = 'member/x', subject_version = id")
    world.sql(world.membership, "UPDATE outbox SET subject = 'member/y', subject_version = 1 WHERE position = 7")
    report = world.audit()
    assert told(report) == {"lost: versions missing in the outbox": 1}
    assert report.findings[0].ids == ["member/x version 7"]


def test_what_was_said_twice_for_one_cause_is_doubled(world: World) -> None:
    cause = json.dumps({"causationid": "0199"}, separators=(",", ":"))
    world.sql(
        world.membership,
        f"UPDATE outbox SET body = '{cause}', subject = 'member/x', subject_version = position WHERE position < 4",
    )
    assert told(world.audit()) == {"doubled: said twice for the same cause": 2}


def test_a_subscription_without_its_queue_is_damage(world: World) -> None:
    with world.channel() as channel:
        channel.queue_delete("comms.welcome_member")
    assert told(world.audit()) == {"damaged: queue missing": 1}


def test_a_subscription_with_effects_owes_nothing_from_before_it_began(world: World) -> None:
    world.sql(world.comms, "DELETE FROM inbox WHERE subscription = 'welcome_member'")
    world.sql(world.comms, "UPDATE subscriptions SET created_at = now() WHERE name = 'welcome_member'")
    assert world.audit().ok


def test_what_housekeeping_removed_is_not_missed(quiet: World) -> None:
    fill(quiet.membership, 20, subjects=4)
    quiet.sql(quiet.membership, "UPDATE outbox SET created_at = now() - interval '91 days'")
    quiet.relay()
    quiet.sql(quiet.membership, "UPDATE outbox SET published_at = created_at")
    quiet.publish(2)
    quiet.handle()
    with connect_plain(quiet.membership) as connection:
        assert tidy(connection, Retention())["outbox"] == 18
    assert quiet.audit().ok


def test_a_database_that_falls_silent_ends_the_audit(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "ANSWER_SECONDS", 1.0)
    with proxied(database_url) as (network, through), run.open_database(through) as database:
        assert database.execute("SELECT 1").fetchone() == (1,)
        network.swallow("up", "down")
        with pytest.raises(psycopg.OperationalError, match="does not answer"):
            database.execute("SELECT 1")
