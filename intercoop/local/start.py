"""The order in which one instance starts."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
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
    _start_broker(launcher)
    with _told(launcher, "database"):
        _start_database(launcher)
    with _told(launcher, "migrations"):
        _migrate(launcher)
    _start_parts(launcher)
    with _told(launcher, "broker"):
        if plan.broker:
            launcher.wait_ready("broker", plan.broker.ready)
    with _told(launcher, "services and relays"):
        _wait_for_parts(launcher)
    plan.instance.save(plan.home / "instance.json")
    if demo and _is_empty(launcher):
        _load_demonstration(launcher)
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


def _wait_for_parts(launcher: Launcher) -> None:
    plan = launcher.plan
    for service in SERVICES:
        launcher.wait_ready(service, _serves(plan.ports[service]))
        launcher.wait_ready(f"{service} relay", _listens(plan.ports[f"{service} relay"]))
    if "mail" in launcher.children:
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


def _migrate(launcher: Launcher) -> None:
    """Only where a database is behind: finding that out with Alembic costs seconds of every start."""
    at = launcher.plan.instance.services
    if not all(_revision(at[service].database_url) == newest_revision(service) for service in SERVICES):
        launcher.run(_once(launcher, "migrate"))


def newest_revision(service: str) -> str:
    """Revisions are numbered, and their files begin with the number."""
    package = find_spec(f"services.{service}.migrations")
    assert package
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0])
    return max(file.name.split("_")[0] for file in (folder / "versions").glob("[0-9]*.py"))


def _revision(database_url: str) -> str | None:
    """What the database says of itself; None when it was never migrated, or doesn't answer yet."""
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return None
    return str(row[0]) if row else None


def _load_demonstration(launcher: Launcher) -> None:
    """The system is up without it, so its failure is told and no more."""
    try:
        with _told(launcher, "demonstration"):
            launcher.run(_once(launcher, "demo"))
    except StartFailed as failure:
        launcher.say(f"everything runs, but without the demonstration: {failure}")


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
