"""Ports of instances that stand side by side."""

import os
import socket
from pathlib import Path

import pytest

from intercoop.local.plan import BadPortBase, Plan
from intercoop.local.ports import HOST, OFFSETS, Ports, answers, holder, taken


def test_the_services_follow_the_base() -> None:
    ports = Ports.from_base(8000)
    assert [ports[name] for name in ("membership", "funding", "events", "comms")] == [8001, 8002, 8003, 8004]


def test_instances_a_hundred_apart_share_no_port() -> None:
    first, second = (set(Ports.from_base(base).by_name.values()) for base in (8000, 8100))
    assert not first & second
    assert len(first) == len(OFFSETS)


def test_a_port_somebody_listens_on_is_found_with_its_process() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        ports = Ports({"membership": port})
        assert taken(ports, ["membership"]) == {"membership": port}
        assert answers(port)
        assert str(os.getpid()) in (holder(port) or "")
    assert taken(ports, ["membership"]) == {}


@pytest.mark.parametrize("base", ["eight thousand", "80", "65500", "-1"])
def test_a_base_nobody_can_use_is_refused_by_name(base: str, tmp_path: Path) -> None:
    with pytest.raises(BadPortBase, match="INTERCOOP_PORT_BASE"):
        _ = Plan(tmp_path, {"INTERCOOP_PORT_BASE": base}).ports
