"""Publishes every line of a file with pipelined confirms; prints when it began and how long all confirms took."""

import argparse
import json
import time
from pathlib import Path

import pika
from pika.spec import Basic


class Publisher:
    """Keeps `window` messages on their way until all are confirmed; any nack ends it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.bodies = Path(options.file).read_bytes().splitlines()
        self.properties = pika.BasicProperties(content_type=options.content_type, delivery_mode=2)
        self.sent = self.below = 0
        self.singly: set[int] = set()

    def run(self) -> dict[str, float]:
        self.connection = pika.SelectConnection(
            pika.URLParameters(self.options.uri), on_open_callback=lambda it: it.channel(on_open_callback=self.start)
        )
        self.connection.ioloop.start()
        return {"began": self.began, "seconds": self.finished - self.began}

    def start(self, channel: pika.channel.Channel) -> None:
        self.channel = channel
        channel.add_on_close_callback(self.closed)
        channel.confirm_delivery(self.confirmed, callback=lambda _: self.fill())
        self.began = time.monotonic()

    def fill(self) -> None:
        room = self.options.window - (self.sent - self.below - len(self.singly))
        for body in self.bodies[self.sent : self.sent + room]:
            self.sent += 1
            self.channel.basic_publish(self.options.exchange, self.options.key, body, self.properties, mandatory=True)

    def confirmed(self, frame: pika.frame.Method) -> None:
        if not isinstance(frame.method, Basic.Ack):
            raise SystemExit("the broker refused a message")
        self.note(frame.method.delivery_tag, multiple=frame.method.multiple)
        if self.below == len(self.bodies):
            self.finished = time.monotonic()
            self.connection.add_on_close_callback(lambda *_: self.connection.ioloop.stop())
            self.connection.close()
        else:
            self.fill()

    def closed(self, _: pika.channel.Channel, reason: Exception) -> None:
        if self.below < len(self.bodies):
            raise SystemExit(f"the broker closed the channel: {reason}")

    def note(self, tag: int, *, multiple: bool) -> None:
        if multiple:
            self.below = max(self.below, tag)
            self.singly = {single for single in self.singly if single > self.below}
        else:
            self.singly.add(tag)
        while self.below + 1 in self.singly:
            self.below += 1
            self.singly.remove(self.below)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("uri", "exchange", "key", "file"):
        parser.add_argument(name)
    parser.add_argument("--content-type", default="application/cloudevents+json")
    parser.add_argument("--window", type=int, default=500)
    print(json.dumps(Publisher(parser.parse_args()).run()))
