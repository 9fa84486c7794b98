"""What `intercoop doctor` says of a broker's queues."""

from pathlib import Path

import pytest

from intercoop.local import examination
from intercoop.local.plan import Plan
from shared.messaging import topology
from tests.conftest import Servers

ASKED = ["comms.welcome_member", topology.dead_exchange("funding"), topology.retry_queue("events", 120)]


def test_a_queue_that_answers_nobody_is_named_with_the_way_out(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def silent(uri: str, names: list[str]) -> list[str]:
        assert uri == servers.amqp_uri
        asked.extend(names)
        return ["comms.dead"]

    monkeypatch.setattr(examination, "silent_queues", silent)
    [found] = [
        one for one in examination.examine(Plan(tmp_path, {"AMQP_URI": servers.amqp_uri})) if one.name == "queues"
    ]
    assert (found.ok, found.seen) == (False, "answering nobody: comms.dead")
    assert "A queue without a leader" in found.fix
    assert set(ASKED) <= set(asked)


def test_where_no_broker_runs_nothing_is_asked(tmp_path: Path) -> None:
    nowhere = {"AMQP_URI": "amqp://guest:guest@127.0.0.1:1/"}
    [found] = [one for one in examination.examine(Plan(tmp_path, nowhere)) if one.name == "queues"]
    assert (found.ok, found.seen) == (True, "not asked, since the broker does not run")
