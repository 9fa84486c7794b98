"""Every wait for the database ends: for an answer, for a connection, for a lock of somebody who is gone."""

import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from shared.database import Bounds, allow_silence, connect, transaction, unhurried
from shared.messaging.failures import Remedy, remedy
from tests.notes_server import ROOT
from tests.proxy import Proxy, proxied
from tests.waiting import eventually

QUICK = Bounds(free=1, connect=2, statement=1)


@pytest.fixture
def network(database_url: str) -> Iterator[tuple[Proxy, Engine]]:
    """A way to the database that can be cut, and an engine that goes by it."""
    with proxied(database_url) as (proxy, through):
        engine = connect(through, pool_size=1, bounds=QUICK)
        yield proxy, engine
        engine.dispose()


@pytest.fixture
def quick(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url, bounds=QUICK)
    yield engine
    engine.dispose()


def ask(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(select(1)) or 0)


def wait(seconds: float) -> None:
    ends = time.monotonic() + seconds
    eventually(lambda: time.monotonic() > ends, within=seconds + 1)


def seconds_until_refused(engine: Engine, kind: type[Exception] = OperationalError) -> float:
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        ask(engine)
    assert remedy(caught.value) is Remedy.WAIT
    return time.monotonic() - began


def test_an_answer_that_does_not_come_is_given_up_and_the_way_back_is_found(network: tuple[Proxy, Engine]) -> None:
    proxy, engine = network
    ask(engine)
    proxy.swallow("down")
    assert seconds_until_refused(engine) < QUICK.answer + 0.5
    proxy.swallow()
    assert ask(engine) == 1


def test_a_connection_that_lay_idle_is_tried_before_anybody_gets_it(network: tuple[Proxy, Engine]) -> None:
    proxy, engine = network
    ask(engine)
    wait(1.1)
    proxy.swallow("up", "down")
    assert 1.9 < seconds_until_refused(engine) < 2 + QUICK.connect + 0.5
    proxy.swallow()
    assert ask(engine) == 1


def test_a_pool_that_stays_empty_is_not_waited_for(quick: Engine) -> None:
    held = [quick.connect() for _ in range(20)]
    assert seconds_until_refused(quick, PoolTimeout) < QUICK.free + 0.5
    for connection in held:
        connection.close()
    assert ask(quick) == 1


def test_the_server_cancels_first_so_that_a_slow_statement_costs_no_connection(quick: Engine) -> None:
    with quick.connect() as connection, pytest.raises(OperationalError, match="statement timeout") as caught:
        connection.execute(select(func.pg_sleep(5)))
    assert not caught.value.connection_invalidated


def test_what_goes_through_whole_tables_may_take_its_time_and_nothing_after_it(quick: Engine) -> None:
    with quick.connect() as connection:
        connection.detach()
        with unhurried(connection), connection.begin():
            connection.execute(select(func.pg_sleep(QUICK.answer + 0.5)))
            wait(QUICK.silence + 0.5)
            connection.execute(select(1))
        with pytest.raises(OperationalError, match="statement timeout"):
            connection.execute(select(func.pg_sleep(5)))


def test_the_locks_of_somebody_the_network_cut_off_are_given_back(network: tuple[Proxy, Engine], quick: Engine) -> None:
    """Trap: the server waits two hours for a client it can not hear, and everybody else for what that one holds."""
    proxy, engine = network
    take = text("SELECT pg_advisory_xact_lock(7)")
    with Session(engine) as session:
        session.execute(take)
        proxy.swallow("up", "down")
        with pytest.raises(OperationalError):
            session.execute(text("SELECT 1"))
        with transaction(quick) as other:
            other.execute(take)


def test_silence_ends_a_transaction_unless_it_is_announced(quick: Engine) -> None:
    with pytest.raises(DBAPIError) as caught, transaction(quick) as session:
        session.execute(select(1))
        wait(QUICK.silence + 0.5)
        session.execute(select(1))
    assert isinstance(caught.value.orig, psycopg.errors.IdleInTransactionSessionTimeout)
    assert remedy(caught.value) is Remedy.WAIT
    with transaction(quick) as session:
        allow_silence(session, seconds=60)
        wait(QUICK.silence + 0.5)
        session.execute(select(1))


IN_GREEN_THREADS = """
import sys, time
from shared.run import patch
patch()
import eventlet, socket
from sqlalchemy import func, select
from shared.database import Bounds, connect
engine = connect(sys.argv[1], bounds=Bounds(statement=1))
def ask():
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return connection.scalar(select(func.repeat("x", 5)).select_from(func.pg_sleep(0.5)))
def compute():
    theirs.recv(1)
    ends = time.monotonic() + 3
    while time.monotonic() < ends:
        pass
ours, theirs = socket.socketpair()
asking, _ = eventlet.spawn(ask), eventlet.spawn(compute)
eventlet.sleep(0.2)
ours.send(b"!")
print(asking.wait())
"""


def test_who_computes_for_long_makes_nobody_miss_an_answer_that_is_there(database_url: str) -> None:
    """Trap: eventlet fires timers before it looks at sockets, so after a pause every wait seems to be over."""
    command = [sys.executable, "-W", "ignore", "-c", IN_GREEN_THREADS, database_url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "xxxxx\n", done.stderr
