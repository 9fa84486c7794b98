"""A subscription while its database does not answer: it gives up, waits, and nothing is held against the events."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from intercoop.audit.services import Audited
from shared.database import connect
from tests.chaos.conftest import MuteDatabase
from tests.samples import Sample, admitted, assert_all_once
from tests.waiting import eventually


@pytest.fixture
def sample(mute_database: MuteDatabase, amqp_uri: str, publisher_url: str, tmp_path: Path) -> Iterator[Sample]:
    """Its process reaches a database that can fall mute; the test itself looks past that."""
    engine = connect(mute_database.direct_url)
    sample = Sample(engine, amqp_uri, tmp_path, publisher_url=publisher_url)
    yield sample
    sample.kill_all()
    engine.dispose()


@pytest.fixture
def ran(sample: Sample) -> list[Audited]:
    return sample.audited()


def start(sample: Sample, database: MuteDatabase, *, statement: float) -> None:
    sample.extra["SAMPLE_STATEMENT_SECONDS"] = str(statement)
    sample.start(database_url=database.url)
    sample.wait_until_attached()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("seconds", "statement"),
    [pytest.param(5, 3, id="short"), pytest.param(60, 10, id="long", marks=pytest.mark.long)],
)
def test_a_database_that_does_not_answer_is_waited_for_and_costs_no_event_an_attempt(
    mute_database: MuteDatabase, sample: Sample, seconds: float, statement: float
) -> None:
    """Trap: the session the network cut off keeps its locks, and who does the work again waits for them in vain."""
    start(sample, mute_database, statement=statement)
    sample.say([admitted("sleep 0.005") for _ in range(300)])
    eventually(lambda: len(sample.noted()) > 20)
    with mute_database.mute():
        muted_at = time.monotonic()
        sample.say([admitted() for _ in range(20)])
        eventually(lambda: "paused, the database is away" in sample.log.read_text(), within=statement + 4)
        eventually(lambda: time.monotonic() > muted_at + seconds, within=seconds + 1)
    assert_all_once(sample, 320)


def test_it_stops_in_time_though_the_database_does_not_answer(mute_database: MuteDatabase, sample: Sample) -> None:
    start(sample, mute_database, statement=3)
    sample.say([admitted("sleep 0.005") for _ in range(300)])
    eventually(lambda: len(sample.noted()) > 20)
    with mute_database.mute():
        began = time.monotonic()
        assert sample.stop() == 0
        assert time.monotonic() - began < 10
    sample.start()
    assert_all_once(sample, 300)
