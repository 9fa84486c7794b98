"""A service that never reached the broker asks for no traffic; one that did needs it no more to be ready."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import Servers
from tests.proxy import proxied
from tests.system import System, system
from tests.waiting import eventually

COOPERATIVE = {"name": "Cooperativa Primera", "country": "UY"}


def test_it_is_ready_once_every_subscription_was_live(servers: Servers, tmp_path: Path) -> None:
    """Trap: what is published before a subscriber's queue is there passes it by."""
    with (
        proxied(servers.amqp_uri) as (network, through),
        system(replace(servers, amqp_uri=through), tmp_path) as running,
    ):
        network.refuse()
        running.launch("membership")
        eventually(lambda: running.answers("membership", "/health/live"))
        never = dict.fromkeys(("keep_signals", "take_lead"), "never live yet")
        assert readiness(running) == {"status": "unready", "troubles": never}
        network.refuse(refuses=False)
        eventually(lambda: running.answers("membership", "/health/ready"))
        network.refuse()
        network.cut()
        assert readiness(running) == {"status": "ready", "troubles": {}}
        with running.api("membership") as api:
            assert api.post("/v1/organizations", json=COOPERATIVE).status_code == 201
        running.stop("membership")
        running.start("membership")


def readiness(running: System) -> dict[str, Any]:
    return dict(httpx.get(f"{running.plan.instance.services['membership'].url}/health/ready").json())
