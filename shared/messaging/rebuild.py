"""Reads a subscription's events again from their publishers' streams, up to where they end, while live ones wait."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shared.clock import utc_now
from shared.database import unhurried
from shared.messaging.dead_letters import dead_letter_actions, dead_letters
from shared.messaging.declare import bind_queue, declare_queue
from shared.messaging.dispatch import Dispatch
from shared.messaging.inbox import forget, inbox
from shared.messaging.link import Link, Received
from shared.messaging.retries import Retries
from shared.messaging.streams import Offset, StreamReader, end_of, first_of, offset_of
from shared.messaging.subscription import Subscription
from shared.messaging.subscription_metrics import MADE_AGAIN
from shared.messaging.subscriptions import NOT_BEGUN, subscriptions
from shared.messaging.topology import bindings
from shared.messaging.unit import Worker
from shared.messaging.wire import Unreadable, decode

_log = logging.getLogger(__name__)

GROUP = 100
STILL_THERE_SECONDS = 5

SILENT_SECONDS = 60
"""The server takes the lock from a process it has not heard of for so long, which the network may have cut off."""

AT_ONCE = timedelta(seconds=10)
"""A new subscription without a projection has nothing to read when its queue is there so soon after its start."""


class Incomplete(Exception):  # noqa: N818 -- a refusal
    """The stream no longer has all events, and nobody said that this is all right."""


class Rebuild:
    """One attempt; what it has read is noted, so that another attempt goes on from there."""

    def __init__(
        self,
        subscription: Subscription,
        *,
        engine: Engine,
        amqp_uri: str,
        worker: Worker,
        retries: Retries,
        stopping: threading.Event,
    ) -> None:
        self._subscription = subscription
        self._engine = engine
        self._amqp_uri = amqp_uri
        self._worker = worker
        self._retries = retries
        self._stopping = stopping
        self._wanted = frozenset(bindings(subscription.events))
        self._row = subscriptions.c.name == subscription.name

    def run(self) -> None:
        """Until the subscription is live again, or somebody else is at it, or we are to stop."""
        with self._alone() as connection:
            if connection is None:
                return
            state = self._state(connection)
            if state.state == "live":
                return
            if self._provide_queue(connection, state):
                state = self._state(connection)
            try:
                progress = state.progress if state.began_at else self._start(connection, state)
            except Incomplete as reason:
                self._refuse(connection, str(reason))
                return
            if all(self._read(connection, state, stream, progress) for stream in list(progress)):
                self._finish(connection)

    def _provide_queue(self, connection: Connection, state: Any) -> bool:
        """Whether it had to be made; the streams are then to be read from the beginning."""
        with Link(self._amqp_uri, name=self._subscription.queue) as link:
            made = declare_queue(link, self._subscription, note_loss=lambda: self._begin_again(connection))
            bind_queue(link, self._subscription)
        if made and state.attached_at is not None:
            _log.warning("made the queue again: it was not there or had no leader", extra=self._extra)
            MADE_AGAIN.labels(self._subscription.service, self._subscription.name).inc()
        return made

    def _begin_again(self, connection: Connection) -> None:
        """Where the streams were seen to end, events went on into the queue that is lost now."""
        with self._begin(connection) as session:
            session.execute(update(subscriptions).where(self._row).values(**NOT_BEGUN))

    @contextmanager
    def _alone(self) -> Iterator[Connection | None]:
        """A connection that holds the subscription's lock, so that no unit of work of any process runs meanwhile.

        All the rebuild's own transactions use it: should it break, the lock and the transaction go together.
        """
        connection = self._engine.connect()
        connection.detach()
        try:
            connection.execute(text(f"SET lock_timeout = '{STILL_THERE_SECONDS}s'"))
            connection.execute(select(func.pg_advisory_lock(self._subscription.lock_key)))
            connection.execute(text("SET lock_timeout = 0"))
            connection.execute(text(f"SET idle_session_timeout = '{SILENT_SECONDS}s'"))
            connection.commit()
        except DBAPIError as error:
            connection.close()
            if getattr(error.orig, "sqlstate", None) != "55P03":
                raise
            yield None
            return
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _begin(self, connection: Connection) -> Iterator[Session]:
        with Session(bind=connection, expire_on_commit=False) as session, session.begin():
            yield session

    def _state(self, connection: Connection) -> Any:
        with self._begin(connection) as session:
            return session.execute(select(subscriptions).where(self._row)).one()

    def _start(self, connection: Connection, state: Any) -> dict[str, dict[str, Any]]:
        streams = [] if self._is_new(state) else self._subscription.streams
        progress = {stream: extent for stream in streams if (extent := self._survey(stream, state))}
        with unhurried(connection), self._begin(connection) as session:
            if state.state == "rebuilding":
                assert self._subscription.projection is not None
                self._subscription.projection(session)
                forget(session, subscription=self._subscription)
            began = {"began_at": func.now(), "finished_at": None, "progress": progress, "note": ""}
            session.execute(update(subscriptions).where(self._row).values(**began))
        _log.info("%s, from the streams", state.state, extra=self._extra)
        return progress

    def _is_new(self, state: Any) -> bool:
        begins_now = state.state == "catching up" and state.attached_at is None
        return bool(begins_now and utc_now() - state.created_at < AT_ONCE)

    def _survey(self, stream: str, state: Any) -> dict[str, Any]:
        """Where to begin and where to end; empty when there is nothing."""
        first = first_of(self._amqp_uri, stream)
        if first is None:
            return {}
        if offset_of(first) > 0 and state.requested_at and state.from_time is None and state.state == "rebuilding":
            raise Incomplete(
                f"the stream {stream} no longer has its first {offset_of(first)} events; "
                f"to rebuild from what it has, name the date to begin at"
            )
        return {"first": offset_of(first), "next": None, "end": end_of(self._amqp_uri, stream)}

    def _read(self, connection: Connection, state: Any, stream: str, progress: dict[str, dict[str, Any]]) -> bool:
        """Whether the stream was read to its end."""
        extent = progress[stream]
        if extent["next"] is not None and extent["next"] >= extent["end"]:
            return True
        with StreamReader(self._amqp_uri, stream, self._offset(state, extent)) as reader:
            if extent["next"] is None and reader.is_empty(seconds=STILL_THERE_SECONDS):
                # All there is came before the time to read from.
                extent["next"] = extent["end"]
            return self._follow(connection, state, reader, extent, progress)

    def _follow(
        self,
        connection: Connection,
        state: Any,
        reader: StreamReader,
        extent: dict[str, Any],
        progress: dict[str, dict[str, Any]],
    ) -> bool:
        skipped = self._skipped(connection, state)
        dispatch = Dispatch(
            self._subscription, worker=self._worker, begin=lambda: self._begin(connection), retries=self._retries
        )
        while extent["next"] is None or extent["next"] < extent["end"]:
            batch = reader.next(GROUP, seconds=STILL_THERE_SECONDS, stopping=self._stopping.is_set)
            if self._stopping.is_set():
                return False
            if not batch:
                raise ConnectionError("the stream gave nothing")
            dispatch.handle([message for message in batch if self._is_wanted(message, state, skipped)])
            while dispatch.has_unsent() and not self._stopping.wait(1):
                dispatch.send_unsent()
            reader.link.acknowledge([message.tag for message in batch])
            extent["next"] = offset_of(batch[-1]) + 1
            with self._begin(connection) as session:
                session.execute(update(subscriptions).where(self._row).values(progress=progress))
        return True

    def _offset(self, state: Any, extent: dict[str, Any]) -> Offset:
        if extent["next"] is not None:
            return int(extent["next"])
        return state.from_time.astimezone(UTC).replace(tzinfo=None) if state.from_time else "first"

    def _is_wanted(self, message: Received, state: Any, skipped: frozenset[str]) -> bool:
        """Events of a type we don't know may be in the stream; only those we subscribe to concern us.

        A catching-up goes by the stream's time alone: what happened long ago may have been published just now.
        """
        if message.routing_key not in self._wanted or str(message.properties.get("message_id")) in skipped:
            return False
        if state.from_time is None or state.state != "rebuilding":
            return True
        try:
            return bool(decode(message.body).time >= state.from_time)
        except Unreadable:
            return True

    def _skipped(self, connection: Connection, state: Any) -> frozenset[str]:
        """What was discarded stays so; and a catching-up leaves alone whatever somebody has to decide or decided."""
        query = select(dead_letters.c.event_id).where(dead_letters.c.subscription == self._subscription.name)
        if state.state == "rebuilding":
            query = query.where(dead_letters.c.state == "discarded")
        with self._begin(connection) as session:
            return frozenset(str(event_id) for event_id in session.scalars(query))

    def _refuse(self, connection: Connection, reason: str) -> None:
        _log.error("not rebuilt: %s", reason, extra=self._extra)
        with self._begin(connection) as session:
            session.execute(update(subscriptions).where(self._row).values(state="live", note=f"not rebuilt: {reason}"))

    def _finish(self, connection: Connection) -> None:
        with self._begin(connection) as session:
            self._settle_dead_letters(session)
            # What came after the beginning waits in the queue.
            live = {"state": "live", "finished_at": func.now(), "attached_at": subscriptions.c.began_at}
            session.execute(update(subscriptions).where(self._row).values(**live))
        _log.info("up to date, live again", extra=self._extra)

    def _settle_dead_letters(self, session: Session) -> None:
        """Dead ones that went well this time need no decision any more."""
        name = self._subscription.name
        handled = select(inbox.c.event_id).where(inbox.c.subscription == name)
        settled = (
            update(dead_letters)
            .where(
                dead_letters.c.subscription == name,
                dead_letters.c.state == "dead",
                dead_letters.c.event_id.in_(handled),
            )
            .values(state="redriven")
            .returning(dead_letters.c.id)
        )
        line = {"actor": "system", "action": "redriven", "at": utc_now(), "note": "handled while rebuilding"}
        if lines := [{"dead_letter_id": each, **line} for each in session.scalars(settled)]:
            session.execute(insert(dead_letter_actions), lines)

    @property
    def _extra(self) -> dict[str, object]:
        return {"subscription": self._subscription.queue}
