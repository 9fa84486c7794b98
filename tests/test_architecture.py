"""The house rules that no linter knows, each with a violation that must be caught."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest

from shared.contracts import Event
from shared.contracts.catalogue import BY_PUBLISHER
from shared.messaging.subscribe import Subscribed
from tests.conftest import LONGEST

ROOT = Path(__file__).parent.parent
SERVICES = tuple(BY_PUBLISHER)


def service_class(name: str) -> type:
    found = getattr(import_module(f"services.{name}.service"), f"{name.capitalize()}Service")
    assert isinstance(found, type)
    return found


def subscriptions(service: str) -> Iterator[tuple[str, type[Event]]]:
    """Each subscription's method name with each event it hears."""
    owner = service_class(service)
    for name in dir(owner):
        for entrypoint in getattr(getattr(owner, name), "nameko_entrypoints", ()):
            if isinstance(entrypoint, Subscribed):
                yield from ((name, event) for event in entrypoint._options["events"])


def manifest(text: str) -> dict[str, set[str]]:
    """The class names each part of a manifest mentions."""
    parts = re.split(r"^(Owns|Publishes|Listens to):", text, flags=re.MULTILINE)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {title: set(re.findall(r"\b[A-Z]\w+", body)) for title, body in pairs}


def calls_commit(source: str) -> bool:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return any(isinstance(call.func, ast.Attribute) and call.func.attr == "commit" for call in calls)


def reads_environment(source: str) -> bool:
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    return any(node.attr in ("environ", "getenv") and ast.unparse(node.value) == "os" for node in nodes)


def reads_host_clock(source: str) -> bool:
    """datetime.now, datetime.utcnow and date.today; operations get the time as an argument."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    return any(ast.unparse(node) in ("datetime.now", "datetime.utcnow", "date.today") for node in nodes)


def times_out_by_force(source: str) -> bool:
    """eventlet.Timeout is raised in the middle of anything, and a database's connection is lost with it."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    named = {ast.unparse(node) for node in nodes} | {f"{i.module}.{name.name}" for i in imports for name in i.names}
    return bool(named & {"eventlet.Timeout", "eventlet.timeout", "eventlet.with_timeout", "eventlet.timeout.Timeout"})


CLOCKS = {"utc_now", "today", "utcnow", "now"}


def called_at_import(node: ast.AST) -> Iterator[str]:
    """The names of what is called when a module is imported: all but the bodies of functions."""
    if isinstance(node, ast.Call):
        yield ast.unparse(node.func).rpartition(".")[2]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        outside = [*getattr(node, "decorator_list", ()), *node.args.defaults, *filter(None, node.args.kw_defaults)]
    else:
        outside = [*ast.iter_child_nodes(node)]
    for child in outside:
        yield from called_at_import(child)


def fixes_a_day_at_import(source: str) -> bool:
    """A clock read when the module is imported, itself or by a function of the module."""
    tree, clocks, known = ast.parse(source), set[str](), CLOCKS
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    while clocks != known:
        clocks = known
        known = clocks | {one.name for one in functions if clocks & {*chain(*map(called_at_import, one.body))}}
    return bool(clocks & {*called_at_import(tree)})


def unexplained(source: str) -> list[str]:
    """Lines that excuse themselves from a check of types or style and don't say why."""
    excuse = re.compile(r"# (type: ignore(\[[\w, -]+\])?|noqa(: [A-Z0-9, ]+)?)\s*$")
    return [line.strip() for line in source.splitlines() if excuse.search(line)]


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


@pytest.mark.parametrize("name", SERVICES)
def test_a_manifest_names_what_the_service_publishes_and_hears(name: str) -> None:
    said = manifest(import_module(f"services.{name}").__doc__ or "")
    assert said["Publishes"] == {event.__name__ for event in BY_PUBLISHER[name]}
    assert said["Listens to"] == {event.__name__ for _, event in subscriptions(name)}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_the_same_file_names(name: str) -> None:
    folder = ROOT / "services" / name
    for part in ("service", "schemas", "operations", "model"):
        assert (folder / f"{part}.py").exists() or (folder / part / "__init__.py").exists(), part


