"""Runs the sample service, publishes to it and looks at what it did."""

import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pika
from psycopg.errors import DeadlockDetected
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

from intercoop.audit.effects import Check
from intercoop.audit.services import Audited
from shared.contracts import Event
from shared.contracts.examples import example
from shared.contracts.membership import MemberAdmitted, MemberUpdated
from shared.database import connect
from shared.ids import uuid7
from shared.messaging import topology
from shared.messaging.dead_letters import dead_letters
from shared.messaging.inbox import inbox
from shared.messaging.relay.run import Relay
from shared.messaging.subscribe import subscriptions_in
from shared.messaging.wire import CONTENT_TYPE, encode
from shared.tables import plumbing
from shared.tracing import Trace
from tests.audits import a_publisher
from tests.conftest import create_database, drop_database, virtual_host
from tests.forking import Forked, fork
from tests.outboxes import connect_plain
from tests.relays import QUICK
from tests.sample_service import SampleService, kept, metadata, notes
from tests.waiting import eventually

IMPORTS = ("shared.worker", "shared.messaging.subscribe", "shared.contracts.examples")
"""What the sample service rests on."""

PATIENT = replace(QUICK, idle_session=60.0, confirm=15.0)
"""For a relay that is no part of the test: it is to deliver, however busy the machine."""

CHECKS = (
    Check(
        what="events noted twice",
        query="SELECT event_id FROM notes GROUP BY subscription, event_id HAVING count(*) > 1",
    ),
    Check(
        what="events noted, but not as handled",
        query="""SELECT event_id FROM notes WHERE NOT EXISTS
                 (SELECT FROM inbox WHERE (subscription, event_id) = (notes.subscription, notes.event_id))""",
    ),
    Check(
        kind="lost",
        what="events handled, but not noted",
        query="""SELECT event_id FROM inbox
                 WHERE subscription IN ('note_member', 'list_members', 'list_contacts') AND NOT EXISTS
                 (SELECT FROM notes WHERE (subscription, event_id) = (inbox.subscription, inbox.event_id))""",
    ),
    Check(
        kind="lost",
        what="members whose newest state is not kept",
        query="""SELECT subject FROM inbox_latest LEFT JOIN kept ON subject = 'member/' || member_id
                 WHERE subscription = 'keep_member' AND kept.version IS DISTINCT FROM inbox_latest.version""",
    ),
)
"""What the sample service does with an event shows in its tables; each must be there, and once."""


