"""Each effect once, whatever arrives however often in whatever order and company."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from itertools import pairwise
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shared.contracts import Event
from shared.contracts.membership import MemberAdmitted, MemberUpdated
from shared.database import connect, transaction
from shared.messaging.failures import SwallowedError
from shared.messaging.inbox import Rebuilding, forget, inbox, latest_versions, take
from shared.messaging.subscription import Subscription
from shared.messaging.unit import run_unit
from shared.messaging.wire import Delivery, decode
from shared.tables import plumbing
from tests.conftest import create_database, drop_database
from tests.samples import updated

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
EFFECTS = Subscription(service="sample", name="effects", events=(MemberAdmitted, MemberUpdated))
STATE = Subscription(service="sample", name="state", events=(MemberAdmitted, MemberUpdated), latest=True)
LISTS = Subscription(service="sample", name="lists", events=(MemberAdmitted, MemberUpdated), many=True)


@pytest.fixture(scope="module")
def database(database_server_url: str) -> Iterator[Engine]:
    url = create_database(database_server_url)
    engine = connect(url)
    plumbing.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE effects (event_id uuid, subject text, version int)"))
        connection.execute(text("CREATE TABLE states (subject text PRIMARY KEY, version int)"))
    yield engine
    engine.dispose()
    drop_database(database_server_url, url)


def an_event(member: UUID, version: int) -> Delivery[Event]:
    return decode(updated(f"version {version}", member=member, version=version).body)


def note(session: Session, delivery: Delivery[Event]) -> None:
    values = {"event_id": delivery.id, "subject": delivery.subject, "version": delivery.subject_version}
    session.execute(text("INSERT INTO effects VALUES (:event_id, :subject, :version)"), values)


def note_all(session: Session, deliveries: list[Delivery[Event]]) -> None:
    for delivery in deliveries:
        note(session, delivery)


def keep(session: Session, delivery: Delivery[Event]) -> None:
    """A careless handler: it writes whatever it is given."""
    upsert = "INSERT INTO states VALUES (:s, :v) ON CONFLICT (subject) DO UPDATE SET version = excluded.version"
    session.execute(text(upsert), {"s": delivery.subject, "v": delivery.subject_version})


HANDLERS = ((EFFECTS, note), (STATE, keep), (LISTS, note_all))


def handle(engine: Engine, group: list[Delivery[Event]], subscription: Subscription, handler: Any) -> int:
    return run_unit(
        group, subscription=subscription, worker=lambda: nullcontext(handler), begin=lambda: transaction(engine)
    )


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE effects, states, inbox, inbox_latest"))


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[Delivery[Event]]]:
    """Up to 12 events of up to 3 members, each 1 to 5 times, in any order, cut into groups anywhere."""
    events = [
        an_event(member, version)
        for member in [uuid4() for _ in range(draw(st.integers(1, 3)))]
        for version in range(1, draw(st.integers(1, 4)) + 1)
    ]
    copies = [event for event in events for _ in range(draw(st.integers(1, 5)))]
    order = draw(st.permutations(copies))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=6)) | {0, len(order)})
    return [order[a:b] for a, b in pairwise(cuts) if a < b]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=arrivals())
def test_every_effect_once_and_the_newest_state(database: Engine, groups: list[list[Delivery[Event]]]) -> None:
    empty(database)
    for group in groups:
        for subscription, handler in HANDLERS:
            handle(database, group, subscription, handler)
    events = {delivery.id: delivery for group in groups for delivery in group}
    newest: dict[str, int] = {}
    for delivery in events.values():
        newest[delivery.subject] = max(newest.get(delivery.subject, 0), delivery.subject_version)
    with database.connect() as connection:
        effects = connection.execute(text("SELECT event_id FROM effects")).scalars().all()
        states = {row.subject: row.version for row in connection.execute(text("SELECT * FROM states"))}
    assert sorted(effects) == sorted([*events, *events])
    assert states == newest


def test_what_fails_counts_as_not_handled(database: Engine) -> None:
    empty(database)
    event = an_event(uuid4(), 1)

    def fail(*_: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        handle(database, [event], STATE, fail)
    assert handle(database, [event], STATE, keep) == 1
    assert handle(database, [event], STATE, keep) == 0


def test_replicas_given_the_same_events_at_the_same_time_do_them_once(database: Engine) -> None:
    empty(database)
    events = [an_event(uuid4(), 1) for _ in range(30)]
    together = Barrier(4)

    def replica(order: list[Delivery[Event]]) -> None:
        together.wait()
        handle(database, order, EFFECTS, note)
        handle(database, order, STATE, keep)

    replicas = [Thread(target=replica, args=(order,)) for order in (events, events[::-1], events[::2], events[::3])]
    for thread in replicas:
        thread.start()
    for thread in replicas:
        thread.join()
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM effects")).scalar() == 30
        assert connection.execute(text("SELECT count(*) FROM states")).scalar() == 30


def test_nothing_is_handled_while_somebody_rebuilds(database: Engine) -> None:
    empty(database)
    event = an_event(uuid4(), 1)
    with database.connect() as rebuilding:
        rebuilding.execute(select(func.pg_advisory_xact_lock(EFFECTS.lock_key)))
        with pytest.raises(Rebuilding):
            handle(database, [event], EFFECTS, note)
        assert handle(database, [event], STATE, keep) == 1
    assert handle(database, [event], EFFECTS, note) == 1


def test_a_forgotten_inbox_takes_everything_again(database: Engine) -> None:
    empty(database)
    event = an_event(uuid4(), 1)
    handle(database, [event], STATE, keep)
    with transaction(database) as session:
        forget(session, subscription=STATE)
        assert session.scalar(select(func.count()).select_from(latest_versions)) == 0
        assert take(session, [event], subscription=STATE) == [event]
        session.execute(delete(inbox))


def test_a_swallowed_error_is_noticed_on_the_connection_of_a_rebuild_too(database: Engine) -> None:
    """Trap: a connection detached from its pool no longer shows SQLAlchemy's driver_connection."""

    def swallow(session: Session, delivery: Delivery[Event]) -> None:
        with suppress(DBAPIError):
            session.execute(text("SELECT 1/0"))

    with database.connect() as connection:
        connection.detach()
        with pytest.raises(SwallowedError):
            run_unit(
                [an_event(uuid4(), 1)],
                subscription=EFFECTS,
                worker=lambda: nullcontext(swallow),
                begin=lambda: begun(connection),
            )


@contextmanager
def begun(connection: Connection) -> Iterator[Session]:
    with Session(connection) as session, session.begin():
        yield session
