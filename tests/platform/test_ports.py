"""Ports of instances that stand side by side."""

import os
import socket
from pathlib import Path

import pytest

from intercoop.local import ports
from intercoop.local.plan import BadPortBase, Plan
from intercoop.local.ports import HOST, OFFSETS, NoneFree, Ports, answers, holder, taken


def test_the_services_follow_the_base() -> None:
    from_8000 = Ports.from_base(8000)
    assert [from_8000[name] for name in ("membership", "funding", "events", "comms")] == [8001, 8002, 8003, 8004]


def test_instances_a_hundred_apart_share_no_port() -> None:
    first, second = (set(Ports.from_base(base).by_name.values()) for base in (8000, 8100))
    assert not first & second
    assert len(first) == len(OFFSETS)


def test_a_port_somebody_listens_on_is_found_with_its_process() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        one = Ports({"membership": port})
        assert taken(one, ["membership"]) == {"membership": port}
        assert answers(port)
        assert str(os.getpid()) in (holder(port) or "")
    assert taken(one, ["membership"]) == {}


def test_free_ports_are_nobody_elses_for_as_long_as_somebody_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = [Ports.free() for _ in range(20)]
    assert len({port for each in mine for port in each.by_name.values()}) == 20 * len(OFFSETS)
    base = mine[0]["membership"] - OFFSETS["membership"]
    monkeypatch.setattr(ports, "FREE_BASES", range(base, base + 100, 100))
    with pytest.raises(NoneFree):
        Ports.free()


def test_free_ports_are_given_back() -> None:
    assert all(Ports.free() for _ in range(2 * len(ports.FREE_BASES)))


def test_free_ports_leave_out_a_range_somebody_listens_in(monkeypatch: pytest.MonkeyPatch) -> None:
    base = Ports.free()["membership"] - OFFSETS["membership"]
    monkeypatch.setattr(ports, "FREE_BASES", range(base, base + 100, 100))
    with socket.create_server((HOST, base + OFFSETS["amqp"])), pytest.raises(NoneFree):
        Ports.free()


@pytest.mark.parametrize("base", ["eight thousand", "80", "65500", "-1"])
def test_a_base_nobody_can_use_is_refused_by_name(base: str, tmp_path: Path) -> None:
    with pytest.raises(BadPortBase, match="INTERCOOP_PORT_BASE"):
        _ = Plan(tmp_path, {"INTERCOOP_PORT_BASE": base}).ports
