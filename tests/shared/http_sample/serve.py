"""Runs the sample service as `intercoop serve` runs a real one."""

import os
import sys
from importlib import import_module
from pathlib import Path

from shared import run
from shared.settings import Settings
from shared.supervisor import supervise

sys.path.insert(0, str(Path(__file__).parent))


def load() -> type:
    found = import_module("service").SampleService
    assert isinstance(found, type)
    return found


settings = Settings.from_env("membership", os.environ)
workers = int(sys.argv[1])
listener = run.listen(settings.http_host, settings.http_port)
if workers == 1:
    run.work(load, settings, listener)
else:
    supervise(lambda: run.work(load, settings, listener, processes=workers), workers=workers, service="membership")
