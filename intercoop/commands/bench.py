"""`intercoop bench`: our figures beside the peers', in one run on one machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from intercoop.instance import home
from intercoop.local.servers import private_broker, private_database

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SERVERS = ("TEST_AMQP_URI", "TEST_RABBITMQ_API", "TEST_DATABASE_URL")


@click.command("bench")
@click.option(
    "--only",
    default="",
    help="comma-separated: relay, subscription, http_write, latency, replicas, registry, membership",
)
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 50), help="of which the median counts")
@click.option("--json", "as_json", is_flag=True, help="print the rows as a JSON list")
def command(only: str, *, rounds: int, as_json: bool) -> None:
    """Measure against raw pika, stock nameko, FastStream and FastAPI.

    On a private broker and database, or on those TEST_AMQP_URI, TEST_RABBITMQ_API and TEST_DATABASE_URL name. Some
    minutes; other work on the machine lowers both sides. Exits with 1 when a figure falls short of its bar.
    """
    if not BENCHMARKS.exists():
        raise click.ClickException("the benchmarks are part of the source tree, not of an installed package")
    with _servers() as servers:
        environment = os.environ | servers | {"BENCH_PEERS_PYTHON": str(_peers())}
        rows = list(_run([only, str(rounds)], environment))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _show(rows)
    sys.exit(0 if rows and all(row["met"] for row in rows) else 1)


@contextmanager
def _servers() -> Iterator[dict[str, str]]:
    if all(os.environ.get(name) for name in SERVERS):
        yield {}
        return
    with (
        TemporaryDirectory(prefix="bench-") as broker_folder,
        TemporaryDirectory(prefix="bench-") as database_folder,
        private_broker(Path(broker_folder)) as (_, broker),
        private_database(Path(database_folder), durable=True) as (_, database),
    ):
        yield dict(zip(SERVERS, (broker.uri(), broker.api, database.url()), strict=True))


def _peers() -> Path:
    """The Python of the peers' own virtual environment, made at the first use."""
    lock, folder = BENCHMARKS / "requirements.lock", home() / "bench-venv"
    python, made_from = folder / "bin" / "python", folder / "made-from.lock"
    if not made_from.exists() or made_from.read_bytes() != lock.read_bytes():
        with Console(stderr=True).status("setting up the peers"):
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
            install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
            subprocess.run(install, check=True)
        made_from.write_bytes(lock.read_bytes())
    return python


def _run(arguments: list[str], environment: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Rows as they come; what goes on meanwhile is shown."""
    script = [sys.executable, str(BENCHMARKS / "run.py"), *arguments]
    with (
        Console(stderr=True).status("starting") as status,
        subprocess.Popen(script, env=environment, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            told = json.loads(line)
            if "say" in told:
                status.update(told["say"])
            else:
                yield told
    if process.returncode:
        raise click.ClickException("a measurement failed; its reason stands above")


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table()
    for heading in ("what", "ours", "peer", "ratio", "bar", ""):
        table.add_column(heading)
    for row in rows:
        peer = "" if row["peer"] is None else f"{row['peer']:,g} {row['unit']}"
        verdict = "reached" if row["met"] else "short"
        table.add_row(row["name"], f"{row['ours']:,g} {row['unit']}", peer, f"{row['ratio']:g}", row["bar"], verdict)
    console = Console()
    console.print(table)
    for row in rows:
        console.print(f"[bold]{row['name']}[/bold]: {row['how']}", highlight=False)