def test_the_table_of_events_is_true() -> None:
    heard = {event.routing_key(): set[str]() for events in BY_PUBLISHER.values() for event in events}
    for service in SERVICES:
        for name, event in subscriptions(service):
            heard[event.routing_key()].add(f"{service}.{name}")
    rows = re.findall(r"^\| `([a-z_.]+\.v\d+)`.*\|(.*)\|$", (ROOT / "ARCHITECTURE.md").read_text(), flags=re.MULTILINE)
    assert {key: set(re.findall(r"`(.+?)`", listeners)) for key, listeners in rows} == heard


def test_services_never_commit() -> None:
    assert [str(path) for path in sources("services") if calls_commit(path.read_text())] == []
    assert calls_commit("def pay(session):\n    session.commit()")


def test_only_the_edges_read_the_environment() -> None:
    # prometheus-client has its worker processes' folder from the environment and no other way.
    edges = {"shared/run.py", "shared/metrics.py", "shared/supervisor.py"}
    found = [path.relative_to(ROOT).as_posix() for path in sources("services", "shared")]
    assert [path for path in found if reads_environment((ROOT / path).read_text()) and path not in edges] == []
    assert reads_environment("import os\nurl = os.environ['URL']")


def test_operations_and_models_never_look_at_the_clock() -> None:
    inner = [path for path in sources("services") if "service" not in (path.stem, path.parent.name)]
    assert [str(path) for path in inner if reads_host_clock(path.read_text())] == []
    assert reads_host_clock("from datetime import datetime\nnow = datetime.now()")


def test_no_test_takes_its_day_from_the_import() -> None:
    """The suite is imported minutes before its last test runs, perhaps on the day before."""
    assert [str(path) for path in sources("tests") if fixes_a_day_at_import(path.read_text())] == []
    for line in (
        "TODAY = utc_now().date()",
        "DAYS = {'due': [date.today(), datetime.now(UTC)]}",
        "@pytest.mark.parametrize('day', [date.today()])\ndef test_x(day): ...",
        "def test_x(day=date.today()): ...",
        "class Case:\n    day = clock.utc_now()",
        "def ago(days): return utc_now() - days\n\ndef due(): return ago(3)\n\nDUE = {'on': due()}",
        "if True:\n    TODAY = date.today()",
    ):
        assert fixes_a_day_at_import(line), line
    assert not fixes_a_day_at_import("def today(): return utc_now()\n\nLATER = lambda: today()")


def test_the_longest_files_exist() -> None:
    assert [name for name in LONGEST if not (ROOT / "tests" / name).exists()] == []


def test_each_exception_from_the_tools_says_why() -> None:
    every = list(sources("services", "shared", "intercoop", "tests", "benchmarks"))
    assert [f"{path}: {line}" for path in every for line in unexplained(path.read_text())] == []
    assert unexplained("x = f()  # type: ignore" + "[arg-type]\ny = g()  # noqa: " + "S101 -- a reason") == [
        "x = f()  # type: ignore" + "[arg-type]"
    ]
    assert unexplained("x = 1  # noqa" + ": S101") != []


def test_nothing_is_timed_out_by_force() -> None:
    assert [str(path) for path in sources("services", "shared") if times_out_by_force(path.read_text())] == []
    assert times_out_by_force("import eventlet\nwith eventlet.Timeout(1):\n    pass")
    assert times_out_by_force("from eventlet import Timeout")
    assert times_out_by_force("from eventlet.timeout import Timeout")


def test_nobody_notifies_in_a_transaction() -> None:
    """Trap: PostgreSQL lets only one transaction with a NOTIFY commit at a time."""
    notify = re.compile(r"\b(NOTIFY \w|pg_notify)")
    assert [str(path) for path in sources("services", "shared") if notify.search(path.read_text())] == []
    assert notify.search("NOTIFY outbox")


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("services/funding/model.py", "from services.funding import operations"),
        ("services/funding/operations.py", "from services.comms import model"),
        ("services/funding/operations.py", "import nameko.events"),
        ("services/events/service.py", "from intercoop import main"),
        ("shared/clock.py", "from services.funding import model"),
        ("services/comms/service.py", "import pika"),
    ],
)
def test_the_import_rules_catch_a_violation(file: str, line: str, tmp_path: Path) -> None:
    for part in ("services", "shared", "intercoop"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / file).write_text(f"{(tmp_path / file).read_text()}\n{line}\n")
    lint = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}
    verdict = subprocess.run(lint, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert verdict.returncode == 1, verdict.stdout
    assert "BROKEN" in verdict.stdout
