"""Compare outboxes, streams, inboxes and dead letters of all services."""

import json

import click
import psycopg
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from intercoop.audit.report import Report
from intercoop.audit.run import audit
from intercoop.audit.services import audited
from intercoop.instance import Instance


@click.command
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
@click.option("--wait", default=10.0, show_default=True, help="seconds to let what is under way arrive")
def command(*, as_json: bool, wait: float) -> None:
    """Check that nothing was lost and nothing was done twice, up to this moment; exits 1 on any difference.

    Dead letters are shown and don't count as a difference: they wait for somebody's decision.
    """
    columns = (SpinnerColumn(), TextColumn("{task.completed:.0f} messages of the streams read"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        instance = Instance.load()
        services = [audited(name, at, rabbitmq_api=instance.rabbitmq_api) for name, at in instance.services.items()]
        try:
            report = audit(services, wait=wait, read=lambda count: progress.advance(task, count))
        except psycopg.errors.UndefinedTable as missing:
            raise click.ClickException("nothing to compare yet: a database is not migrated") from missing
        except (psycopg.OperationalError, OSError) as silence:
            raise click.ClickException(f"nothing is known: {silence}") from silence
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        _print(report)
    raise SystemExit(0 if report.ok else 1)


def _print(report: Report) -> None:
    for each in report.findings:
        click.echo(f"{each.kind}: {each.service}: {each.what}: {each.count}")
        for one in each.ids:
            click.echo(f"    {one}")
    counts = (f"{report.count(kind)} {kind}" for kind in ("lost", "doubled", "pending", "dead"))
    click.echo(f"{'ok' if report.ok else 'NOT ok'}: {', '.join(counts)}")
