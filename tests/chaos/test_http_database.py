"""HTTP while the database does not answer: callers are told in time, and it goes on by itself."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from intercoop.audit.services import Audited
from shared.database import BRIEF, Bounds
from shared.http.server import QUEUE_SECONDS
from tests.chaos.conftest import MuteDatabase
from tests.notes_server import NotesServer, create_tables, running
from tests.outboxes import connect_plain, scalar
from tests.proxy import proxied
from tests.victims import VictimDatabase
from tests.waiting import eventually

QUICK = Bounds(statement=2)
USUAL = Bounds()
FORMS = [pytest.param(6, QUICK, id="short"), pytest.param(60, USUAL, id="long", marks=pytest.mark.long)]
MARGIN = 2.0
"""Seconds a busy machine may add."""


@dataclass(frozen=True)
class Answer:
    """What a caller got, and after how many seconds."""

    response: httpx.Response
    seconds: float


def ask(notes: NotesServer, method: str, path: str, *, key: str = "", **body: Any) -> Answer:
    headers = {"Accept-Language": "es"} | ({"Idempotency-Key": key} if key else {})
    began = time.monotonic()
    with notes.client() as client:
        response = client.request(method, path, headers=headers, json=body or None, timeout=60)
    return Answer(response, time.monotonic() - began)


def write(notes: NotesServer, title: str) -> Answer:
    return ask(notes, "POST", "/v1/notes", title=title)


def nap(notes: NotesServer, seconds: float, **more: Any) -> Answer:
    return ask(notes, "POST", "/v1/naps", title="nap", seconds=seconds, **more)


def environment(bounds: Bounds) -> dict[str, str]:
    return {"TEST_STATEMENT_SECONDS": str(bounds.statement)}


def running_statements(url: str, like: str) -> int:
    mine = "datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'"
    return int(scalar(url, f"SELECT count(*) FROM pg_stat_activity WHERE {mine} AND query LIKE '{like}'"))


def notes_written(url: str) -> int:
    return int(scalar(url, "SELECT count(*) FROM notes"))


def assert_told(answers: list[Answer], *, within: float) -> None:
    """A refusal a person and a program can act on, in time."""
    for answer in answers:
        assert answer.response.status_code == 503
        assert answer.response.headers["Retry-After"] == "5"
        assert answer.response.json()["title"] == "No disponible por el momento"
        assert answer.seconds < within + MARGIN


@pytest.fixture
def ran() -> list[Audited]:
    """Nothing here publishes; what was written is counted by each test."""
    return []


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(150) as callers:
        yield callers


def watch(notes: NotesServer, *, until: float) -> None:
    """Orchestrators and Prometheus get their answers all the time."""
    assert ask(notes, "GET", "/health/ready").response.status_code == 503
    while time.monotonic() < until:
        live = ask(notes, "GET", "/health/live")
        assert (live.response.status_code, live.seconds < MARGIN) == (200, True)
        ready = ask(notes, "GET", "/health/ready")
        assert (ready.response.status_code, ready.seconds < BRIEF.free + BRIEF.answer + MARGIN) == (503, True)
        metrics = ask(notes, "GET", "/metrics")
        assert re.search(r"^intercoop_database_up 0", metrics.response.text, re.MULTILINE)
        assert metrics.seconds < BRIEF.free + BRIEF.answer + MARGIN


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("seconds", "bounds"), FORMS)
def test_callers_are_told_in_time_health_answers_and_nothing_stays_stuck(
    mute_database: MuteDatabase, tmp_path: Path, callers: ThreadPoolExecutor, seconds: float, bounds: Bounds
) -> None:
    """Trap: a wait for a hung server has no end; it takes the connections, then the workers, then the liveness."""
    with running(tmp_path, mute_database.url, environment=environment(bounds)) as notes:
        in_hand = [callers.submit(nap, notes, bounds.statement - 0.5) for _ in range(10)]
        eventually(lambda: running_statements(mute_database.direct_url, "%pg_sleep%") == 10)
        with mute_database.mute():
            until = time.monotonic() + seconds
            others = [callers.submit(write, notes, "meanwhile") for _ in range(100)]
            watch(notes, until=until)
            told = answered(others)
        assert_told([future.result() for future in in_hand], within=bounds.answer)
        assert_told(told, within=QUEUE_SECONDS + bounds.free + max(bounds.answer, bounds.connect))
        assert told
        eventually(lambda: ask(notes, "GET", "/health/ready").response.status_code == 200)
        later = [future.result().response.status_code for future in others]
        again = [callers.submit(write, notes, "again") for _ in range(100)]
        assert {future.result().response.status_code for future in again} == {201}
        assert notes_written(mute_database.direct_url) == later.count(201) + len(again)
        at_once = [callers.submit(nap, notes, bounds.statement - 0.5) for _ in range(10)]
        eventually(lambda: running_statements(mute_database.direct_url, "%pg_sleep%") == 10)
        assert all(future.result().response.is_success for future in at_once)


def answered(futures: list["Future[Answer]"]) -> list[Answer]:
    return [future.result() for future in futures if future.done()]


SLOW_COMMIT = """
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION dawdle();
"""


@pytest.fixture
def slow_commits(chaos_database_url: str) -> str:
    """A database in which a commit takes long enough to be met."""
    create_tables(chaos_database_url)
    with connect_plain(chaos_database_url) as database:
        database.execute(SLOW_COMMIT)
    return chaos_database_url


def lost_commit(notes: NotesServer, url: str, callers: ThreadPoolExecutor) -> "Future[Answer]":
    """A call whose COMMIT is being carried out while this returns."""
    call = callers.submit(ask, notes, "POST", "/v1/notes", key="k", title="once")
    eventually(lambda: running_statements(url, "COMMIT"))
    return call


def test_a_commit_that_got_no_answer_is_not_acknowledged_and_its_key_makes_it_once(
    slow_commits: str, tmp_path: Path, callers: ThreadPoolExecutor
) -> None:
    with (
        proxied(slow_commits) as (network, through),
        running(tmp_path, through, environment=environment(QUICK)) as notes,
    ):
        call = lost_commit(notes, slow_commits, callers)
        network.swallow("down")
        assert_told([call.result()], within=QUICK.answer)
        assert notes_written(slow_commits) == 1
        network.swallow()
        again = ask(notes, "POST", "/v1/notes", key="k", title="once").response
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
        assert notes_written(slow_commits) == 1


def test_a_commit_in_a_server_that_freezes_happens_once_or_not_at_all(
    victim_database: VictimDatabase, slow_commits: str, tmp_path: Path, callers: ThreadPoolExecutor
) -> None:
    with running(tmp_path, slow_commits, environment=environment(QUICK)) as notes:
        call = lost_commit(notes, slow_commits, callers)
        with victim_database.frozen():
            assert_told([call.result()], within=QUICK.answer)
        eventually(lambda: ask(notes, "POST", "/v1/notes", key="k", title="once").response.status_code == 201)
        assert notes_written(slow_commits) == 1


def test_it_stops_in_time_though_the_database_does_not_answer(
    mute_database: MuteDatabase, tmp_path: Path, callers: ThreadPoolExecutor
) -> None:
    with running(tmp_path, mute_database.url, environment=environment(QUICK)) as notes:
        call = callers.submit(nap, notes, QUICK.statement - 0.5)
        eventually(lambda: running_statements(mute_database.direct_url, "%pg_sleep%"))
        with mute_database.mute():
            began = time.monotonic()
            assert notes.stop() == 0
            assert time.monotonic() - began < QUICK.answer + MARGIN
            assert_told([call.result()], within=QUICK.answer)
        assert notes.lines("stopped")


def test_one_that_starts_meanwhile_waits_and_stops_when_it_is_told(
    victim_database: VictimDatabase, chaos_database_url: str, tmp_path: Path
) -> None:
    create_tables(chaos_database_url)
    with victim_database.frozen():
        told, patient = (a_server(tmp_path / name, chaos_database_url) for name in ("told", "patient"))
        eventually(lambda: told.lines("waiting for the database"), within=30)
        began = time.monotonic()
        assert told.stop() == 0
        assert time.monotonic() - began < USUAL.connect + MARGIN
        eventually(lambda: patient.lines("waiting for the database"), within=30)
    eventually(patient.is_ready, within=30)
    assert patient.stop() == 0


def a_server(folder: Path, database_url: str) -> NotesServer:
    folder.mkdir()
    return NotesServer(folder, database_url, workers=1, environment={})
