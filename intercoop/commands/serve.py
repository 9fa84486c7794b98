"""`intercoop serve`: one service, in one or several processes."""

import os
from importlib import import_module

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
    settings = Settings.from_env(service, os.environ)
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
