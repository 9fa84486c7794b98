"""Reads the broker's streams whole."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import pika


class Entry(NamedTuple):
    """A message in a stream."""

    offset: int
    message_id: str
    body: bytes
    properties: pika.BasicProperties


@contextmanager
def _connected(amqp_uri: str) -> Iterator[pika.BlockingConnection]:
    """At its end pika gives back what came after the last look, which a stream refuses by closing the connection."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_uri))
    try:
        yield connection
    finally:
        with suppress(pika.exceptions.AMQPConnectionError):
            connection.close()


def read_stream(amqp_uri: str, name: str, *, quiet: float = 0.5) -> list[Entry]:
    """Everything in the stream, in its order; it ends where nothing more comes for `quiet` seconds."""
    entries = []
    with _connected(amqp_uri) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=1000)
        consumed = channel.consume(name, arguments={"x-stream-offset": "first"}, inactivity_timeout=quiet)
        for method, properties, body in consumed:
            if method is None:
                break
            offset = properties.headers["x-stream-offset"]
            entries.append(Entry(offset, properties.message_id, body, properties))
            if method.delivery_tag % 100 == 0:
                channel.basic_ack(method.delivery_tag, multiple=True)
    return entries
