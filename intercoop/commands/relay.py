"""Run one service's relay, as a container does."""

import json
import logging
import os
import signal
import sys
from types import FrameType

import click
from prometheus_client import start_http_server

from shared import logs
from shared.contracts.catalogue import BY_PUBLISHER
from shared.messaging.relay.run import Relay
from shared.settings import amqp_uri, database_url


def stop_on_signals(relay: Relay) -> None:
    """The first SIGTERM or SIGINT finishes what is in hand; the second leaves at once, and the next leader resends."""

    def stop(number: int, _: FrameType | None) -> None:
        if relay.stopping.is_set():
            os._exit(128 + number)
        relay.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


@click.command
@click.argument("service", type=click.Choice(sorted(BY_PUBLISHER)))
@click.option("--json", "as_json", is_flag=True, help="say when it has stopped as one JSON object")
def command(service: str, *, as_json: bool) -> None:
    """Take SERVICE's events from its outbox to the broker, until SIGTERM.

    Several may run for one service: one works, the others take over within seconds of its death. It waits for the
    database and the broker as long as it takes. RELAY_METRICS_PORT opens Prometheus metrics on HTTP_HOST.
    """
    logs.configure(service, stream=sys.stderr if as_json else None)
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    relay = Relay(service, database_url=database_url(service, os.environ), amqp_uri=amqp_uri(service, os.environ))
    stop_on_signals(relay)
    if port := os.environ.get("RELAY_METRICS_PORT"):
        start_http_server(int(port), os.environ.get("HTTP_HOST", "127.0.0.1"))
    relay.run()
    if as_json:
        click.echo(json.dumps({"service": service, "stopped": True}))
