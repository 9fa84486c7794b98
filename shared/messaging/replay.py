"""Asks for a subscription to be rebuilt, and tells how far it is."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from shared.errors import Conflict, NotFound
from shared.messaging.subscriptions import NOT_BEGUN, subscriptions


class SubscriptionUnknown(NotFound):
    message = "There is no subscription {name}; there are: {known}."


class NotRebuildable(Conflict):
    message = (
        "{name} has effects that can't be taken back, so it can't be replayed; "
        "only a subscription that builds a projection can."
    )


class AlreadyRebuilding(Conflict):
    message = "{name} is being rebuilt already."


def request_replay(session: Session, *, name: str, from_time: datetime | None, actor: str, now: datetime) -> None:
    """Have the subscription's projection emptied and built again by the events since `from_time`, or by all there are.

    With a date the projection afterwards holds what the events since then make, and nothing of what was before.

    Raises:
        SubscriptionUnknown, NotRebuildable, AlreadyRebuilding: when that can't be.
    """
    row = find_subscription(session, name=name)
    if not row.rebuildable:
        raise NotRebuildable(name=name)
    if row.state != "live":
        raise AlreadyRebuilding(name=name)
    wanted = {"state": "rebuilding", "from_time": from_time, "requested_by": actor, "requested_at": now}
    session.execute(update(subscriptions).where(subscriptions.c.name == name).values(**wanted, **NOT_BEGUN))


def find_subscription(session: Session, *, name: str) -> Row[Any]:
    """The subscription's row.

    Raises:
        SubscriptionUnknown: when there is none of that name.
    """
    row = session.execute(select(subscriptions).where(subscriptions.c.name == name).with_for_update()).one_or_none()
    if row is None:
        known = session.scalars(select(subscriptions.c.name).order_by(subscriptions.c.name))
        raise SubscriptionUnknown(name=name, known=", ".join(known) or "none yet")
    return row


def list_subscriptions(session: Session) -> list[Row[Any]]:
    """All of the service's subscriptions that were ever started, by name."""
    return list(session.execute(select(subscriptions).order_by(subscriptions.c.name)))


def how_far(row: Row[Any]) -> tuple[int, int]:
    """Events read and events to read, over all streams; equal once the rebuild is through."""
    extents = list(row.progress.values())
    read = sum(min(extent["next"], extent["end"]) - extent["first"] for extent in extents if extent["next"] is not None)
    return read, sum(extent["end"] - extent["first"] for extent in extents)
