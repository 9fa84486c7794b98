"""A copy of another service's public state, kept from its events."""

from collections.abc import Sequence

from sqlalchemy import inspect
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shared.contracts import Event
from shared.database import Base
from shared.messaging.wire import Delivery


def keep(session: Session, replica: type[Base], deliveries: Sequence[Delivery[Event]]) -> None:
    """Bring the rows of `replica` up to the events' state, in one statement.

    `replica` has an `id`, the identifier of the events' subject, `changed_at`, and any of the events' fields by
    their own names. Each subject comes once, and never older than before: what a subscription with `latest` hands over.
    """
    columns = inspect(replica).columns.keys()
    statement = insert(replica).values([_row(delivery, columns) for delivery in deliveries])
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={name: statement.excluded[name] for name in columns if name != "id"}
        )
    )


def _row(delivery: Delivery[Event], columns: list[str]) -> dict[str, object]:
    event = delivery.event
    row: dict[str, object] = {"id": getattr(event, event.subject_field), "changed_at": delivery.time}
    for name in columns:
        if name not in row:
            value = getattr(event, name)
            row[name] = list(value) if isinstance(value, tuple) else value
    return row
