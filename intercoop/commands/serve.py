"""`intercoop serve`: one service, in one or several processes."""

import os
from importlib import import_module
from importlib.util import find_spec

import click

from shared import run
from shared.settings import Settings
from shared.supervisor import supervise

SERVICES = ("membership", "funding", "events", "comms")


@click.command
@click.argument("service", type=click.Choice(SERVICES))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="worker processes")
@click.option("--json", is_flag=True, expose_value=False, help="accepted as everywhere; logs are JSON lines anyway")
def command(service: str, *, workers: int) -> None:
    """Run one service until SIGTERM. Settings come from the environment."""
    settings = _settings_of(service).from_env(service, os.environ)
    listener = run.listen(settings.http_host, settings.http_port)

    def load() -> type:
        module = import_module(f"services.{service}.service")
        found = getattr(module, f"{service.capitalize()}Service")
        assert isinstance(found, type)
        return found

    if workers == 1:
        run.work(load, settings, listener)
    else:
        supervise(lambda: run.work(load, settings, listener, processes=workers), workers=workers, service=service)


def _settings_of(service: str) -> type[Settings]:
    """A service that needs more than the common settings has a module of its own for them."""
    name = f"services.{service}.settings"
    if not find_spec(name):
        return Settings
    found: type[Settings] = import_module(name).Settings
    assert issubclass(found, Settings)
    return found
