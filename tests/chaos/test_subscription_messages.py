"""What a broker may bring: bodies nobody can read, the same event again and again, more than fits into memory."""

import random
from collections.abc import Iterable, Iterator
from uuid import uuid4

import psutil
import pytest

from intercoop.audit.services import Audited
from tests.poison import POISON
from tests.samples import Sample, Wire, a_channel, a_sample, admitted, send, updated
from tests.waiting import eventually

GROWTH = 60_000_000
"""Bytes a service may grow while it works a backlog off."""


@pytest.fixture
def sample(broker_addresses: tuple[str, str], database_server_url: str, publisher_url: str) -> Iterator[Sample]:
    with a_sample(broker_addresses, database_server_url, publisher_url=publisher_url) as sample:
        yield sample


@pytest.fixture
def ran(sample: Sample) -> list[Audited]:
    return sample.audited()


def enqueue(sample: Sample, bodies: Iterable[bytes]) -> None:
    """Into the queue, past exchange and streams, where no relay would put them."""
    with a_channel(sample.amqp_uri) as channel:
        channel.confirm_delivery()
        for body in bodies:
            channel.basic_publish("", "sample.note_member", body)


@pytest.mark.dead(len(POISON))
def test_poison_of_every_kind_is_a_dead_letter_at_once_and_others_go_on(sample: Sample) -> None:
    """Trap: stock nameko acknowledges a body it can't decode, and it is gone."""
    sample.start()
    sample.wait_until_attached()
    good = []
    for body in POISON.values():
        good += [admitted() for _ in range(5)]
        sample.say(good[-5:])
        enqueue(sample, [body])
    eventually(lambda: set(sample.noted()) == {event.id for event in good}, within=20)
    eventually(lambda: len(sample.dead()) == len(POISON), within=20)
    assert {(row.error_kind, row.attempts) for row in sample.dead()} == {("unreadable", 1)}
    assert {row.body for row in sample.dead()} == set(POISON.values())


@pytest.mark.parametrize(
    ("copies", "deaths"), [(5, 1), pytest.param(40, 10, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)
def test_duplicates_in_any_number_and_order_are_done_once(sample: Sample, copies: int, deaths: int) -> None:
    """Two replicas share them, and one after the other is killed over them."""
    sample.only = "note_member,keep_member,list_members"
    sample.start()
    sample.start()
    sample.wait_until_attached()
    said = [each for _ in range(40) for each in a_history(versions=4)]
    sample.say(said)
    dice = random.Random(11)
    for _ in range(deaths):
        repeated = said * (copies // deaths)
        dice.shuffle(repeated)
        send(sample.amqp_uri, repeated)
        sample.processes[-1].kill()
        sample.start()
    eventually(lambda: sample.unsettled(*(f"sample.{name}" for name in sample.only.split(","))) == 0, within=60)
    admissions = sorted(each.id for each in said if each.version == 1)
    assert sorted(sample.noted()) == sorted(sample.noted("list_members")) == admissions
    assert {version for version, _ in sample.kept().values()} == {4}


def a_history(*, versions: int) -> list[Wire]:
    """A member is admitted and then changes."""
    member = uuid4()
    changes = [updated(f"version {version}", member=member, version=version) for version in range(2, versions + 1)]
    return [admitted(member=member), *changes]


@pytest.mark.parametrize("waiting", [1_500, pytest.param(300_000, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
def test_a_backlog_is_worked_off_in_flat_memory(sample: Sample, waiting: int) -> None:
    """The short form is for the count alone: so few events could not take so much memory."""
    sample.start()
    sample.wait_until_attached()
    sample.stop()
    for _ in range(waiting // 1_500):
        sample.say([admitted() for _ in range(1_500)])
    service = psutil.Process(sample.start().pid)
    eventually(lambda: sample.count_noted() > waiting / 50, within=60)
    before, most = service.memory_info().rss, 0

    def done() -> bool:
        nonlocal most
        most = max(most, service.memory_info().rss)
        return sample.count_noted() >= waiting

    eventually(done, within=max(25, waiting / 200), every=0.2)
    assert sample.count_noted() == waiting
    assert most - before < GROWTH
