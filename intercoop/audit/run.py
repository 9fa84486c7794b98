"""One audit over all services: a cut through every outbox, then everything up to it."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import product

import psycopg

from intercoop.audit.effects import check_effects
from intercoop.audit.publishers import Database, compare_outbox, compare_stream, cut_of, unpublished
from intercoop.audit.queues import missing_queues, waiting
from intercoop.audit.report import Finding, Report, finding
from intercoop.audit.subscriptions import compare_inbox, dead_letters, publishers_of, subscriptions_of
from intercoop.instance import ServiceAddress
from shared.contracts import Visibility
from shared.messaging.relay.leader import plain_url
from shared.messaging.subscription import Subscription

AGAIN_SECONDS = 0.5
VISIBILITIES: tuple[Visibility, ...] = ("public", "internal")


class Audit:
    """Compares everything that was committed before it began; what is written meanwhile is left alone."""

    def __init__(self, services: Mapping[str, ServiceAddress], databases: Mapping[str, Database]) -> None:
        self._services = services
        self._databases = databases
        self._cuts = {name: cut_of(database) for name, database in databases.items()}
        self._subscriptions = {name: subscriptions_of(name) for name in services}

    def run(self, *, wait: float, read: Callable[[int], None]) -> Report:
        """Let what is under way arrive for at most `wait` seconds, then compare."""
        deadline = time.monotonic() + wait
        while not self._arrivals().settled and time.monotonic() < deadline:
            time.sleep(AGAIN_SECONDS)
        return Report(self._arrivals().findings + self._standing() + self._streams(read))

    def _arrivals(self) -> Report:
        """What may change by itself while one waits."""
        found: list[Finding] = []
        for name, database in self._databases.items():
            found += unpublished(database, name, cut=self._cuts[name])
            for subscription in self._subscriptions[name]:
                found += self._compare_subscription(database, subscription)
        return Report(found)

    def _compare_subscription(self, database: Database, subscription: Subscription) -> list[Finding]:
        missing = [
            each.event_id
            for publisher in publishers_of(subscription)
            if publisher in self._databases
            for each in compare_inbox(
                database, subscription, publisher, outbox=self._databases[publisher], cut=self._cuts[publisher]
            )
        ]
        if not missing:
            return []
        service, name = subscription.service, subscription.name
        if is_rebuilding(database, subscription):
            return finding("pending", service, f"not yet read again by {name}", missing)
        depth = waiting(self._services[service].amqp_uri, subscription)
        if depth >= len(missing):
            return finding("pending", service, f"waiting for {name}", missing)
        return finding("lost", service, f"published, but {name} has neither handled nor buried it", missing)

    def _standing(self) -> list[Finding]:
        """What waiting doesn't change."""
        found: list[Finding] = []
        for name, database in self._databases.items():
            found += compare_outbox(database, name)
            started = [each for each in self._subscriptions[name] if has_started(database, each)]
            found += missing_queues(self._services[name].amqp_uri, started)
            found += [one for each in started for one in dead_letters(database, each)]
            found += check_effects(database, name)
        return found

    def _streams(self, read: Callable[[int], None]) -> list[Finding]:
        """Side by side, since reading is mostly waiting for a stream's end."""
        with ThreadPoolExecutor() as pool:
            compared = [
                pool.submit(self._compare_stream, name, visibility, read)
                for name, visibility in product(self._databases, VISIBILITIES)
            ]
        return [one for found in compared for one in found.result()]

    def _compare_stream(self, name: str, visibility: Visibility, read: Callable[[int], None]) -> list[Finding]:
        at = self._services[name]
        with open_database(at.database_url) as database:
            return compare_stream(database, name, visibility, amqp_uri=at.amqp_uri, cut=self._cuts[name], read=read)


def has_started(database: Database, subscription: Subscription) -> bool:
    """Whether any replica of the service ever ran it."""
    return _state(database, subscription) is not None


def is_rebuilding(database: Database, subscription: Subscription) -> bool:
    """Whether it reads its publishers' streams just now."""
    return _state(database, subscription) == "rebuilding"


def _state(database: Database, subscription: Subscription) -> str | None:
    row = database.execute("SELECT state FROM subscriptions WHERE name = %s", [subscription.name]).fetchone()
    return row[0] if row else None


def open_database(database_url: str) -> Database:
    """A connection that reads each statement's own present."""
    return psycopg.connect(plain_url(database_url), autocommit=True, connect_timeout=5)


def audit(services: Mapping[str, ServiceAddress], *, wait: float, read: Callable[[int], None]) -> Report:
    """The report on these services. `read` is told how many messages of the streams were read, again and again.

    Raises:
        psycopg.OperationalError, OSError: when a database or the broker doesn't answer; nothing is known then.
    """
    with ExitStack() as stack:
        databases = {name: stack.enter_context(open_database(at.database_url)) for name, at in services.items()}
        return Audit(services, databases).run(wait=wait, read=read)
