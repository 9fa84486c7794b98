"""One command starts everything, and nothing of it is left when it is over, however it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from intercoop.instance import SERVICES
from intercoop.local.ports import OFFSETS, Ports
from tests.waiting import eventually

pytestmark = [pytest.mark.owns_broker, pytest.mark.timeout(300)]


class Home:
    """An instance in a folder of its own, driven by the command line alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = Ports.free()
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AMQP_", "DATABASE_", "SMTP_"))
        }
        base = self.ports["membership"] - OFFSETS["membership"]
        self.env = {**kept, "INTERCOOP_HOME": str(folder), "INTERCOOP_PORT_BASE": str(base)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "intercoop", *arguments]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=170, check=False)

    def start_in_front(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "intercoop", "up", "--no-demo"]
        output = (self.folder.parent / "output").open("wb")
        with output:
            return subprocess.Popen(command, env=self.env, stdout=output, stderr=output, start_new_session=True)

    def status(self) -> dict[str, dict[str, dict[str, object]]]:
        return json.loads(self.run("status", "--json").stdout)

    def processes(self) -> list[psutil.Process]:
        """Whatever runs for this home: its path is in the environment or the arguments of each."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            told = [*process.environ().values(), *process.cmdline()]
            return process.pid != os.getpid() and any(str(self.folder) in word for word in told)
        except psutil.Error:
            return False


def is_ready(records: Path, launcher: int) -> bool:
    """Whether this one says so, not the one before."""
    told = json.loads(records.read_text())
    return bool(told["phase"] == "ready" and told["launcher"]["pid"] == launcher)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("una región") / "mi casa")
    yield home
    home.run("down", "--erase")
    assert not home.processes()


def test_it_starts_behind_and_says_where_everything_is(home: Home) -> None:
    done = home.run("up", "--detach", "--no-demo", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["services"]) == set(SERVICES)
    bearer = {"Authorization": f"Bearer {told['token']}"}
    for url in told["services"].values():
        assert httpx.get(f"{url}/health/ready").is_success
        assert httpx.get(f"{url}/ops/dead-letters", headers=bearer).is_success
        assert httpx.get(f"{url}/ops/dead-letters").status_code == 401


def test_a_second_one_in_the_same_home_is_refused(home: Home) -> None:
    for arguments in (("up",), ("up", "--detach")):
        again = home.run(*arguments)
        assert again.returncode == 1
        assert "already running" in again.stderr


def test_a_second_home_on_the_same_ports_is_told_which_and_by_whom(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    other.env["INTERCOOP_PORT_BASE"] = home.env["INTERCOOP_PORT_BASE"]
    refused = other.run("up", "--no-demo")
    assert refused.returncode == 1
    assert f"port {home.ports['membership']}, wanted for membership, is taken by" in refused.stderr
    assert "INTERCOOP_PORT_BASE=" in refused.stderr


def test_a_child_that_dies_is_started_again(home: Home) -> None:
    before = home.status()["processes"]["events relay"]["pid"]
    os.kill(int(str(before)), signal.SIGKILL)

    def again() -> bool:
        now = home.status()["processes"]["events relay"]
        return now["pid"] != before and bool(now["alive"]) and now["restarts"] == 1

    assert eventually(again, every=1)


def test_every_part_is_well_and_nothing_waits(home: Home) -> None:
    status = home.status()
    assert all(process["alive"] for process in status["processes"].values())
    assert all(service["outbox_pending"] == service["dead_letters"] == 0 for service in status["services"].values())
    assert "funding.keep_members" in status["queues"]
    found = home.run("doctor")
    assert (found.returncode, "none that answers nobody" in found.stdout) == (0, True)


def test_after_a_kill_of_the_launcher_the_next_start_is_a_start_like_any_other(home: Home) -> None:
    launcher = json.loads((home.folder / "processes.json").read_text())["launcher"]["pid"]
    os.kill(launcher, signal.SIGKILL)
    started = home.start_in_front()
    # The file, since status takes a second of the processor that the start needs.
    assert eventually(lambda: is_ready(home.folder / "processes.json", started.pid), within=120)
    status = home.status()
    assert (status["phase"], len(status["processes"])) == ("ready", 12)

    os.killpg(started.pid, signal.SIGINT)  # as the terminal does at Ctrl-C
    assert started.wait(60) == 0
    assert not home.processes()
    assert home.run("status").returncode == 3
