"""Measures the rows it is asked for and prints them as JSON lines, with what goes on in between.

    run.py [ROW,ROW…] [ROUNDS]

`intercoop bench` runs it; TEST_AMQP_URI, TEST_RABBITMQ_API and TEST_DATABASE_URL name the servers.
"""

import json
import os
import sys

import http_write
import latency
import membership
import registry
import relay
import replicas
import subscription
from harness import Bench

ROWS = {
    "relay": relay,
    "subscription": subscription,
    "http_write": http_write,
    "latency": latency,
    "replicas": replicas,
    "registry": registry,
    "membership": membership,
}


def tell(document: dict[str, object]) -> None:
    print(json.dumps(document), flush=True)


def main(only: str = "", rounds: str = "3") -> None:
    wanted = only.split(",") if only else list(ROWS)
    if unknown := set(wanted) - set(ROWS):
        raise SystemExit(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    for name in wanted:
        bench = Bench(
            amqp_uri=os.environ["TEST_AMQP_URI"],
            rabbitmq_api=os.environ["TEST_RABBITMQ_API"],
            database_url=os.environ["TEST_DATABASE_URL"],
            rounds=int(rounds),
            say=lambda what, name=name: tell({"say": f"{name}: {what}"}),
        )
        bench.say("…")
        for row in ROWS[name].measure(bench):
            tell(row.as_json())


if __name__ == "__main__":
    main(*sys.argv[1:])
