"""`intercoop migrate`: bring the databases up to date."""

import json
import os

import click

from shared.migrations import upgrade
from shared.settings import database_url

SERVICES = ("membership", "funding", "events", "comms")


@click.command("migrate")
@click.argument("service", type=click.Choice(SERVICES), required=False)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(service: str | None, as_json: bool) -> None:
    """Migrate one service's database, or all four.

    DATABASE_URL_<SERVICE> names each database; the command waits up to a minute for a server that is still starting.
    """
    migrated = []
    for name in [service] if service else SERVICES:
        upgrade(name, database_url(name, os.environ))
        migrated.append(name)
        if not as_json:
            click.echo(f"{name}: up to date")
    if as_json:
        click.echo(json.dumps({"migrated": migrated}))
