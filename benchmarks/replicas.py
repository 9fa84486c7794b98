"""Row: two replicas of a subscription whose handler waits 5 ms, beside one."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Bench, Row, faster, value
from instance import service
from material import KEY, MEMBERS_TABLE, create_plumbing, write_bodies
from subscription import attached, feed, kept

from shared.messaging import topology

EVENTS = 1500
WARM_UP = 20


def rate(bench: Bench, replicas: int) -> float:
    with TemporaryDirectory() as folder, bench.vhost() as vhost, bench.database(MEMBERS_TABLE) as database:
        create_plumbing(database)
        few, many = write_bodies(Path(folder) / "few", WARM_UP), write_bodies(Path(folder) / "many", EVENTS)
        publish = feed(vhost, topology.EXCHANGE, KEY, "application/cloudevents+json")
        with ExitStack() as running:
            for _ in range(replicas):
                running.enter_context(service("subscriber.py", "slow", vhost=vhost, database=database))
            attached(database)
            publish(few)
            kept(database, WARM_UP)
            began = publish(many)
            ended = kept(database, WARM_UP + EVENTS)
        assert value(database, "SELECT count(*) FROM inbox") == WARM_UP + EVENTS
        return EVENTS / (ended - began)


def measure(bench: Bench) -> list[Row]:
    two, one = [], []
    for _ in range(bench.rounds):
        two.append(rate(bench, 2))
        one.append(rate(bench, 1))
        bench.say(f"two replicas {two[-1]:.0f}, one {one[-1]:.0f} events/s")
    how = (
        f"{EVENTS} events, each handler waits 5 ms and upserts; ours is two processes, the peer one; bound by the wait"
    )
    return [faster("two replicas", two, one, bar=1.8, unit="events/s", how=how)]
