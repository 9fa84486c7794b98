"""One unit of work of a subscription: inbox, handler and whatever belongs to it in one transaction."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy.orm import Session

from shared.connection import BoundedConnection
from shared.contracts import Event
from shared.messaging.failures import SwallowedError
from shared.messaging.inbox import take
from shared.messaging.subscription import Subscription
from shared.messaging.wire import Delivery
from shared.tracing import Trace, new_traceparent, put_trace

Worker = Callable[[], AbstractContextManager[Callable[..., Any]]]
"""Gives the handler's method, bound to a service instance with its dependencies, for one unit of work."""

Begin = Callable[[], AbstractContextManager[Session]]
"""Opens a transaction that commits when its block ends and rolls back when it raises."""


def run_unit(
    deliveries: Sequence[Delivery[Event]],
    *,
    subscription: Subscription,
    worker: Worker,
    begin: Begin,
    also: Callable[[Session], None] | None = None,
) -> int:
    """Handle those of `deliveries` that were not handled before, all of them or none; returns how many that were.

    `also` joins the transaction after the handler.
    """
    with worker() as method, begin() as session:
        fresh = take(session, deliveries, subscription=subscription)
        if subscription.many:
            _call_once(session, fresh, method=method)
        else:
            _call_each(session, fresh, method=method)
        if also is not None:
            also(session)
        session.flush()
        _refuse_swallowed(session)
    return len(fresh)


def _call_once(session: Session, deliveries: list[Delivery[Event]], *, method: Callable[..., Any]) -> None:
    if deliveries:
        put_trace(session, effect_of(deliveries[0]))
        method(session, deliveries)


def _call_each(session: Session, deliveries: list[Delivery[Event]], *, method: Callable[..., Any]) -> None:
    for delivery in deliveries:
        put_trace(session, effect_of(delivery))
        method(session, delivery)


def effect_of(delivery: Delivery[Event]) -> Trace:
    """What the events that the handler publishes carry: the same correlation, this event as the cause."""
    return Trace(
        correlation_id=delivery.trace.correlation_id,
        causation_id=str(delivery.id),
        actor=delivery.trace.actor,
        traceparent=new_traceparent(delivery.trace.traceparent),
    )


def _refuse_swallowed(session: Session) -> None:
    """PostgreSQL answers the commit of a failed transaction with a silent rollback, and the event would be gone."""
    driver = session.connection().connection.dbapi_connection
    assert isinstance(driver, BoundedConnection)
    if driver.info.transaction_status == TransactionStatus.INERROR:
        raise SwallowedError("the handler went on after a database error that ended its transaction")
