"""Addresses, processes, depths and ages."""

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Column, Table

from intercoop.instance import Instance, home
from intercoop.local.depths import Backlog, backlog, queue_depths
from intercoop.local.records import Records

_TITLES = {"outbox_pending": "pending", "oldest_seconds": "oldest (s)", "dead_letters": "dead letters"}


@click.command
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(*, as_json: bool) -> None:
    """Show what runs in this instance and what waits where; exits 3 when it is not running."""
    records = Records.load(home() / "processes.json")
    running = records.running_launcher() is not None
    state = _state(records) if running else {"running": False, "home": str(home())}
    if as_json:
        click.echo(json.dumps(state))
    elif running:
        _print(state)
    else:
        click.echo(f"not running in {home()}; `intercoop up` starts it")
    raise SystemExit(0 if running else 3)


def _state(records: Records) -> dict[str, object]:
    instance = Instance.load()
    return {
        "running": True,
        "phase": records.phase,
        "home": str(home()),
        "services": {name: _service(at.url, backlog(at.database_url)) for name, at in instance.services.items()},
        "processes": {
            name: {"pid": record.pid, "alive": record.find() is not None, "restarts": record.restarts}
            for name, record in records.processes.items()
        },
        "queues": queue_depths(instance.rabbitmq_api, instance.amqp_uri),
    }


def _service(url: str, waiting: Backlog | None) -> dict[str, object]:
    return {"url": url, **(asdict(waiting) if waiting else {"database": "no answer"})}


def _print(state: dict[str, object]) -> None:
    console = Console()
    console.print(f"{state['phase']} in {state['home']}\n", highlight=False)
    for title in ("services", "processes"):
        console.print(_table(title, state[title]))
    waiting = state["queues"]
    if isinstance(waiting, dict):
        console.print(_table("queues", {name: {"events": count} for name, count in waiting.items()}))
    else:
        console.print("queues: the broker's management API does not answer")


def _table(title: str, rows: object) -> Table:
    assert isinstance(rows, dict)
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    table = Table(title, *(Column(_TITLES.get(column, column), no_wrap=True) for column in columns), box=None)
    for name, row in rows.items():
        table.add_row(name, *(_cell(row.get(column)) for column in columns))
    return table


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.1f}"
    return str(value)