class Sample:
    """The sample service's processes, its database and its broker."""

    def __init__(
        self,
        engine: Engine,
        amqp_uri: str,
        folder: Path,
        *,
        only: str = "note_member",
        api: str = "",
        publisher_url: str = "",
    ) -> None:
        self.api = api
        self.publisher_url = publisher_url
        self.engine = engine
        self.amqp_uri = amqp_uri
        self.folder = folder
        self.only = only
        self.retry_seconds = "1,1"
        self.extra: dict[str, str] = {}
        self.processes: list[Forked] = []
        plumbing.create_all(engine)
        metadata.create_all(engine)
        (folder / "jwks.json").write_text('{"keys": []}')

    def start(self, *, amqp_uri: str | None = None, database_url: str | None = None) -> Forked:
        env = os.environ | {
            "DATABASE_URL": database_url or self.url,
            "AMQP_URI": amqp_uri or self.amqp_uri,
            "SAMPLE_FLAGS": str(self.folder),
            "SAMPLE_ONLY": self.only,
            "SAMPLE_RETRY_SECONDS": self.retry_seconds,
            **self.extra,
        }
        process = fork("tests.sample_service", log=self.log, env=env, imports=IMPORTS)
        self.processes.append(process)
        return process

    @property
    def url(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)

    def returns(self, event: "Wire") -> list[int]:
        """How often the broker said it had taken the event back, each time it gave it out; SAMPLE_NOTES_RETURNS."""
        lines = [line.split() for line in (self.folder / "returns").read_text().splitlines()]
        return [int(count) for event_id, count in lines if event_id == str(event.id)]

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def say(self, wires: Iterable["Wire"]) -> None:
        """Commit the events to the publisher's outbox and relay them; returns once the broker has confirmed all."""
        put(self.publisher_url, wires)
        Relay("membership", database_url=self.publisher_url, amqp_uri=self.amqp_uri, limits=PATIENT).drain(within=60)

    def stop(self, process: Forked | None = None, *, within: float = 30) -> int:
        process = process or self.processes[-1]
        process.send_signal(signal.SIGTERM)
        return process.wait(within)

    def kill_all(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def wait_until_attached(self) -> None:
        """Until every subscription's queue has a consumer."""
        for name in self.only.split(","):
            eventually(lambda name=name: self.consumers(topology.queue("sample", name)), within=90, every=0.2)

    def consumers(self, queue: str) -> int:
        with a_channel(self.amqp_uri) as channel:
            try:
                return int(channel.queue_declare(queue, passive=True).method.consumer_count)
            except pika.exceptions.ChannelClosedByBroker:
                return 0

    def unsettled(self, *queues: str) -> int:
        """Messages in the queues, ready or in somebody's hand, by the broker's own count."""
        with httpx.Client(base_url=self.api, timeout=30) as api:
            vhost = urlsplit(self.amqp_uri).path.removeprefix("/")
            return sum(int(api.get(f"/api/queues/{vhost}/{queue}").json().get("messages", 1)) for queue in queues)

    def depth(self, queue: str) -> int:
        """Messages ready in the queue."""
        with a_channel(self.amqp_uri) as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def forget(self) -> None:
        """Empty what a test left behind, once every subscription is through with it; the processes go on.

        A test may end while a subscription it did not look at still has its events in hand.
        """
        last = admitted()
        send(self.amqp_uri, [last])
        eventually(lambda: self._handled_by(last) == set(self.only.split(",")))
        eventually(self._forgets)

    def _handled_by(self, event: "Wire") -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.scalars(select(inbox.c.subscription).where(inbox.c.event_id == event.id)))

    def _forgets(self) -> bool:
        """False when what the processes do meanwhile took these tables in another order."""
        tables = ("notes", "kept", "inbox", "inbox_latest", "dead_letter_actions", "dead_letters", "outbox")
        try:
            with self.engine.begin() as connection:
                connection.exec_driver_sql(f"TRUNCATE {', '.join(tables)}")
        except OperationalError as error:
            if not isinstance(error.orig, DeadlockDetected):
                raise
            return False
        return True

    def noted(self, subscription: str = "note_member") -> list[UUID]:
        with self.engine.connect() as connection:
            query = select(notes.c.event_id).where(notes.c.subscription == subscription).order_by(notes.c.id)
            return list(connection.scalars(query))

    def count_noted(self, subscription: str = "note_member") -> int:
        with self.engine.connect() as connection:
            return int(connection.scalar(select(func.count()).where(notes.c.subscription == subscription)) or 0)

    def names(self, subscription: str = "note_member") -> list[str]:
        with self.engine.connect() as connection:
            query = select(notes.c.name).where(notes.c.subscription == subscription).order_by(notes.c.id)
            return list(connection.scalars(query))

    def kept(self) -> dict[UUID, tuple[int, str]]:
        with self.engine.connect() as connection:
            return {row.member_id: (row.version, row.name) for row in connection.execute(select(kept))}

    def dead(self, subscription: str = "note_member") -> list[Any]:
        query = select(dead_letters).where(dead_letters.c.subscription == subscription).order_by(dead_letters.c.id)
        with self.engine.connect() as connection:
            return list(connection.execute(query))

    def count(self, table: Any) -> int:
        with self.engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(table)) or 0)

    def audited(self) -> list[Audited]:
        """The service and its publisher. Tests publish to subscriptions that are attached, so there is no grace."""
        wanted = tuple(each for each in subscriptions_in(SampleService) if each.name in self.only.split(","))
        sample = Audited(
            name="sample",
            database_url=self.url,
            amqp_uri=self.amqp_uri,
            subscriptions=wanted,
            checks=CHECKS,
            grace=timedelta(0),
        )
        return [a_publisher(self.publisher_url, self.amqp_uri), sample]


