"""Who is to blame: the event, the moment, or nobody in sight."""

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.database import connect
from shared.errors import Conflict
from shared.messaging.failures import Remedy, describe, failure, remedy
from shared.messaging.wire import Unreadable


class SeatTaken(Conflict):
    message = "The seat of {name} is taken."


def raised(engine: Engine, sqlstate: str) -> DBAPIError:
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'ana@example.org' USING ERRCODE = '{sqlstate}'; END $$"
    with pytest.raises(DBAPIError) as caught, engine.connect() as connection:
        connection.execute(text(statement))
    return caught.value


@pytest.mark.parametrize("sqlstate", ["08006", "53300", "53100", "57P01", "57P03", "25006"])
def test_a_database_that_is_away_is_waited_for(engine: Engine, sqlstate: str) -> None:
    assert remedy(raised(engine, sqlstate)) is Remedy.WAIT


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_transactions_that_clash_are_done_again(engine: Engine, sqlstate: str) -> None:
    assert remedy(raised(engine, sqlstate)) is Remedy.AGAIN


@pytest.mark.parametrize("sqlstate", ["23505", "22P02", "57014", "55P03"])
def test_other_errors_of_the_database_are_the_events_own(engine: Engine, sqlstate: str) -> None:
    assert remedy(raised(engine, sqlstate)) is Remedy.RETRY


def test_no_connection_and_no_free_connection_are_outages() -> None:
    nowhere = connect("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(OperationalError) as refused, nowhere.connect():
        pass
    assert remedy(refused.value) is Remedy.WAIT
    assert remedy(PoolTimeout()) is Remedy.WAIT


def test_an_outage_behind_another_error_is_still_an_outage() -> None:
    wrapped = RuntimeError("could not pay")
    wrapped.__cause__ = psycopg.OperationalError("the connection is lost")
    assert remedy(wrapped) is Remedy.WAIT


def test_a_refusal_is_final_and_a_fault_is_not() -> None:
    assert remedy(SeatTaken(name="Ana")) is Remedy.BURY
    assert remedy(Unreadable("not JSON")) is Remedy.BURY
    assert remedy(KeyError("x")) is Remedy.RETRY


def test_what_is_kept_of_an_error_names_nobody(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE people (email text UNIQUE)"))
        connection.execute(text("INSERT INTO people VALUES ('ana@example.org')"))
    with pytest.raises(IntegrityError) as twice, engine.begin() as connection:
        connection.execute(text("INSERT INTO people VALUES ('ana@example.org')"))
    assert describe(twice.value) == "UniqueViolation 23505 people people_email_key"
    assert describe(SeatTaken(name="Ana")) == "The seat of {name} is taken."
    kept = failure(ValueError("ana@example.org is no number"), attempts=3)
    assert (kept.kind, kept.type, kept.attempts) == ("failed", "ValueError", 3)
    assert "ana" not in kept.message
