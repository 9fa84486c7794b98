"""Several replicas of one subscription, of which some die or freeze."""

import random
import time
from collections.abc import Iterator

import psutil
import pytest

from intercoop.audit.services import Audited
from tests.samples import Sample, a_sample, admitted
from tests.waiting import eventually

NAMES = ("note_member", "list_members")


@pytest.fixture
def sample(broker_addresses: tuple[str, str], database_server_url: str, publisher_url: str) -> Iterator[Sample]:
    with a_sample(
        broker_addresses, database_server_url, publisher_url=publisher_url, only="note_member,list_members"
    ) as sample:
        sample.extra["SAMPLE_HEARTBEAT"] = "2"
        yield sample


@pytest.fixture
def ran(sample: Sample) -> list[Audited]:
    return sample.audited()


@pytest.fixture
def three(sample: Sample) -> list[psutil.Process]:
    """Three replicas, all attached."""
    started = [psutil.Process(sample.start().pid) for _ in range(3)]
    eventually(lambda: sample.consumers("sample.note_member") == 3, within=30)
    return started


def assert_all_once(sample: Sample, count: int, *, within: float = 40) -> None:
    for name in NAMES:
        eventually(lambda name=name: len(set(sample.noted(name))) >= count, within=within)
        assert len(sample.noted(name)) == count


def test_others_take_over_from_a_killed_replica(sample: Sample, three: list[psutil.Process]) -> None:
    sample.say([admitted("sleep 0.01") for _ in range(300)])
    eventually(lambda: len(sample.noted()) > 20)
    three[0].kill()
    killed = time.monotonic()
    assert_all_once(sample, 300)
    assert time.monotonic() - killed < 10


@pytest.mark.long
def test_others_take_over_from_a_frozen_replica_which_can_then_do_no_harm(
    sample: Sample, three: list[psutil.Process]
) -> None:
    """Trap: a frozen process still has its transaction open, and the others wait for what it has locked."""
    sample.say([admitted("sleep 0.01") for _ in range(300)])
    eventually(lambda: len(sample.noted()) > 20)
    three[0].suspend()
    try:
        assert_all_once(sample, 300, within=60)
    finally:
        three[0].resume()
    assert sample.dead() == []


@pytest.mark.parametrize("seconds", [8, pytest.param(90, marks=[pytest.mark.long, pytest.mark.timeout(400)])])
def test_kills_and_freezes_lose_and_double_nothing(sample: Sample, three: list[psutil.Process], seconds: int) -> None:
    """At least one replica is alive at any time, and each death or freeze meets them at work."""
    dice = random.Random(5)
    until, said = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        sample.say([admitted("sleep 0.002") for _ in range(100)])
        said += 100
        victim = three.pop(dice.randrange(3))
        three[0].resume()
        if dice.random() < 0.5:
            victim.kill()
            victim = psutil.Process(sample.start().pid)
        else:
            victim.suspend()
        three.append(victim)
        eventually(lambda said=said: sample.count_noted() >= said - 200, within=60)
    for each in three:
        each.resume()
    assert_all_once(sample, said, within=90)
    assert sample.dead() == []
