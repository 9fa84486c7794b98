"""A subscription while its broker dies, freezes, starves, cuts it off and forgets its queue."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import Engine

from intercoop.audit.services import Audited
from tests.proxy import proxied
from tests.samples import Sample, a_channel, admitted
from tests.victims import VictimBroker
from tests.waiting import eventually


@pytest.fixture
def sample(engine: Engine, chaos_amqp_uri: str, publisher_url: str, tmp_path: Path) -> Iterator[Sample]:
    sample = Sample(engine, chaos_amqp_uri, tmp_path, publisher_url=publisher_url)
    sample.extra["SAMPLE_HEARTBEAT"] = "2"
    yield sample
    sample.kill_all()


@pytest.fixture
def ran(sample: Sample) -> list[Audited]:
    return sample.audited()


@pytest.fixture
def running(sample: Sample) -> Sample:
    sample.start()
    sample.wait_until_attached()
    return sample


def lost(sample: Sample) -> bool:
    """Whether the subscription, not only the reader of the dead queue beside it, has noticed."""
    return any("broker lost" in line["message"] and "subscription" in line for line in sample.logged())


def assert_all_once(sample: Sample, count: int, *, within: float = 60) -> None:
    eventually(lambda: len(set(sample.noted())) >= count, within=within)
    assert len(sample.noted()) == count
    assert sample.dead() == []


@pytest.mark.parametrize("kill", [pytest.param(False, marks=pytest.mark.long), True], ids=["stopped", "killed"])
def test_a_broker_restart_loses_and_doubles_nothing(victim_broker: VictimBroker, running: Sample, kill: bool) -> None:
    """Trap: an acknowledgement after the connection was lost is swallowed, and the message comes again."""
    running.say([admitted("sleep 0.005") for _ in range(800)])
    eventually(lambda: len(running.noted()) > 20)
    victim_broker.restart(kill=kill)
    running.say([admitted() for _ in range(20)])
    assert_all_once(running, 820)


def test_what_waits_for_another_try_survives_the_broker(victim_broker: VictimBroker, running: Sample) -> None:
    """Trap: by default the broker itself moves messages from queue to queue without confirming it."""
    running.retry_seconds = "5,5"
    running.stop()
    running.start()
    running.wait_until_attached()
    running.say([admitted(f"once {nth}") for nth in range(30)])
    # The first of each group fails with its group, so its attempt alone goes well.
    eventually(lambda: running.log.read_text().count("attempt 1 failed") >= 15, within=20)
    victim_broker.restart(kill=True)
    assert_all_once(running, 30)


def test_it_starts_while_the_broker_is_away(sample: Sample) -> None:
    """Trap: nameko waits without limit for its first connection, and can not be stopped meanwhile."""
    with proxied(sample.amqp_uri) as (proxy, through):
        proxy.refuse()
        sample.start(amqp_uri=through)
        eventually(lambda: lost(sample), within=15)
        assert sample.stop() == 0
        sample.start(amqp_uri=through)
        proxy.refuse(refuses=False)
        sample.wait_until_attached()
        sample.say([admitted() for _ in range(10)])
        assert_all_once(sample, 10)


@pytest.mark.parametrize("seconds", [6, pytest.param(60, marks=pytest.mark.long)])
def test_a_frozen_broker_is_given_up_and_found_again(
    victim_broker: VictimBroker, running: Sample, seconds: int
) -> None:
    """Trap: a consumer that asks a frozen broker to cancel waits for the answer for ever."""
    running.say([admitted("sleep 0.005") for _ in range(300)])
    eventually(lambda: len(running.noted()) > 20)
    with victim_broker.frozen():
        frozen_at = time.monotonic()
        eventually(lambda: lost(running))
        eventually(lambda: time.monotonic() > frozen_at + seconds, within=seconds + 1)
    running.say([admitted() for _ in range(20)])
    assert_all_once(running, 320)


def test_it_stops_in_time_though_the_broker_is_frozen(victim_broker: VictimBroker, running: Sample) -> None:
    """Trap: closing a connection waits without limit for the broker to agree."""
    running.say([admitted("sleep 0.05") for _ in range(60)])
    eventually(running.noted)
    with victim_broker.frozen():
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < 10
    running.start()
    assert_all_once(running, 60)


def test_one_that_starts_while_the_broker_is_frozen_stops_in_time_or_goes_on(
    victim_broker: VictimBroker, sample: Sample
) -> None:
    with victim_broker.frozen():
        told = sample.start()
        eventually(lambda: lost(sample), within=30)
        began = time.monotonic()
        assert sample.stop(told) == 0
        assert time.monotonic() - began < 10
        sample.start()
    sample.wait_until_attached()
    sample.say([admitted()])
    assert_all_once(sample, 1)


@pytest.mark.dead(1)
def test_what_must_be_tried_again_waits_for_a_frozen_broker_and_keeps_nobody_from_stopping(
    victim_broker: VictimBroker, running: Sample
) -> None:
    """Trap: a publish to a broker that does not listen waits for its confirm for ever."""
    running.say([admitted("sleep 2"), admitted("fail")])
    eventually(lambda: running.depth("sample.note_member") == 0)
    with victim_broker.frozen():
        eventually(lambda: "cannot delay an event now" in running.log.read_text(), within=30)
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < 20
    running.start()
    eventually(running.dead, within=40)
    assert len(running.noted()) == len(running.dead()) == 1


@pytest.mark.parametrize("swallowed", [("up", "down"), ("down",), ("up",)], ids=["both", "down", "up"])
def test_a_half_open_connection_is_noticed_and_replaced(sample: Sample, swallowed: tuple[str, ...]) -> None:
    """Trap: nameko's own test of this is skipped, since its consumer hangs for ever."""
    with proxied(sample.amqp_uri) as (proxy, through):
        sample.start(amqp_uri=through)
        sample.wait_until_attached()
        sample.say([admitted()])
        eventually(lambda: len(sample.noted()) == 1)
        proxy.swallow(*swallowed)  # type: ignore[arg-type] # parametrized literals
        sample.say([admitted() for _ in range(10)])
        eventually(lambda: lost(sample))
        proxy.swallow()
        assert_all_once(sample, 11)


