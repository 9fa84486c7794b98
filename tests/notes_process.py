"""Runs the notes service as `intercoop serve` runs a real one: `python -m tests.notes_process WORKERS`."""

import os
import sys
from importlib import import_module

from shared import run
from shared.settings import Settings
from shared.supervisor import supervise


def load() -> type:
    server = import_module("shared.http.server")
    server.RECEIVE_SECONDS = server.IDLE_SECONDS = float(os.environ.get("TEST_RECEIVE_SECONDS", "30"))
    server.QUEUE_SECONDS = float(os.environ.get("TEST_QUEUE_SECONDS", "5"))
    database = import_module("shared.database")
    database.USUAL = database.Bounds(statement=float(os.environ.get("TEST_STATEMENT_SECONDS", "10")))
    found = import_module("tests.notes_service").NotesService
    assert isinstance(found, type)
    return found


settings = Settings.from_env("membership", os.environ)
workers = int(sys.argv[1])
listener = run.listen(settings.http_host, settings.http_port)
if workers == 1:
    run.work(load, settings, listener)
else:
    supervise(lambda: run.work(load, settings, listener, processes=workers), workers=workers, service="membership")
