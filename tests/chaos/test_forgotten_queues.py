"""Quorum queues that a broker, killed too soon after they were declared, comes back with and cannot use.

RabbitMQ enters a new queue in its registry up to a second late. Which of the two ways of not remembering it then
shows, no leader or no process at all, depends on whether the registry still has a queue of that name that was deleted.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pika
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from intercoop.audit.queues import silent_queues
from intercoop.audit.services import Audited
from shared.clock import utc_now
from shared.database import connect
from shared.messaging import topology
from shared.messaging.link import BROKER_ERRORS, Link, answers
from shared.messaging.outbox import outbox, publish
from shared.messaging.queues import stream_exists
from tests.ledger import assert_nothing_lost
from tests.outboxes import pending
from tests.relays import relaying
from tests.samples import Sample, a_channel, admitted, send
from tests.victims import VictimBroker
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)

QUEUE = topology.queue("sample", "note_member")
DEAD = topology.dead_exchange("sample")
KEY = "membership.member.admitted.v1"
REMADE = "made the queue again"
LOOK_SECONDS = 0.02
REGISTERED_SECONDS = 2
"""Streams have a registry of their own that is written up to a second late, and nothing shows when it was."""


@pytest.fixture
def sample(engine: Engine, chaos_amqp_uri: str, tmp_path: Path) -> Iterator[Sample]:
    sample = Sample(engine, chaos_amqp_uri, tmp_path)
    sample.extra |= {"SAMPLE_HEARTBEAT": "2", "SAMPLE_ANSWER_SECONDS": "2", "SAMPLE_SILENT_SECONDS": "5"}
    yield sample
    sample.kill_all()


@pytest.fixture
def ran() -> list[Audited]:
    """The broker is replaced by an empty one on the way, so streams lack what came before; each test compares alone."""
    return []


@pytest.fixture
def publisher(chaos_database_url: str) -> Iterator[Engine]:
    engine = connect(chaos_database_url)
    yield engine
    engine.dispose()


def write(publisher: Engine, count: int) -> None:
    """Events in the publisher's outbox, as a service leaves them there."""
    with Session(publisher) as session, session.begin():
        for _ in range(count):
            publish(session, admitted().event, at=utc_now())


def written(publisher: Engine) -> list[UUID]:
    with publisher.connect() as connection:
        return sorted(connection.scalars(select(outbox.c.event_id)))


def relayed(publisher: Engine) -> bool:
    return pending(publisher.url.render_as_string(hide_password=False)) == 0


def declare_main(channel: Any) -> None:
    """As a service does that trusts the broker to remember it."""
    channel.queue_declare(QUEUE, durable=True, arguments=topology.queue_arguments("sample"))
    channel.queue_bind(QUEUE, topology.EXCHANGE, KEY)


def declare_dead(channel: Any) -> None:
    channel.exchange_declare(DEAD, "fanout", durable=True)
    channel.queue_declare(DEAD, durable=True, arguments=topology.dead_arguments())
    channel.queue_bind(DEAD, DEAD)