def test_a_connection_closed_by_the_broker_is_opened_again(victim_broker: VictimBroker, running: Sample) -> None:
    eventually(victim_broker.close_connections, every=0.5)
    running.say([admitted() for _ in range(10)])
    assert_all_once(running, 10)


def test_a_queue_deleted_under_it_is_declared_again_and_what_went_by_is_caught_up(running: Sample) -> None:
    """Trap: an event published while a subscriber's queue is missing vanishes without an error."""
    running.say([admitted("sleep 0.005") for _ in range(200)])
    eventually(running.noted)
    with a_channel(running.amqp_uri) as channel:
        channel.queue_delete("sample.note_member")
        running.say([admitted() for _ in range(10)])
    assert_all_once(running, 210)


@pytest.fixture
def impatient_broker(victim_broker: VictimBroker) -> Iterator[VictimBroker]:
    """It looks twice a second for consumers that have not answered for two."""
    victim_broker.set_env(consumer_timeout=2000, channel_tick_interval=500)
    yield victim_broker
    victim_broker.set_env(consumer_timeout=1_800_000, channel_tick_interval=60_000)


@pytest.mark.usefixtures("impatient_broker")
def test_a_channel_closed_for_a_slow_answer_is_opened_again(running: Sample) -> None:
    """Trap: a consumer whose channel the broker closed over `consumer_timeout` easily never hears of it."""
    running.say([admitted("sleep 6"), *[admitted() for _ in range(20)]])
    eventually(lambda: lost(running), within=15)
    running.say([admitted() for _ in range(10)])
    assert_all_once(running, 31)


@pytest.mark.parametrize("resource", ["memory", "disk"])
def test_a_starving_broker_delays_only_what_must_be_tried_again(
    victim_broker: VictimBroker, sample: Sample, resource: Literal["memory", "disk"]
) -> None:
    """Trap: an alarm blocks the connections that publish; acknowledging must go on, or the alarm never ends."""
    sample.start()
    sample.wait_until_attached()
    sample.stop()
    sample.say([admitted("once a"), *[admitted() for _ in range(350)]])
    with victim_broker.starved(resource):
        sample.start()
        eventually(lambda: len(sample.noted()) == 350)
    assert_all_once(sample, 351)


@pytest.mark.parametrize("blocks", [False, pytest.param(True, marks=pytest.mark.long)], ids=["waiting", "computing"])
def test_a_handler_slower_than_the_heartbeat_is_done_once(running: Sample, blocks: bool) -> None:
    """Trap: a handler that starves the heartbeat has its connection closed and its event delivered again."""
    running.say([admitted("burn 7" if blocks else "sleep 7"), admitted()])
    eventually(lambda: len(running.noted()) == 2)
    running.say([admitted()])
    assert_all_once(running, 3)
    if not blocks:
        assert not lost(running)
