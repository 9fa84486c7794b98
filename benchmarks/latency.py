"""Rows: from an HTTP write to its effect in another service, at a hundred events a second."""

import statistics

from harness import HERE, OURS, Bench, Row, answer, program, rows, until, within
from http_write import BODY
from instance import service
from material import MEMBERS_TABLE, PUBLISHER, create_plumbing

RATE, SECONDS = 100, 10
CONNECTIONS = 8
WARM_UP = 100


def post(port: int, token: str, requests: int) -> None:
    """Requests whose member's name is the time at which they were sent."""
    body = BODY.replace("Cooperativa de Trabajo {n} Limitada", "{t}")
    command = (HERE / "load.py", port, "/v1/members", body, "--header", f"Authorization: Bearer {token}")
    answer(OURS, *command, "--rate", RATE, "--requests", requests, "--connections", CONNECTIONS)


def delays(bench: Bench) -> list[float]:
    """Milliseconds of each event."""
    with bench.vhost() as vhost, bench.database(MEMBERS_TABLE) as writer, bench.database(MEMBERS_TABLE) as reader:
        create_plumbing(writer)
        create_plumbing(reader)
        relay = program(OURS, "-m", "intercoop", "relay", PUBLISHER, AMQP_URI=vhost, DATABASE_URL=writer)
        subscriber = service("subscriber.py", "each", vhost=vhost, database=reader)
        with subscriber, relay, service("members.py", vhost=vhost, database=writer) as (port, token):
            post(port, token, WARM_UP)
            until(reader, "SELECT count(*) FROM members", WARM_UP, within_s=30)
            post(port, token, RATE * SECONDS)
            until(reader, "SELECT count(*) FROM members", WARM_UP + RATE * SECONDS, within_s=30)
            measured = "SELECT extract(epoch FROM kept_at) - name::float8 FROM members ORDER BY kept_at"
            return [float(seconds) * 1000 for (seconds,) in rows(reader, measured)[WARM_UP:]]


def measure(bench: Bench) -> list[Row]:
    runs = [sorted(delays(bench)) for _ in range(bench.rounds)]
    median = statistics.median(run[len(run) // 2] for run in runs)
    p99 = statistics.median(run[int(len(run) * 0.99)] for run in runs)
    bench.say(f"median {median:.0f} ms, p99 {p99:.0f} ms")
    how = (
        f"{RATE} POSTs a second for {SECONDS} s; from before the request is sent to the handler's statement in "
        "the other database: route, commit, relay, broker, inbox; bound by the relay's look at the outbox every 20 ms"
    )
    return [
        within("write to effect, median", median, bar=60, unit="ms", how=how),
        within("write to effect, p99", p99, bar=250, unit="ms", how=how),
    ]
