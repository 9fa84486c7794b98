"""A subscription whose process is killed, told to stop, or killed by what it handles."""

import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from intercoop.audit.services import Audited
from shared.messaging.intake import SUSPECT_RETURNS
from tests.samples import Sample, a_sample, admitted
from tests.waiting import eventually


@pytest.fixture
def sample(broker_addresses: tuple[str, str], database_server_url: str, publisher_url: str) -> Iterator[Sample]:
    with a_sample(broker_addresses, database_server_url, publisher_url=publisher_url) as sample:
        yield sample


@pytest.fixture
def ran(sample: Sample) -> list[Audited]:
    return sample.audited()


@pytest.fixture
def running(sample: Sample) -> Sample:
    sample.start()
    sample.wait_until_attached()
    return sample


@pytest.mark.parametrize("where", ["before-commit", "before-ack"])
def test_killed_in_the_middle_each_effect_still_happens_once(running: Sample, where: str) -> None:
    """Trap: the event of a handler that died comes again; only the inbox knows whether its effect is there."""
    (running.folder / where).touch()
    events = [admitted() for _ in range(30)]
    running.say(events)
    assert running.processes[-1].wait(20) == -signal.SIGKILL
    running.start()
    eventually(lambda: len(running.noted()) >= 30)
    assert sorted(running.noted()) == sorted(event.id for event in events)


def test_after_a_death_events_still_come_in_the_order_they_were_said(running: Sample) -> None:
    """Trap: a quorum queue without a delivery limit puts what comes back behind everything else."""
    events = [admitted("sleep 0.02") for _ in range(150)]
    running.say(events)
    eventually(lambda: len(running.noted()) > 10)
    running.kill_all()
    assert len(running.noted()) < 150
    running.start()
    eventually(lambda: len(running.noted()) >= 150, within=30)
    assert running.noted() == [event.id for event in events]


@pytest.mark.parametrize("limit", [7, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.timeout(300)
@pytest.mark.dead(1)
def test_an_event_that_kills_the_process_is_put_aside_and_its_neighbours_are_not(sample: Sample, limit: int) -> None:
    sample.extra |= {"SAMPLE_DELIVERY_LIMIT": str(limit), "SAMPLE_NOTES_RETURNS": "1"}
    sample.start()
    sample.wait_until_attached()
    sample.stop()
    good, killer = [admitted() for _ in range(60)], admitted("die")
    sample.say([*good[:30], killer, *good[30:]])
    deaths = 0
    while not sample.dead():
        process = sample.start()
        eventually(lambda process=process: process.poll() is not None or sample.dead())
        deaths += process.poll() is not None
    eventually(lambda: len(sample.noted()) == 60)
    assert set(sample.noted()) == {event.id for event in good}
    [row] = sample.dead()
    assert (row.error_kind, row.error_type, row.event_id) == ("returned", "delivery_limit", killer.id)
    assert row.body == killer.body
    # The broker counts returns, and a process may also give back what it holds without dying: not every one is a death.
    returns = sample.returns(killer)
    assert returns == sorted(returns)
    assert (returns[0], returns[-1]) == (0, limit), "put aside too early or too late"
    # Given back as a suspect by a consumer that is then cancelled, it may count twice.
    assert set(range(limit + 1)) - set(returns) <= {SUSPECT_RETURNS + 1}
    assert SUSPECT_RETURNS < deaths <= len(returns)


def test_told_to_stop_it_finishes_what_is_in_hand_and_gives_back_the_rest(running: Sample) -> None:
    """Trap: stock nameko's graceful stop has no deadline."""
    events = [admitted("sleep 0.2") for _ in range(40)]
    running.say(events)
    eventually(running.noted)
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 15
    done = running.noted()
    assert len(done) < 40
    assert running.dead() == []
    running.start()
    eventually(lambda: len(running.noted()) >= 40)
    assert sorted(running.noted()) == sorted(event.id for event in events)


def test_a_handler_that_does_not_end_is_rolled_back_at_the_deadline(sample: Sample) -> None:
    sample.extra["SAMPLE_STOP_SECONDS"] = "1"
    sample.start()
    sample.wait_until_attached()
    event = admitted("doze 40")
    sample.say([event])
    eventually((sample.folder / "dozing").exists)
    assert sample.stop(within=15) == 0
    assert sample.noted() == []
    sample.start()
    eventually(lambda: sample.noted() == [event.id])


def test_a_second_signal_ends_it_at_once_and_loses_nothing(running: Sample) -> None:
    events = [admitted("doze 40"), admitted()]
    running.say(events)
    eventually((running.folder / "dozing").exists)
    process = running.processes[-1]
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 128 + signal.SIGTERM
    running.start()
    eventually(lambda: len(running.noted()) == 2)
    assert sorted(running.noted()) == sorted(event.id for event in events)
