"""Rows: an ordinary subscription and a projection, each effect once, beside stock nameko and FastStream."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import HERE, PEERS, Bench, Row, answer, faster, program, until, value
from instance import service
from material import HANDLED_TABLE, KEY, MEMBERS_TABLE, create_plumbing, write_bodies

from shared.messaging import topology

FEW, MANY = 4_000, 20_000

Feed = Callable[[Path], float]
"""Publishes the events of a file and says when the first went out."""

Contender = Callable[[Bench], AbstractContextManager[tuple[str, Feed]]]
"""A running handler: its database, and how to feed it."""


def feed(vhost: str, exchange: str, key: str, content_type: str) -> Feed:
    script = HERE / "peers/pika_publisher.py"

    def publish(file: Path) -> float:
        return answer(PEERS, script, vhost, exchange, key, file, "--content-type", content_type)["began"]

    return publish


def ours(kind: str) -> Contender:
    @contextmanager
    def run(bench: Bench) -> Iterator[tuple[str, Feed]]:
        with bench.vhost() as vhost, bench.database(MEMBERS_TABLE) as database:
            create_plumbing(database)
            with service("subscriber.py", kind, vhost=vhost, database=database):
                attached(database)
                yield database, feed(vhost, topology.EXCHANGE, KEY, "application/cloudevents+json")

    return run


def attached(database: str) -> None:
    """Return when the subscription's queue is there."""
    until(database, "SELECT count(*) FROM subscriptions WHERE attached_at IS NOT NULL", 1, within_s=60)


def peer(script: str) -> Contender:
    @contextmanager
    def run(bench: Bench) -> Iterator[tuple[str, Feed]]:
        with bench.vhost() as vhost, bench.database(MEMBERS_TABLE, HANDLED_TABLE) as database:
            where = {"AMQP_URI": vhost, "DATABASE_URL": database}
            with program(PEERS, HERE / "peers" / script, ready="peer is ready", **where):
                yield database, feed(vhost, "bench.events", "member", "application/json")

    return run


def rate(bench: Bench, contender: Contender, folder: Path, events: int) -> float:
    """Events per second from the first publish to the last effect, after one event to warm up."""
    one, all_of_them = write_bodies(folder / "one", 1), write_bodies(folder / "events", events)
    with contender(bench) as (database, publish):
        publish(one)
        kept(database, 1)
        began = publish(all_of_them)
        ended = kept(database, 1 + events)
        once = "SELECT count(*) FROM " + ("inbox" if contender.__qualname__.startswith("ours") else "handled")
        assert value(database, once) == 1 + events
        return events / (ended - began)


def kept(database: str, count: int) -> float:
    """When the last effect was there."""
    return until(database, "SELECT coalesce(sum(changes), 0)::integer FROM members", count, within_s=120)


def measure(bench: Bench) -> list[Row]:
    contenders = {
        "subscription": (ours("each"), FEW),
        "projection": (ours("many"), MANY),
        "nameko": (peer("nameko_handler.py"), FEW),
        "faststream": (peer("faststream_handler.py"), FEW),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    with TemporaryDirectory() as folder:
        for _ in range(bench.rounds):
            for name, (contender, events) in contenders.items():
                rates[name].append(rate(bench, contender, Path(folder), events))
                bench.say(f"{name}: {rates[name][-1]:.0f} events/s")
    return [
        row(mine, theirs, bar, rates)
        for mine, theirs, bar in (
            ("subscription", "nameko", 2),
            ("subscription", "faststream", 2.5),
            ("projection", "nameko", 6),
            ("projection", "faststream", 8),
        )
    ]


def row(mine: str, theirs: str, bar: float, rates: dict[str, list[float]]) -> Row:
    how = (
        "from the first publish to the last committed effect, inbox row and upsert per event; the peer takes 10 at "
        "once, commits per event; bound by the CPU of one process (driver, ORM) and the database's commits"
    )
    return faster(f"{mine}, beside {theirs}", rates[mine], rates[theirs], bar=bar, unit="events/s", how=how)