def forget(
    victim: VictimBroker, amqp_uri: str, declare: Callable[[Any], object], *, then: Callable[[], object] = lambda: None
) -> None:
    """Have the broker die just after it has agreed to `declare`."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_uri))
    declare(connection.channel())
    then()
    victim.server.kill()
    with suppress(pika.exceptions.AMQPError):  # nobody is there to say goodbye to, but its sockets are ours
        connection.close()
    victim.server.start()


def silent_or_skip(amqp_uri: str, queue: str) -> None:
    if answers(amqp_uri, queue):
        pytest.skip(f"this broker remembers {queue} although it was killed at once")


def assert_each_once(sample: Sample, expected: list[UUID], *, within: float = 90) -> None:
    eventually(lambda: set(sample.noted()) >= set(expected), within=within)
    assert sorted(sample.noted()) == sorted(expected)
    assert sample.dead() == []


@pytest.mark.parametrize(
    "known_before", [False, pytest.param(True, marks=pytest.mark.long)], ids=["new", "known before"]
)
def test_a_forgotten_queue_is_made_anew_and_every_event_has_its_effect_once(
    victim_broker: VictimBroker, sample: Sample, publisher: Engine, chaos_database_url: str, known_before: bool
) -> None:
    """Trap: the queue is there, takes bindings and answers nobody, so its publishers get no confirm for ever."""
    with relaying(chaos_database_url, sample.amqp_uri):
        sample.start()
        sample.wait_until_attached()
        write(publisher, 20)
        eventually(lambda: len(sample.noted()) == 20)
        sample.stop()
    if not known_before:
        sample.amqp_uri = victim_broker.new_vhost()  # an empty broker in place of a lost one
    with relaying(chaos_database_url, sample.amqp_uri):
        write(publisher, 20)
        eventually(lambda: relayed(publisher))
        with a_channel(sample.amqp_uri) as channel:
            channel.queue_delete(QUEUE)

        def publish_into_it() -> None:
            write(publisher, 20)
            eventually(lambda: relayed(publisher), every=0.005)

        forget(victim_broker, sample.amqp_uri, declare_main, then=publish_into_it)
        silent_or_skip(sample.amqp_uri, QUEUE)
        write(publisher, 20)
        sample.start()
        eventually(lambda: len(sample.noted()) > 60, within=90)
        write(publisher, 20)
        assert_each_once(sample, written(publisher))
        eventually(lambda: relayed(publisher))
    assert sample.log.read_text().count(REMADE) == 1
    if known_before:
        assert_nothing_lost(chaos_database_url, sample.amqp_uri)


@pytest.mark.long
def test_the_queue_made_anew_outlives_the_next_death(victim_broker: VictimBroker, sample: Sample) -> None:
    """Trap: 3.10 keeps the deleted queue in its registry, and stumbles over that at every later start."""
    sample.start()
    sample.wait_until_attached()
    victim_broker.settle()
    with a_channel(sample.amqp_uri) as channel:
        channel.queue_delete(QUEUE)
    victim_broker.server.kill()  # before the registry is rid of it
    victim_broker.server.start()
    sample.wait_until_attached()
    victim_broker.restart(kill=True)
    assert answers(sample.amqp_uri, QUEUE)
    event = admitted()
    send(sample.amqp_uri, [event])
    assert_each_once(sample, [event.id])


@pytest.mark.long
def test_killed_again_and_again_while_the_queue_is_being_made_nothing_is_lost(
    victim_broker: VictimBroker, sample: Sample, publisher: Engine, chaos_database_url: str
) -> None:
    with relaying(chaos_database_url, sample.amqp_uri):
        sample.start()
        sample.wait_until_attached()
        write(publisher, 20)
        eventually(lambda: len(sample.noted()) == 20)
        for deaths in range(3):
            sample.wait_until_attached()
            with a_channel(sample.amqp_uri) as channel:
                channel.queue_delete(QUEUE)
            eventually(lambda n=deaths: sample.log.read_text().count(REMADE) > n, within=60, every=0.005)
            write(publisher, 10)
            victim_broker.server.kill()
            victim_broker.server.start()
            write(publisher, 10)
        assert_each_once(sample, written(publisher))
        assert_nothing_lost(chaos_database_url, sample.amqp_uri)


def test_a_stream_of_a_broker_that_is_starting_is_not_taken_for_missing(
    victim_broker: VictimBroker, sample: Sample
) -> None:
    """Trap: RabbitMQ says 404 of it, as of what never was; a catching-up would pass by all that is in it."""
    stream = topology.stream("membership", "public")
    with a_channel(sample.amqp_uri) as channel:
        channel.queue_declare(stream, durable=True, arguments=topology.stream_arguments("public"))
    time.sleep(REGISTERED_SECONDS)
    found: list[bool] = []
    victim_broker.server.kill()
    # It ends with the thread that started it, so it is the looking that has one of its own.
    with looking(lambda: found.append(there(sample.amqp_uri, stream))):
        victim_broker.server.start()
        eventually(lambda: len(found) > 3)
    assert set(found) == {True}


@contextmanager
def looking(look: Callable[[], None]) -> Iterator[None]:
    """Look again and again meanwhile; a look may find nobody."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(LOOK_SECONDS):
            with suppress(*BROKER_ERRORS):
                look()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def there(amqp_uri: str, stream: str) -> bool:
    with Link(amqp_uri, name="looks") as link:
        return stream_exists(link, stream)


