"""Start everything on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from types import FrameType
from typing import TextIO

import click

from intercoop.instance import Instance, home
from intercoop.local.broker import BrokerMissing
from intercoop.local.launcher import AlreadyRunning, Launcher, Say, StartFailed, Stopped, only_one
from intercoop.local.plan import BadPortBase, Plan
from intercoop.local.postgres import DatabaseFailed
from intercoop.local.records import Records
from intercoop.local.start import bring_up

_EXPECTED = (AlreadyRunning, BadPortBase, BrokerMissing, DatabaseFailed, StartFailed)


@click.command
@click.option("--detach", is_flag=True, help="return when everything is ready, and leave it running")
@click.option("--demo/--no-demo", default=True, help="load a small demonstration when the databases are empty")
@click.option("--behind", is_flag=True, hidden=True, help="as --detach starts it: its output is a file, so no token")
@click.option("--json", "as_json", is_flag=True, help="print the addresses and a token as one JSON object")
def command(*, detach: bool, demo: bool, behind: bool, as_json: bool) -> None:
    """Start the database, the broker, four services, their relays and the mail catcher.

    Ctrl-C, or `intercoop down` from elsewhere, ends everything in order. INTERCOOP_HOME and INTERCOOP_PORT_BASE keep
    several instances apart; AMQP_URI, DATABASE_URL_<SERVICE> and SMTP_URL name servers to use instead of our own.
    """
    plan = Plan(home(), dict(os.environ))
    say: Say = (lambda line: click.echo(line, err=True)) if as_json else click.echo
    announce = (lambda: None) if behind else (lambda: _announce(plan.instance, as_json=as_json))
    try:
        (_detached if detach else _foreground)(plan, say, announce, demo=demo)
    except _EXPECTED as error:
        raise click.ClickException(str(error)) from None


def _foreground(plan: Plan, say: Say, announce: Callable[[], None], *, demo: bool) -> None:
    with only_one(plan):
        launcher = Launcher(plan, say)
        _stop_on_signals(launcher)
        try:
            bring_up(launcher, demo=demo)
            announce()
            launcher.watch()
        except Stopped:
            say("stopped before everything was ready")
        finally:
            say("stopping")
            launcher.stop()


def _stop_on_signals(launcher: Launcher) -> None:
    """The first signal ends everything in order, the second at once."""

    def stop(_: int, __: FrameType | None) -> None:
        if launcher.stopping.is_set():
            launcher.hurried.set()
        launcher.stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def _detached(plan: Plan, say: Say, announce: Callable[[], None], *, demo: bool) -> None:
    """Run the launcher in a session of its own, and come back when it says that all is ready."""
    if (running := Records.load(plan.records).running_launcher()) is not None:
        raise AlreadyRunning(f"already running in {plan.home}, pid {running.pid}; `intercoop status` shows it")
    plan.home.mkdir(parents=True, exist_ok=True)
    log = plan.home / "up.log"
    with log.open("wb") as output:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "intercoop", "up", "--behind", "--demo" if demo else "--no-demo"],
            env=dict(plan.env) | {"INTERCOOP_HOME": str(plan.home), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with log.open(encoding="utf-8", errors="replace") as told:
        while not (ready := _is_ready(plan, launcher.pid)) and launcher.poll() is None:
            _pass_on(told, say)
            time.sleep(0.1)
        _pass_on(told, say)
    if not ready:
        raise SystemExit(launcher.returncode or 1)
    announce()


def _pass_on(told: TextIO, say: Say) -> None:
    """What the launcher has said since the last time."""
    for line in told:
        say(line.rstrip())


def _is_ready(plan: Plan, pid: int) -> bool:
    records = Records.load(plan.records)
    return records.phase == "ready" and records.launcher is not None and records.launcher.pid == pid


def _announce(instance: Instance, *, as_json: bool) -> None:
    token = instance.token()
    if as_json:
        services = {name: asdict(at)["url"] for name, at in instance.services.items()}
        click.echo(json.dumps({"services": services, "mail": instance.mail, "token": token}))
        return
    click.echo("")
    for name, at in instance.services.items():
        click.echo(f"{name:<11} {at.url}/docs")
    click.echo(f"{'mail':<11} intercoop mail ({instance.mail})")
    click.echo(f"\ntoken of the staff, good for twelve hours:\n{token}\n")
