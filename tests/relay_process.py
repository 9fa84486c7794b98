"""A relay as a process of its own that can kill itself at a named point: the argument is JSON."""

import json
import logging
import os
import signal
import sys

from intercoop.commands.relay import stop_on_signals
from shared.messaging.relay.limits import Limits
from shared.messaging.relay.run import Relay

settings = json.loads(sys.argv[1])


def reached(point: str) -> None:
    if point == settings["die_at"]:
        os.kill(os.getpid(), signal.SIGKILL)


logging.getLogger("pika").setLevel(logging.CRITICAL)
relay = Relay(
    "membership",
    database_url=settings["database_url"],
    amqp_uri=settings["amqp_uri"],
    limits=Limits(**settings["limits"]),
    reached=reached,
)
stop_on_signals(relay)
relay.run()
