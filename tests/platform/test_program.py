"""A program beside us: it ends when it is asked to, and when the one who started it is gone."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from intercoop.local.program import Program, cut, stop
from tests.waiting import eventually

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""

TALKER = """
import time
from pathlib import Path
print("x" * 99, flush=True)
while not Path("cut").exists():
    time.sleep(0.01)
print("after", flush=True)
time.sleep(60)
"""

PARENT = """
import sys, time
from pathlib import Path
from intercoop.local.program import Program
folder = Path(sys.argv[1])
argv = (sys.executable, "-c", "import time; time.sleep(60)")
child = Program(name="child", argv=argv, log=folder / "log", cwd=folder)
print(child.start().pid, flush=True)
time.sleep(60)
"""


def a_program(folder: Path, code: str, *, stop_seconds: float = 30) -> Program:
    argv = (sys.executable, "-c", code)
    return Program(name="trial", argv=argv, log=folder / "log", cwd=folder, env=os.environ, stop_seconds=stop_seconds)


@pytest.mark.skipif(not shutil.which("setpriv"), reason="elsewhere the next start ends what is left")
def test_the_child_of_a_killed_launcher_ends_too(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    eventually(lambda: child.cmdline()[:1] == [sys.executable])
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_its_output_goes_to_the_log(tmp_path: Path) -> None:
    program = a_program(tmp_path, "print('said')")
    program.start().wait()
    assert (tmp_path / "log").read_text() == "said\n"


def test_it_has_a_session_of_its_own_so_that_ctrl_c_is_ours(tmp_path: Path) -> None:
    program = a_program(tmp_path, "import time; time.sleep(60)")
    process = program.start()
    assert os.getsid(process.pid) == process.pid
    stop(process, program)
    assert process.returncode == -signal.SIGTERM


def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    program = a_program(tmp_path, DEAF, stop_seconds=0.3)
    process = program.start()
    eventually((tmp_path / "log").read_text)
    stop(process, program)
    assert process.returncode == -signal.SIGKILL


def test_a_log_that_grew_too_long_is_moved_aside_and_goes_on(tmp_path: Path) -> None:
    program = a_program(tmp_path, TALKER)
    log, before = tmp_path / "log", tmp_path / "log.log.1"
    process = program.start()
    eventually(lambda: log.stat().st_size == 100)
    cut(log, at_bytes=99)
    assert before.read_text() == "x" * 99 + "\n"
    (tmp_path / "cut").touch()
    eventually(lambda: log.read_text() == "after\n")
    stop(process, program)
