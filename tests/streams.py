"""Reads the broker's streams whole."""

from typing import NamedTuple

import pika


class Entry(NamedTuple):
    """A message in a stream."""

    offset: int
    message_id: str
    body: bytes
    properties: pika.BasicProperties


def read_stream(amqp_uri: str, name: str, *, quiet: float = 0.5) -> list[Entry]:
    """Everything in the stream, in its order; it ends where nothing more comes for `quiet` seconds."""
    entries = []
    with pika.BlockingConnection(pika.URLParameters(amqp_uri)) as connection:
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
