"""What a subscription does beside handling: registers, redrives dead letters, notices that it is to be rebuilt."""

import contextlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared.clock import utc_now
from shared.messaging.dead_letters import Failure, NotRedriving, fail_again, next_to_redrive, settle
from shared.messaging.dispatch import Dispatch, Outage
from shared.messaging.failures import describe, failure
from shared.messaging.inbox import Rebuilding
from shared.messaging.subscription import Subscription
from shared.messaging.subscriptions import NOT_BEGUN, subscriptions
from shared.messaging.unit import Begin
from shared.messaging.wire import decode

LOOK_SECONDS = 1
NOTE_SECONDS = 15
REDRIVEN_AT_ONCE = 50
MARGIN = timedelta(days=1)
"""How long before a queue was last known to be read up to date an event may have come that is not handled yet: on its
way round the delay queues for over an hour, or in the hand of a replica that has stopped answering. Less would do for
clocks that differ, and for a chunk of a stream having the time of its first message."""

_look = text("""
    SELECT state, EXISTS (
        SELECT FROM dead_letters WHERE subscription = name AND dead_letters.state = 'redriving'
    ) AS redriving
    FROM subscriptions WHERE name = :name
""")


class Upkeep:
    """Done by the thread that handles, between two units of work."""

    def __init__(self, subscription: Subscription, *, dispatch: Dispatch, begin: Begin) -> None:
        self._subscription = subscription
        self._dispatch = dispatch
        self._begin = begin
        self._registered = False
        self._looked = self._noted = float("-inf")

    def run(self, *, up_to_date: bool) -> None:
        """Whatever is due; `up_to_date` when the queue is there, read, and without a backlog.

        Raises:
            Outage: when the database is away.
            Rebuilding: when the subscription is to be rebuilt, or just is.
        """
        try:
            self._do_what_is_due(up_to_date=up_to_date)
        except SQLAlchemyError as error:
            raise Outage(describe(error)) from error

    def _do_what_is_due(self, *, up_to_date: bool) -> None:
        now = time.monotonic()
        if not self._registered:
            self._in_transaction(self._register)
            self._registered = True
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._look()
        if up_to_date and now - self._noted >= NOTE_SECONDS:
            self._noted = now
            self._in_transaction(self._note_attached)

    def _in_transaction(self, do: Callable[[Session], Any]) -> Any:
        with self._begin() as session:
            return do(session)

    def _register(self, session: Session) -> None:
        """The first start of a projection reads everything there is; any other has nothing to catch up with."""
        rebuildable = self._subscription.projection is not None
        begin = {"state": "rebuilding"} if rebuildable else {"state": "catching up", "from_time": func.now()}
        row = postgresql.insert(subscriptions).values(name=self._subscription.name, rebuildable=rebuildable, **begin)
        session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"rebuildable": rebuildable}))

    def _look(self) -> None:
        seen = self._in_transaction(lambda session: session.execute(_look, {"name": self._subscription.name}).one())
        if seen.state != "live":
            raise Rebuilding(self._subscription.name)
        if seen.redriving:
            self._redrive()

    def _redrive(self) -> None:
        for _ in range(REDRIVEN_AT_ONCE):
            row = self._in_transaction(lambda session: next_to_redrive(session, subscription=self._subscription.name))
            if row is None:
                return
            self._redrive_one(row)

    def _redrive_one(self, row: Any) -> None:
        try:
            self._dispatch.handle_delivery(
                decode(row.body), also=lambda session: settle(session, dead_letter_id=row.id, now=utc_now())
            )
        except (Outage, Rebuilding):
            raise
        except NotRedriving:
            return
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is kept with the dead letter
            self._bury_again(row.id, failure(error, attempts=row.attempts + 1))

    def _bury_again(self, dead_letter_id: UUID, why: Failure) -> None:
        with contextlib.suppress(NotRedriving):
            self._in_transaction(
                lambda session: fail_again(session, dead_letter_id=dead_letter_id, failure=why, now=utc_now())
            )

    def _note_attached(self, session: Session) -> None:
        row = subscriptions.c.name == self._subscription.name
        session.execute(update(subscriptions).where(row).values(attached_at=func.now()))

    def note_lost_queue(self) -> None:
        """The queue is not there, or as good as that. Events went by, or were in it, and the streams have them."""
        lost = subscriptions.c.name == self._subscription.name, subscriptions.c.state == "live"
        since = func.greatest(subscriptions.c.attached_at - MARGIN, subscriptions.c.created_at)
        asked = {"from_time": since, "requested_at": None, "requested_by": None}
        change = update(subscriptions).where(*lost).values(state="catching up", **asked, **NOT_BEGUN)
        self._in_transaction(lambda session: session.execute(change))
        self.look_again()

    def look_again(self) -> None:
        """Whatever was seen before may have changed."""
        self._looked = float("-inf")
