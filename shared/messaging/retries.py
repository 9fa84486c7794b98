"""Sends an event round through a delay queue, so that it is tried again later."""

import contextlib
import time
from datetime import datetime
from typing import Any

from shared.messaging import topology
from shared.messaging.declare import declare_retries
from shared.messaging.link import BROKER_ERRORS, Link, Received
from shared.messaging.subscription_metrics import SILENT

ATTEMPTS = "intercoop-attempts"
FIRST_FAILED_AT = "intercoop-first-failed-at"
CONFIRM_SECONDS = 10
IDLE_SECONDS = 30


def attempts(message: Received) -> int:
    """How often the event was tried before."""
    count = message.headers.get(ATTEMPTS, 0)
    return count if isinstance(count, int) else 0


def first_failed_at(message: Received) -> datetime | None:
    """When the event first failed; None if it never did."""
    value = message.headers.get(FIRST_FAILED_AT)
    return datetime.fromisoformat(value) if isinstance(value, str) else None


class Retries:
    """The way to the delay queues, on a connection of its own.

    When it runs out of memory or disk the broker stops listening to connections that publish, and the consuming one
    must still be able to acknowledge.
    """

    def __init__(self, amqp_uri: str, service: str) -> None:
        self._amqp_uri = amqp_uri
        self._service = service
        self._link: Link | None = None
        self._used = 0.0

    def send(self, message: Received, *, queue: str, now: datetime) -> None:
        """Have the event come back to `queue` after the delay of its next attempt; confirmed when this returns.

        Raises:
            BROKER_ERRORS: when the broker did not confirm in time; the event is then perhaps sent, perhaps not.
        """
        tried = attempts(message)
        step = topology.retry_queue(self._service, topology.RETRY_SECONDS[tried])
        silent = SILENT.labels(self._service, step)
        try:
            channel = self._open().channel
            channel.basic_publish_confirm(
                _copy(channel, message, tried=tried + 1, now=now),
                exchange=step,
                routing_key=queue,
                mandatory=True,
                confirm_timeout=CONFIRM_SECONDS,
            )
        except BROKER_ERRORS as error:
            silent.set(isinstance(error, TimeoutError))
            self.close()
            raise
        silent.set(0)
        self._used = time.monotonic()

    def close(self) -> None:
        """Let the connection go."""
        if self._link is not None:
            self._link.abort()
        self._link = None

    def _open(self) -> Link:
        if self._link is not None and time.monotonic() - self._used > IDLE_SECONDS:
            self._link.close()
            self._link = None
        if self._link is None:
            # Used now and then by a thread that waits elsewhere, so nobody would answer the broker's heartbeats.
            self._link = Link(self._amqp_uri, name=f"{self._service} retries", heartbeat=0)
            with contextlib.ExitStack() as undo:
                undo.callback(self.close)
                declare_retries(self._link, self._service)
                self._link.fail_when_blocked()
                undo.pop_all()
        return self._link


def _copy(channel: Any, message: Received, *, tried: int, now: datetime) -> Any:
    headers = {ATTEMPTS: tried, FIRST_FAILED_AT: message.headers.get(FIRST_FAILED_AT) or now.isoformat()}
    kept = ("content_encoding", "message_id", "type", "timestamp", "app_id")
    properties = {name: message.properties[name] for name in kept if name in message.properties}
    content_type = message.properties.get("content_type")
    return channel.prepare_message(
        message.body, content_type=content_type, headers=headers, properties={"delivery_mode": 2, **properties}
    )
