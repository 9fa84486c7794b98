"""What a launcher that was killed leaves behind is ended, and nothing else."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from intercoop.local.records import ProcessRecord, Records

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_process_is_known_by_its_number_and_its_start(sleeper: subprocess.Popen[bytes]) -> None:
    record = ProcessRecord.of(sleeper.pid)
    assert record.find() is not None
    record.created -= 60
    assert record.find() is None


def test_records_come_back_from_their_file(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    records = Records(tmp_path / "processes.json", "ready", ProcessRecord.of(sleeper.pid))
    records.processes["events"] = ProcessRecord.of(sleeper.pid, restarts=2)
    records.save()
    assert Records.load(records.path) == records


def test_what_is_left_is_ended(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    records = Records(tmp_path / "processes.json", processes={"events": ProcessRecord.of(sleeper.pid)})
    created = records.processes["events"].created
    assert records.end_leftovers() == ["events"]
    assert ProcessRecord(sleeper.pid, created).find() is None


def test_what_does_not_listen_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        record = ProcessRecord.of(process.pid)
        records = Records(tmp_path / "processes.json", processes={"events": record})
        assert records.end_leftovers(patience=0.2) == ["events"]
        assert record.find() is None


def test_another_process_that_got_the_number_is_left_alone(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    record = ProcessRecord.of(sleeper.pid)
    record.created -= 60
    assert Records(tmp_path / "processes.json", processes={"events": record}).end_leftovers() == []
    assert sleeper.poll() is None
