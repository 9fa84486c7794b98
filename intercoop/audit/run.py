"""One audit over all services: a cut through every outbox, then everything up to it."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import product
from uuid import UUID

from intercoop.audit.effects import check_effects, examine
from intercoop.audit.publishers import Database, compare_outbox, compare_stream, cut_of, unpublished
from intercoop.audit.queues import missing_queues, waiting
from intercoop.audit.report import Finding, Report, finding
from intercoop.audit.services import Audited
from intercoop.audit.subscriptions import compare_inbox, dead_letters, publishers_of
from shared.connection import BoundedConnection
from shared.contracts import Visibility
from shared.database import USUAL
from shared.messaging.relay.leader import plain_url
from shared.messaging.subscription import Subscription

AGAIN_SECONDS = 0.5
ANSWER_SECONDS = 600.0
"""A question goes through whole outboxes and streams, so it may take the server as long, and no longer."""

VISIBILITIES: tuple[Visibility, ...] = ("public", "internal")


class Audit:
    """Compares everything that was committed before it began; what is written meanwhile is left alone."""

    def __init__(self, services: Sequence[Audited], databases: Mapping[str, Database]) -> None:
        self._services = services
        self._databases = databases
        self._cuts = {name: cut_of(database) for name, database in databases.items()}

    def run(self, *, wait: float, read: Callable[[int], None]) -> Report:
        """Let what is under way arrive for at most `wait` seconds, then compare."""
        deadline = time.monotonic() + wait
        while not self._arrivals().settled and time.monotonic() < deadline:
            time.sleep(AGAIN_SECONDS)
        return Report(self._arrivals().findings + self._standing() + self._streams(read))

    def _arrivals(self) -> Report:
        """What may change by itself while one waits."""
        found: list[Finding] = []
        for service in self._services:
            found += unpublished(self._databases[service.name], service.name, cut=self._cuts[service.name])
            for subscription in service.subscriptions:
                found += self._compare_subscription(service, subscription)
        return Report(found)

    def _compare_subscription(self, service: Audited, subscription: Subscription) -> list[Finding]:
        missing = self._missing(service, subscription)
        if not missing:
            return []
        if is_catching_up(self._databases[service.name], subscription):
            return finding("pending", service.name, f"not yet read again by {subscription.name}", missing)
        depth = waiting(service.amqp_uri, subscription, rabbitmq_api=service.rabbitmq_api)
        if depth >= len(missing):
            return finding("pending", service.name, f"waiting for {subscription.name}", missing)
        what = f"published, but {subscription.name} has neither handled nor buried it"
        return finding("lost", service.name, what, missing)

    def _missing(self, service: Audited, subscription: Subscription) -> list[UUID]:
        return [
            each.event_id
            for publisher in publishers_of(subscription)
            if publisher in self._databases
            for each in compare_inbox(
                self._databases[service.name],
                subscription,
                publisher,
                outbox=self._databases[publisher],
                cut=self._cuts[publisher],
                grace=service.grace,
            )
        ]

    def _standing(self) -> list[Finding]:
        """What waiting doesn't change."""
        found: list[Finding] = []
        for service in self._services:
            database = self._databases[service.name]
            found += compare_outbox(database, service.name)
            started = [each for each in service.subscriptions if has_started(database, each)]
            found += missing_queues(service.amqp_uri, started)
            found += [one for each in started for one in dead_letters(database, each)]
            found += check_effects(database, service.name, service.checks)
            found += examine(service.database_url, service.name, service.examinations, seconds=ANSWER_SECONDS)
        return found

    def _streams(self, read: Callable[[int], None]) -> list[Finding]:
        """Side by side, since reading is mostly waiting for a stream's end."""
        with ThreadPoolExecutor() as pool:
            compared = [
                pool.submit(self._compare_stream, service, visibility, read)
                for service, visibility in product(self._services, VISIBILITIES)
            ]
        return [one for found in compared for one in found.result()]

    def _compare_stream(self, service: Audited, visibility: Visibility, read: Callable[[int], None]) -> list[Finding]:
        cut = self._cuts[service.name]
        with open_database(service.database_url) as database:
            return compare_stream(database, service.name, visibility, amqp_uri=service.amqp_uri, cut=cut, read=read)


def has_started(database: Database, subscription: Subscription) -> bool:
    """Whether any replica of the service ever ran it."""
    return _state(database, subscription) is not None


def is_catching_up(database: Database, subscription: Subscription) -> bool:
    """Whether it reads its publishers' streams just now, to be rebuilt or because its queue was lost."""
    return _state(database, subscription) not in (None, "live")


def _state(database: Database, subscription: Subscription) -> str | None:
    row = database.execute("SELECT state FROM subscriptions WHERE name = %s", [subscription.name]).fetchone()
    return row[0] if row else None


def open_database(database_url: str) -> Database:
    """A connection that reads each statement's own present, and is given up when an answer takes too long."""
    seconds = ANSWER_SECONDS
    connection = BoundedConnection.connect(
        plain_url(database_url),
        autocommit=True,
        connect_timeout=USUAL.connect,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=25_000,
        options=f"-c statement_timeout={int(seconds * 1000)}",
    )
    connection.patience = seconds + 1
    return connection


def audit(services: Sequence[Audited], *, wait: float, read: Callable[[int], None]) -> Report:
    """The report on these services. `read` is told how many messages of the streams were read, again and again.

    Raises:
        psycopg.OperationalError, OSError: when a database or the broker doesn't answer; nothing is known then.
    """
    with ExitStack() as stack:
        databases = {each.name: stack.enter_context(open_database(each.database_url)) for each in services}
        return Audit(services, databases).run(wait=wait, read=read)
