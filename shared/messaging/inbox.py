"""Which events a subscription has handled: written in the handler's transaction, so each effect happens once."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Column, DateTime, Integer, Table, Text, Uuid, delete, func, text
from sqlalchemy.orm import Session

from shared.contracts import Event
from shared.database import plumbing
from shared.messaging.subscription import Subscription
from shared.messaging.wire import Delivery

inbox = Table(
    "inbox",
    plumbing,
    Column("subscription", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

latest_versions = Table(
    "inbox_latest",
    plumbing,
    Column("subscription", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("version", Integer, nullable=False, comment="the newest subject_version handed over"),
)

# Sorted, so that two replicas given the same events wait for each other and don't deadlock.
_take = text("""
    WITH gate AS MATERIALIZED (SELECT pg_try_advisory_xact_lock_shared(:lock_key) AS open),
    fresh AS (
        INSERT INTO inbox (subscription, event_id)
        SELECT :subscription, event_id FROM gate, unnest(CAST(:event_ids AS uuid[])) AS event_id
        WHERE gate.open ORDER BY event_id
        ON CONFLICT DO NOTHING RETURNING event_id
    )
    SELECT gate.open, fresh.event_id FROM gate LEFT JOIN fresh ON true
""")

_advance = text("""
    INSERT INTO inbox_latest (subscription, subject, version)
    SELECT :subscription, subject, version
    FROM unnest(CAST(:subjects AS text[]), CAST(:versions AS integer[])) AS newest (subject, version)
    ORDER BY subject
    ON CONFLICT (subscription, subject) DO UPDATE SET version = excluded.version
    WHERE inbox_latest.version < excluded.version
    RETURNING subject
""")


class Rebuilding(Exception):  # noqa: N818 -- a state, not a fault
    """Somebody rebuilds the subscription; nothing may be handled meanwhile."""


def take(
    session: Session, deliveries: Sequence[Delivery[Event]], *, subscription: Subscription
) -> list[Delivery[Event]]:
    """Those of `deliveries` still to be handled, in their order; they count as handled when the session commits.

    With `latest`, of each subject only the newest, and only if nothing newer was ever handed over. A sandbox event
    counts as handled and is never handed over.

    Raises:
        Rebuilding: while the subscription is being rebuilt.
    """
    once = {delivery.id: delivery for delivery in deliveries}
    fresh = _fresh(session, list(once), subscription=subscription)
    new = [delivery for event_id, delivery in once.items() if event_id in fresh and not delivery.sandbox]
    return _newest(session, new, subscription=subscription) if subscription.latest and new else new


def _fresh(session: Session, event_ids: list[UUID], *, subscription: Subscription) -> set[UUID]:
    rows = session.execute(
        _take,
        {"lock_key": subscription.lock_key, "subscription": subscription.name, "event_ids": event_ids},
    ).all()
    if not rows[0].open:
        raise Rebuilding(subscription.name)
    return {row.event_id for row in rows if row.event_id}


def _newest(
    session: Session, deliveries: Iterable[Delivery[Event]], *, subscription: Subscription
) -> list[Delivery[Event]]:
    by_subject: dict[str, Delivery[Event]] = {}
    for delivery in deliveries:
        known = by_subject.get(delivery.subject)
        if known is None or known.subject_version < delivery.subject_version:
            by_subject[delivery.subject] = delivery
    advanced = session.scalars(
        _advance,
        {
            "subscription": subscription.name,
            "subjects": list(by_subject),
            "versions": [delivery.subject_version for delivery in by_subject.values()],
        },
    )
    return [by_subject[subject] for subject in advanced]


def forget(session: Session, *, subscription: Subscription) -> None:
    """Let every event count as new again; only a rebuild may, since effects would happen twice."""
    for table in (inbox, latest_versions):
        session.execute(delete(table).where(table.c.subscription == subscription.name))
