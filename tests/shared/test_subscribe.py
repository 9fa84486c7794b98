"""What a subscription promises, on a real broker and a real database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.samples import Sample, admitted, send
from tests.waiting import eventually


@pytest.fixture
def sample(engine: Engine, amqp_uri: str, tmp_path: Path) -> Iterator[Sample]:
    sample = Sample(engine, amqp_uri, tmp_path)
    yield sample
    sample.kill_all()


@pytest.fixture
def running(sample: Sample) -> Sample:
    sample.start()
    sample.wait_until_attached()
    return sample


def test_each_event_is_handled_once_and_acknowledged(running: Sample) -> None:
    events = [admitted() for _ in range(250)]
    send(running.amqp_uri, events + events[:50])
    eventually(lambda: len(running.noted()) >= 250)
    assert sorted(running.noted()) == sorted(event.id for event in events)
    assert running.stop() == 0
    assert running.depth("sample.note_member") == 0