def test_an_event_is_delayed_only_where_it_outlives_the_broker(victim_broker: VictimBroker, sample: Sample) -> None:
    """Trap: the first event ever delayed is confirmed by a queue that the broker, dying now, would forget."""
    sample.retry_seconds = "5"
    sample.start()
    sample.wait_until_attached()
    event = admitted("once a")
    send(sample.amqp_uri, [event])
    delay = topology.retry_queue("sample", 5)
    eventually(lambda: holds_one(sample, delay), within=20, every=0.005)
    victim_broker.server.kill()
    victim_broker.server.start()
    assert_each_once(sample, [event.id], within=40)


@pytest.mark.long
def test_a_forgotten_delay_queue_that_never_held_anything_is_made_anew(
    victim_broker: VictimBroker, sample: Sample
) -> None:
    delay, arguments = topology.retry_queue("sample", 1), topology.retry_arguments("sample", 1)
    forget(
        victim_broker,
        sample.amqp_uri,
        lambda channel: channel.queue_declare(delay, durable=True, arguments=arguments),
    )
    silent_or_skip(sample.amqp_uri, delay)
    with a_channel(sample.amqp_uri) as channel:
        declare_dead(channel)
    assert silent_queues(sample.amqp_uri, [DEAD, delay, "sample.never_made"]) == [delay]
    with a_channel(sample.amqp_uri) as channel:
        channel.queue_delete(DEAD)
        channel.exchange_delete(DEAD)
    sample.start()
    sample.wait_until_attached()
    event = admitted("once a")
    send(sample.amqp_uri, [event])
    assert_each_once(sample, [event.id], within=60)


@pytest.mark.long
def test_what_may_still_hold_events_is_left_to_a_person(
    victim_broker: VictimBroker, sample: Sample, publisher: Engine, chaos_database_url: str
) -> None:
    """Without any queue that answers, as when a cluster has lost its majority, nothing is deleted."""
    with relaying(chaos_database_url, sample.amqp_uri):
        sample.start()
        sample.wait_until_attached()
        eventually(lambda: sample.consumers(DEAD))
        sample.stop()
    sample.amqp_uri = victim_broker.new_vhost()
    with relaying(chaos_database_url, sample.amqp_uri):
        forget(victim_broker, sample.amqp_uri, declare_dead)
        silent_or_skip(sample.amqp_uri, DEAD)
        forget(victim_broker, sample.amqp_uri, declare_main)
        silent_or_skip(sample.amqp_uri, QUEUE)
        write(publisher, 20)
        sample.start()
        eventually(lambda: silences(sample) > 4 * 5, within=60, every=0.2)
        assert REMADE not in sample.log.read_text()
        assert not answers(sample.amqp_uri, DEAD)
        with a_channel(sample.amqp_uri) as channel:  # as docs/operations.md says
            channel.queue_delete(DEAD)
        assert_each_once(sample, written(publisher))


def silences(sample: Sample) -> float:
    """Seconds the subscription says its queue has been silent for."""
    said = [line["message"] for line in sample.logged() if "answered nobody" in line.get("message", "")]
    return max((float(message.rsplit(" ", 2)[-2]) for message in said), default=0.0)


def holds_one(sample: Sample, queue: str) -> bool:
    """False while the queue is not there, as it is not between two steps of its making."""
    try:
        return sample.depth(queue) == 1
    except pika.exceptions.ChannelClosedByBroker:
        return False
