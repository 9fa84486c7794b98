"""Rebuilds a subscription's projection from its publishers' streams."""

import getpass
import json
import time
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from intercoop.commands.dead_letters import unit_of_work
from intercoop.instance import SERVICES
from shared.clock import utc_now
from shared.messaging.replay import find_subscription, how_far, request_replay

LOOK_SECONDS = 0.5


@click.command
@click.argument("service", type=click.Choice(SERVICES))
@click.argument("subscription")
@click.option("--from", "since", type=click.DateTime(), help="only events since then (UTC); left out: all there are")
@click.option("--wait/--no-wait", default=True, show_default=True, help="stay until it is live again")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(*, service: str, subscription: str, since: datetime | None, wait: bool, as_json: bool) -> None:
    """Empty what SUBSCRIPTION of SERVICE has built, and build it again from the publishers' streams.

    A running replica does the work, the others wait; live events wait in the queue and follow. With --from the
    projection afterwards holds what the events since then make, and nothing older: without it all is as if the
    subscription had listened from the first day. A stream that has lost its oldest events is only read when --from
    says where to begin.
    """
    from_time = since.replace(tzinfo=UTC) if since else None
    with unit_of_work(service) as session:
        request_replay(session, name=subscription, from_time=from_time, actor=f"cli/{getpass.getuser()}", now=utc_now())
    row = _watch(service, subscription, quiet=as_json) if wait else _look(service, subscription)
    if row.note:
        raise click.ClickException(row.note)
    read, total = how_far(row)
    if as_json:
        click.echo(json.dumps({"subscription": subscription, "state": row.state, "read": read, "of": total}))
    else:
        click.echo(f"{subscription}: {row.state}, {read} of {total} events read")


def _look(service: str, subscription: str) -> Any:
    with unit_of_work(service) as session:
        return find_subscription(session, name=subscription)


def _watch(service: str, subscription: str, *, quiet: bool) -> Any:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task(subscription, total=None)
        while (row := _look(service, subscription)).state != "live":
            read, total = how_far(row)
            progress.update(task, completed=read, total=total or None)
            time.sleep(LOOK_SECONDS)
    return row
