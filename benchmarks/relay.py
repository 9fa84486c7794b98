"""Row: the relay, from committed outbox rows to confirmed and marked, beside pika alone on the same queues."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pika
from harness import HERE, OURS, PEERS, Bench, Row, answer, faster, program, sql, until, value
from material import KEY, PUBLISHER, create_plumbing, fill_outbox, write_bodies
from pika.adapters.blocking_connection import BlockingChannel

from shared.messaging import topology

EVENTS = 20_000
QUEUE = "bench.members"


@contextmanager
def channel_to(vhost: str) -> Iterator[BlockingChannel]:
    with pika.BlockingConnection(pika.URLParameters(vhost)) as connection:
        yield connection.channel()


def bind_queue(vhost: str) -> None:
    """A quorum queue that takes what the relay publishes, as a subscription's would."""
    with channel_to(vhost) as channel:
        channel.exchange_declare(topology.EXCHANGE, "topic", durable=True)
        channel.queue_declare(QUEUE, durable=True, arguments=topology.queue_arguments("bench"))
        channel.queue_bind(QUEUE, topology.EXCHANGE, KEY)


def take_all(vhost: str, expected: int) -> None:
    """Empty the queue; stop unless it held exactly so many."""
    with channel_to(vhost) as channel:
        found = channel.queue_purge(QUEUE).method.message_count
    if found != expected:
        raise SystemExit(f"{QUEUE} held {found} events, not {expected}")


def published(database: str, count: int) -> float:
    """When that many rows were confirmed and marked."""
    done = f"SELECT published_at IS NOT NULL FROM outbox ORDER BY id OFFSET {count - 1} LIMIT 1"
    return until(database, done, expected=True, within_s=60)


def ours(vhost: str, database: str, bodies: list[str]) -> float:
    sql(database, "TRUNCATE outbox RESTART IDENTITY", "VACUUM ANALYZE outbox")
    with program(OURS, "-m", "intercoop", "relay", PUBLISHER, AMQP_URI=vhost, DATABASE_URL=database):
        fill_outbox(database, bodies[:1])
        published(database, 1)
        take_all(vhost, 1)
        fill_outbox(database, bodies)
        began = time.monotonic()
        ended = published(database, EVENTS + 1)
    positions = "SELECT max(position) = count(*) AND count(*) = count(published_at) FROM outbox"
    assert value(database, positions) is True
    take_all(vhost, EVENTS)
    return EVENTS / (ended - began)


def peer(vhost: str, file: Path) -> float:
    script = HERE / "peers/pika_publisher.py"
    seconds = answer(PEERS, script, vhost, topology.EXCHANGE, KEY, file, "--window", "500")["seconds"]
    take_all(vhost, EVENTS)
    return EVENTS / seconds


def measure(bench: Bench) -> list[Row]:
    mine, theirs = [], []
    with TemporaryDirectory() as folder, bench.vhost() as vhost, bench.database() as database:
        file = write_bodies(Path(folder) / "bodies", EVENTS)
        bodies = file.read_text().splitlines()
        create_plumbing(database)
        bind_queue(vhost)
        for _ in range(bench.rounds):
            mine.append(ours(vhost, database, bodies))
            theirs.append(peer(vhost, file))
    how = (
        f"{EVENTS} rows committed at once, to all confirmed, marked and numbered; the peer is pika alone, "
        "500 on their way, to the same quorum queue and two streams; bound by the CPU of one process and the marking"
    )
    return [faster("relay", mine, theirs, bar=0.4, unit="events/s", how=how)]
