"""Whether a subscription has every event it should."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Any
from uuid import UUID

from intercoop.audit.publishers import Database, column, streamed
from intercoop.audit.report import Finding, finding
from intercoop.broker_definitions import PUBLIC_STREAM_DAYS
from shared.contracts.catalogue import BY_PUBLISHER
from shared.messaging.subscription import Subscription
from shared.messaging.topology import bindings

_OWED = """
    SELECT event_id, position, published_at FROM outbox
    WHERE topic = ANY (%(keys)s) AND id <= %(cut)s AND published_at >= %(since)s ORDER BY event_id
"""

_KNOWN = """
    SELECT event_id FROM inbox WHERE subscription = %(name)s
    UNION
    SELECT event_id FROM dead_letters WHERE subscription = %(name)s AND event_id IS NOT NULL
    ORDER BY event_id
"""

# A projection has every event there ever was, or since the date it was last rebuilt from; anything else begins when
# it is first started.
_BEGAN = """
    SELECT rebuildable, created_at,
        CASE WHEN rebuildable THEN greatest(from_time, now() - make_interval(days => %(days)s)) ELSE created_at END
    FROM subscriptions WHERE name = %(name)s
"""

_DEAD = "SELECT id FROM dead_letters WHERE subscription = %(name)s AND state IN ('dead', 'redriving') ORDER BY id"


@dataclass(frozen=True)
class Owed:
    """A published event that the subscription doesn't have."""

    event_id: UUID
    position: int
    published_at: Any


def compare_inbox(
    consumer: Database, subscription: Subscription, publisher: str, *, outbox: Database, cut: int, grace: timedelta
) -> list[Owed]:
    """Events of `publisher` that the subscription should have handled or buried by now, and has not.

    What was published within `grace` of its first start, and before anything it handled, it may have been too late for.
    """
    began = consumer.execute(_BEGAN, {"name": subscription.name, "days": PUBLIC_STREAM_DAYS - 1}).fetchone()
    if began is None:
        return []  # it never started
    keys = bindings(tuple(event for event in subscription.events if event.publisher() == publisher))
    rebuildable, created_at, since = began
    with (
        streamed(outbox, "owed", _OWED, {"keys": keys, "cut": cut, "since": since}) as owed,
        streamed(consumer, "known", _KNOWN, {"name": subscription.name}) as known,
    ):
        missing, first = _merge(owed, known)
    if rebuildable:
        return missing
    return [each for each in missing if each.position > first or each.published_at > created_at + grace]


def _merge(owed: Iterator[Any], known: Iterator[Any]) -> tuple[list[Owed], float]:
    """Both sorted by event id: what is owed and not known, and the first position that is known."""
    missing, first = [], inf
    have = next(known, None)
    for row in owed:
        while have and have[0] < row[0]:
            have = next(known, None)
        if have and have[0] == row[0]:
            first = min(first, row[1])
        else:
            missing.append(Owed(*row))
    return missing, first


def publishers_of(subscription: Subscription) -> list[str]:
    """Whose events it wants."""
    return [name for name in BY_PUBLISHER if any(event.publisher() == name for event in subscription.events)]


def dead_letters(consumer: Database, subscription: Subscription) -> list[Finding]:
    """What waits for somebody's decision."""
    dead = column(consumer, _DEAD, {"name": subscription.name})
    return finding("dead", subscription.service, f"dead letters of {subscription.name}", dead)
