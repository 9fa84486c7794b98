"""What must hold on a machine for the system to run, looked at one by one, each with the way to put it right."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from intercoop.audit.queues import shared_queues, silent_queues
from intercoop.audit.services import subscriptions_of
from intercoop.instance import SERVICES
from intercoop.local.broker import BrokerMissing, epmd, installed
from intercoop.local.plan import Plan
from intercoop.local.ports import answers_at, holder, taken
from intercoop.local.postgres import DatabaseFailed, version
from intercoop.local.records import Records
from shared.messaging.link import BROKER_ERRORS

_ENOUGH_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One check: whether it holds, what was seen, and what to do if it doesn't."""

    name: str
    ok: bool
    seen: str
    fix: str = ""


def examine(plan: Plan) -> list[Finding]:
    """Every check, whatever the ones before it found."""
    checks: tuple[Callable[[Plan], Finding], ...] = (
        *(_python, _broker, _queues, _databases),
        *(_home, _secrets, _ports, _processes),
    )
    return [check(plan) for check in checks]


def _python(_: Plan) -> Finding:
    seen = f"Python {sys.version.split()[0]} in {sys.prefix}"
    return Finding("python", sys.version_info >= (3, 11), seen, "install Python 3.11 or newer, then `make setup`")


def _broker(plan: Plan) -> Finding:
    if plan.broker is None:
        uri = plan.env["AMQP_URI"]
        fix = "start that broker, or unset AMQP_URI to use a private one"
        return Finding("broker", answers_at(uri, default_port=5672), "the one AMQP_URI names", fix)
    try:
        seen = f"{installed()} with {epmd()}"
    except BrokerMissing as missing:
        return Finding("broker", ok=False, seen=str(missing), fix="`make setup` installs it, or says how")
    return Finding("broker", ok=True, seen=seen)


def _queues(plan: Plan) -> Finding:
    uri = plan.broker.uri() if plan.broker else plan.env["AMQP_URI"]
    if not answers_at(uri, default_port=5672):
        return Finding("queues", ok=True, seen="not asked, since the broker does not run")
    try:
        silent = silent_queues(uri, [name for service in SERVICES for name in _queues_of(service)])
    except BROKER_ERRORS as error:
        return Finding("queues", ok=False, seen=f"not to be asked: {error!r}", fix="see the broker's log")
    seen = f"answering nobody: {', '.join(silent)}" if silent else "none that answers nobody"
    return Finding("queues", not silent, seen, 'see "A queue without a leader" in docs/operations.md')


def _queues_of(service: str) -> list[str]:
    return [*(each.queue for each in subscriptions_of(service)), *shared_queues(service)]


def _databases(plan: Plan) -> Finding:
    silent = [service for service in SERVICES if (url := plan.foreign_database(service)) and not _connects(url)]
    if silent:
        names = ", ".join(f"DATABASE_URL_{service.upper()}" for service in silent)
        return Finding("database", ok=False, seen=f"no connection by {names}", fix="start it, or correct the address")
    if plan.database is None:
        return Finding("database", ok=True, seen="the ones DATABASE_URL_<SERVICE> name")
    try:
        return Finding("database", ok=True, seen=f"embedded, {version()}")
    except (DatabaseFailed, OSError, subprocess.SubprocessError) as error:
        return Finding("database", ok=False, seen=str(error), fix="`make setup` installs it")


def _home(plan: Plan) -> Finding:
    nearest = next(folder for folder in (plan.home, *plan.home.parents) if folder.exists())
    free = shutil.disk_usage(nearest).free
    writable = os.access(nearest, os.W_OK)
    seen = f"{plan.home}, {free / 1e9:.1f} GB free{'' if writable else ', not writable'}"
    return Finding("home", writable and free > _ENOUGH_BYTES, seen, "make room, or choose another INTERCOOP_HOME")


def _secrets(plan: Plan) -> Finding:
    files = [plan.home / name for name in ("secrets.json", "key.pem", "instance.json")]
    open_to_others = [file for file in files if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077]
    seen = f"readable by others: {_names(open_to_others)}" if open_to_others else "readable by you alone"
    return Finding("secrets", not open_to_others, seen, f"chmod 600 {' '.join(str(file) for file in open_to_others)}")


def _ports(plan: Plan) -> Finding:
    if Records.load(plan.records).running_launcher():
        return Finding("ports", ok=True, seen=f"in use by this instance, from {plan.ports['membership']} on")
    busy = taken(plan.ports, plan.needed_ports())
    seen = ", ".join(f"{port} ({name}) by {holder(port) or 'somebody'}" for name, port in busy.items())
    return Finding("ports", not busy, f"taken: {seen}" if busy else "free", "choose another INTERCOOP_PORT_BASE")


def _processes(plan: Plan) -> Finding:
    records = Records.load(plan.records)
    dead = [name for name, record in records.processes.items() if record.find() is None]
    if records.running_launcher() is None:
        left = [name for name in records.processes if name not in dead]
        fix = "`intercoop down` ends them, and so does the next `intercoop up`"
        return Finding("processes", not left, f"left behind: {', '.join(left)}" if left else "not running", fix)
    seen = f"not alive: {', '.join(dead)}" if dead else f"{len(records.processes)} alive"
    return Finding("processes", not dead, seen, f"see their logs in {plan.logs}")


def _connects(url: str) -> bool:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, connect_timeout=3):
            return True
    except psycopg.OperationalError:
        return False


def _names(files: list[Path]) -> str:
    return ", ".join(file.name for file in files)
