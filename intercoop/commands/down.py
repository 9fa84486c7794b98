"""Stop what `intercoop up` started."""

import json
import shutil
import signal

import click
import psutil

from intercoop.instance import home
from intercoop.local.plan import Plan
from intercoop.local.records import Records

_PATIENCE_SECONDS = 120


@click.command
@click.option("--erase", is_flag=True, help="also delete the instance: databases, queues, mails, keys")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(*, erase: bool, as_json: bool) -> None:
    """Stop this instance's processes, and nothing else on the machine."""
    plan = Plan(home(), {})
    records = Records.load(plan.records)
    was_running = _stop_launcher(records)
    left = Records.load(plan.records).end_leftovers()
    if erase and plan.home.exists():
        if plan.database:
            plan.database.erase()
        shutil.rmtree(plan.home)
    if as_json:
        click.echo(json.dumps({"was_running": was_running, "ended": left, "erased": erase}))
    else:
        click.echo("stopped" if was_running or left else "nothing was running")


def _stop_launcher(records: Records) -> bool:
    launcher = records.running_launcher()
    if launcher is None:
        return False
    try:
        launcher.send_signal(signal.SIGTERM)
        launcher.wait(_PATIENCE_SECONDS)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        launcher.kill()
    return True
