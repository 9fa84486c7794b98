"""Events a service could not handle: list, show, redrive, discard."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from intercoop.instance import SERVICES, Instance
from shared.clock import utc_now
from shared.database import connect, transaction
from shared.errors import DomainError
from shared.messaging import dead_letters

STATES = ("dead", "redriving", "redriven", "discarded")
COLUMNS = ("id", "subscription", "type", "subject", "error_type", "attempts", "last_failed_at", "state")


@contextmanager
def unit_of_work(service: str) -> Iterator[Session]:
    """A transaction in the service's database; a refusal becomes the command's one-line error."""
    engine = connect(Instance.load().services[service].database_url)
    try:
        with transaction(engine) as session:
            yield session
    except DomainError as refusal:
        raise click.ClickException(str(refusal)) from refusal
    finally:
        engine.dispose()


def selecting(function: Any) -> Any:
    """The options that say which dead letters are meant."""
    for option in (
        click.option("--subject", help="what the event is about, e.g. member/0192…"),
        click.option("--error", help="the error's type, e.g. RuntimeError"),
        click.option("--type", help="the event's type"),
        click.option("--subscription", help="the subscription that could not handle it"),
    ):
        function = option(function)
    return function


@click.group
@click.argument("service", type=click.Choice(SERVICES))
@click.pass_context
def command(ctx: click.Context, *, service: str) -> None:
    """List, show, redrive or discard what SERVICE's subscriptions could not handle."""
    ctx.obj = service


@command.command("list")
@selecting
@click.option("--state", type=click.Choice(STATES), default="dead", show_default=True)
@click.option("--limit", default=50, show_default=True, help="at most so many, the newest first")
@click.option("--after", type=click.UUID, help="the last id of the page before")
@click.option("--json", "as_json", is_flag=True, help="print one JSON list")
@click.pass_obj
def list_(service: str, /, *, limit: int, after: UUID | None, as_json: bool, **wanted: Any) -> None:
    """List dead letters, newest first."""
    selection = dead_letters.Selection(**wanted)
    with unit_of_work(service) as session:
        rows = dead_letters.list_dead_letters(session, selection=selection, limit=limit, after=after)
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows], default=str))
    elif not rows:
        click.echo("none")
    else:
        _print_table(rows)


@command.command()
@click.argument("dead_letter_id", metavar="ID", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
@click.pass_obj
def show(service: str, /, *, dead_letter_id: UUID, as_json: bool) -> None:
    """Show one dead letter: the event, its headers, the error, and who did what with it."""
    with unit_of_work(service) as session:
        row = dead_letters.show_dead_letter(session, dead_letter_id=dead_letter_id)
        actions = dead_letters.list_actions(session, dead_letter_id=dead_letter_id)
    whole = row._asdict() | {"body": row.body.decode("utf-8", "backslashreplace")}
    whole["actions"] = [action._asdict() for action in actions]
    if as_json:
        click.echo(json.dumps(whole, default=str))
        return
    for name, value in whole.items():
        click.echo(f"{name}: {json.dumps(value, default=str) if isinstance(value, dict | list) else value}")


@command.command()
@click.argument("dead_letter_id", metavar="[ID]", type=click.UUID, required=False)
@selecting
@click.option("--all", "everything", is_flag=True, help="all that are dead")
@click.option("--note", default="", help="why; kept in the audit line")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
@click.pass_obj
def redrive(service: str, /, *, as_json: bool, **options: Any) -> None:
    """Have dead letters handled again by their subscription: one by ID, or all that the options select."""
    _decide(service, dead_letters.redrive, "redriven", as_json=as_json, **options)


@command.command()
@click.argument("dead_letter_id", metavar="[ID]", type=click.UUID, required=False)
@selecting
@click.option("--all", "everything", is_flag=True, help="all that are dead")
@click.option("--note", default="", help="why; kept in the audit line")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
@click.pass_obj
def discard(service: str, /, *, as_json: bool, **options: Any) -> None:
    """Give dead letters up for good: one by ID, or all that the options select. The rows stay for the record."""
    _decide(service, dead_letters.discard, "discarded", as_json=as_json, **options)


def _decide(
    service: str,
    decision: Any,
    done: str,
    *,
    dead_letter_id: UUID | None,
    everything: bool,
    note: str,
    as_json: bool,
    **wanted: str | None,
) -> None:
    selection = dead_letters.Selection(id=dead_letter_id, **wanted)  # type: ignore[arg-type] # no state among them
    if not everything and not selection.conditions():
        raise click.UsageError("say which: an ID, --subscription, --type, --error, --subject, or --all")
    with unit_of_work(service) as session:
        count = decision(session, selection=selection, actor=f"cli/{getpass.getuser()}", note=note, now=utc_now())
    click.echo(json.dumps({"count": count, "decision": done}) if as_json else f"{count} to be {done}")


def _print_table(rows: Any) -> None:
    table = Table(*COLUMNS, box=None)
    for row in rows:
        table.add_row(*(str(getattr(row, name)) for name in COLUMNS))
    Console(width=None if Console().is_terminal else 220).print(table)
