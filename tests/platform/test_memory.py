"""Where the servers of a test run keep their files."""

import os
import sys
from pathlib import Path

import pytest

from tests import memory
from tests.memory import OURS, forget_the_killed, in_memory, locked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no folder in memory")


def old(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    os.utime(folder, (1, 1))
    return folder


def test_what_a_killed_run_held_is_given_back_and_nothing_else(tmp_path: Path) -> None:
    killed, running, others = (old(tmp_path / name) for name in (f"{OURS}a", f"{OURS}b", "others-c"))
    new = tmp_path / f"{OURS}d"
    new.mkdir()
    with locked(running):
        forget_the_killed(tmp_path)
    assert not killed.exists()
    assert sorted(tmp_path.iterdir()) == sorted((running, others, new))


@pytest.mark.parametrize(("room", "used"), [(1, True), (1 << 62, False)])
def test_memory_is_used_where_it_has_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room: int, used: bool
) -> None:
    monkeypatch.setattr(memory, "FOLDER", tmp_path)
    monkeypatch.setattr(memory, "ROOM", room)
    assert in_memory() == (tmp_path if used else None)


def test_where_there_is_no_folder_in_memory_the_usual_place_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "FOLDER", tmp_path / "none")
    assert in_memory() is None
