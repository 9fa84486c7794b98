"""The order in which one instance starts."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
from sqlalchemy.engine import make_url

from intercoop.instance import SERVICES
from intercoop.local.launcher import Launcher, StartFailed
from intercoop.local.ports import answers, holder, taken
from intercoop.local.program import Program


def bring_up(launcher: Launcher, *, demo: bool) -> None:
    """From nothing to ready; raises StartFailed with a message for the user, Stopped when asked to stop meanwhile."""
    plan = launcher.plan
    launcher.clean_up()
    plan.prepare()
    _refuse_taken_ports(launcher)
    with _told(launcher, "database"):
        _start_database(launcher)
    _start_broker(launcher)
    with _told(launcher, "migrations"):
        launcher.run(_migration(launcher))
    with _told(launcher, "broker"):
        if plan.broker:
            launcher.wait_ready("broker", plan.broker.ready)
    with _told(launcher, "services and relays"):
        _start_parts(launcher)
    plan.instance.save(plan.home / "instance.json")
    if demo and _is_empty(launcher):
        with _told(launcher, "demonstration"):
            launcher.run(_demonstration(launcher))
    launcher.enter("ready")


def _refuse_taken_ports(launcher: Launcher) -> None:
    ports = launcher.plan.ports
    for name, port in taken(ports, launcher.plan.needed_ports()).items():
        who = holder(port)
        raise StartFailed(
            f"port {port}, wanted for {name}, is taken{f' by {who}' if who else ''}; "
            f"choose other ports: INTERCOOP_PORT_BASE={(ports['membership'] // 100 + 5) * 100} intercoop up"
        )


def _start_database(launcher: Launcher) -> None:
    database = launcher.plan.database
    if database is None:
        return
    database.prepare()
    launcher.start(database.program(launcher.plan.logs))
    launcher.wait_ready("database", database.ready)
    database.create(launcher.plan.database_roles())


def _start_broker(launcher: Launcher) -> None:
    if broker := launcher.plan.broker:
        broker.prepare()
        for program in broker.programs(launcher.plan.logs):
            launcher.start(program)


def _start_parts(launcher: Launcher) -> None:
    plan = launcher.plan
    if catcher := plan.mail_catcher():
        launcher.start(catcher)
    for service in SERVICES:
        launcher.start(plan.service(service))
        launcher.start(plan.relay(service))
    for service in SERVICES:
        launcher.wait_ready(service, _serves(plan.ports[service]))
        launcher.wait_ready(f"{service} relay", _listens(plan.ports[f"{service} relay"]))
    if catcher:
        launcher.wait_ready("mail", _listens(plan.ports["smtp"]))


def _serves(port: int) -> Callable[[], bool]:
    """Whether the service says it is ready."""

    def ready() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except (URLError, OSError):
            return False

    return ready


def _listens(port: int) -> Callable[[], bool]:
    return lambda: answers(port)


def _migration(launcher: Launcher) -> Program:
    return _once(launcher, "migrate")


def _demonstration(launcher: Launcher) -> Program:
    return _once(launcher, "demo")


def _once(launcher: Launcher, command: str) -> Program:
    plan = launcher.plan
    return Program(
        name=command,
        argv=(sys.executable, "-m", "intercoop", command),
        log=plan.logs / f"{command}.log",
        cwd=plan.home,
        env=plan.python_environment(),
    )


def _is_empty(launcher: Launcher) -> bool:
    """Whether no service has ever said anything."""
    urls = [make_url(at.database_url).set(drivername="postgresql") for at in launcher.plan.instance.services.values()]
    return not any(_has_published(url.render_as_string(hide_password=False)) for url in urls)


def _has_published(url: str) -> bool:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM outbox)").fetchone()
        return bool(row and row[0])


@contextmanager
def _told(launcher: Launcher, what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    launcher.say(f"{what}: ready after {time.monotonic() - began:.1f} s")
