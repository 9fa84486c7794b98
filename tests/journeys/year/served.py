"""Runs the membership service as `intercoop serve` does, by a clock that a test sets.

`python -m tests.journeys.year.served`; YEAR_CLOCK names the clock's file. Schedules take turns every moment, for a
test's day lasts less than their pause.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from services.membership.settings import Settings
from shared import clock, run
from tests.journeys.year.clock import Clock

TURN_SECONDS = 2.0


def load() -> type:
    schedule = import_module("shared.schedule")
    begin = schedule.Scheduled.__init__

    def begin_soon(entrypoint: Any, *, seconds: float) -> None:
        begin(entrypoint, seconds=min(seconds, TURN_SECONDS))

    schedule.Scheduled.__init__ = begin_soon
    found = import_module("services.membership.service").MembershipService
    assert isinstance(found, type)
    return found


if __name__ == "__main__":
    # Before anything has taken its own name for the host's.
    clock.utc_now = Clock(Path(os.environ["YEAR_CLOCK"])).now
    settings = Settings.from_env("membership", os.environ)
    run.work(load, settings, run.listen(settings.http_host, settings.http_port))