@contextmanager
def a_sample(broker: tuple[str, str], database_server: str, **options: Any) -> Iterator[Sample]:
    """A sample service with a virtual host and a database of its own; ended with the block, however it is."""
    url = create_database(database_server)
    engine = connect(url)
    with virtual_host(*broker) as uri, tempfile.TemporaryDirectory(prefix="intercoop-sample-") as folder:
        sample = Sample(engine, uri, Path(folder), api=broker[1], **options)
        try:
            yield sample
        finally:
            sample.kill_all()
            engine.dispose()
            drop_database(database_server, url)


@contextmanager
def a_channel(amqp_uri: str) -> Iterator[Any]:
    with pika.BlockingConnection(pika.URLParameters(amqp_uri)) as connection:
        yield connection.channel()


class Wire:
    """An event as it goes over the wire."""

    def __init__(
        self, event: Event, *, version: int = 1, trace: Trace | None = None, at: datetime | None = None
    ) -> None:
        self.id = uuid7()
        self.key = event.routing_key()
        self.type = event.type_name()
        self.event = event
        self.version = version
        head, tail = encode(event, event_id=self.id, time=at or datetime.now(UTC), trace=trace or Trace())
        self.body = f"{head}{version}{tail}".encode()


def admitted(name: str = "Cooperativa La Unión", *, version: int = 1, member: UUID | None = None) -> Wire:
    event = example(MemberAdmitted)
    return Wire(replace(event, member_id=member or uuid4(), name=name), version=version)  # type: ignore[type-var] # each Event is a dataclass


def updated(name: str, *, member: UUID, version: int) -> Wire:
    return Wire(replace(example(MemberUpdated), member_id=member, name=name), version=version)  # type: ignore[type-var] # each Event is a dataclass


def put(database_url: str, wires: Iterable[Wire]) -> None:
    """Rows in an outbox, as publish() would leave them."""
    columns = "event_id, topic, subject, subject_version, body, visibility"
    with connect_plain(database_url) as connection, connection.transaction():
        connection.cursor().executemany(
            f"INSERT INTO outbox ({columns}) VALUES (%s, %s, %s, %s, %s, %s)",
            [
                (each.id, each.key, each.event.subject, each.version, each.body.decode(), each.event.visibility)
                for each in wires
            ],
        )


def send(amqp_uri: str, wires: Iterable[Wire | bytes], *, key: str = "membership.member.admitted.v1") -> None:
    """Publish to the exchange, confirmed; bytes go as they are."""
    with a_channel(amqp_uri) as channel:
        channel.confirm_delivery()
        channel.exchange_declare(topology.EXCHANGE, "topic", durable=True)
        for wire in wires:
            event = wire if isinstance(wire, Wire) else None
            properties = pika.BasicProperties(
                content_type=CONTENT_TYPE,
                delivery_mode=2,
                message_id=str(event.id) if event else None,
                type=event.type if event else None,
            )
            body = event.body if event else wire
            publish = partial(channel.basic_publish, topology.EXCHANGE, event.key if event else key, body, properties)
            eventually(lambda publish=publish: is_taken(publish))


def is_taken(publish: Callable[..., None]) -> bool:
    """Whether the broker confirmed; just after its start it may refuse, and one asks again as the relay does."""
    try:
        publish(mandatory=True)
    except pika.exceptions.NackError:
        return False
    return True


def assert_all_once(sample: Sample, count: int) -> None:
    eventually(lambda: len(set(sample.noted())) >= count)
    assert len(sample.noted()) == count
    assert sample.dead() == []
    retried = [line for line in sample.logged() if line["message"].startswith("attempt ")]
    assert retried == []
