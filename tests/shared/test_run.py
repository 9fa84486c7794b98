"""A service starts when it can, stops when it is told, and loses nothing in between."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from sqlalchemy.engine import make_url

from shared.run import listen
from tests.notes_server import ROOT, NotesServer, create_tables, running
from tests.waiting import eventually


@pytest.fixture
def one(tmp_path: Path, database_url: str) -> Iterator[NotesServer]:
    with running(tmp_path, database_url) as server:
        yield server


@pytest.fixture
def pair(tmp_path: Path, database_url: str) -> Iterator[NotesServer]:
    """Two worker processes under a parent, both answering."""
    with running(tmp_path, database_url, workers=2, environment={"TMPDIR": str(tmp_path)}) as server:
        eventually(lambda: len(server.lines("ready")) == 2)
        yield server


def workers(server: NotesServer) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children()


def call_while(server: NotesServer, act: Callable[[], object], *, seconds: float = 3) -> httpx.Response:
    """The answer to a call that takes so long and during which `act` happens."""
    with server.client() as client, ThreadPoolExecutor() as pool:
        answer = pool.submit(client.post, "/v1/naps", json={"title": "nap", "seconds": seconds})
        eventually(lambda: in_progress(server) == 1)
        act()
        return answer.result()


def accepts(server: NotesServer) -> bool:
    try:
        server.connect().close()
    except ConnectionRefusedError:
        return False
    return True


def in_progress(server: NotesServer) -> float:
    with server.client() as client:
        # The scrape itself is one.
        return metric(client.get("/metrics").text, "intercoop_http_requests_in_progress") - 1


def metric(exposition: str, name: str, **labels: str) -> float:
    """The sum of the samples with these labels."""
    lines = [line for line in exposition.splitlines() if re.match(rf"{name}[{{ ]", line)]
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(part in line for part in wanted))


def test_sigterm_finishes_what_is_in_hand_takes_nobody_new_and_exits_0(one: NotesServer) -> None:
    def stop() -> None:
        one.process.terminate()
        eventually(lambda: not accepts(one))

    answer = call_while(one, stop)
    assert answer.status_code == 201
    assert answer.headers["Connection"] == "close"
    assert one.process.wait(40) == 0
    assert [line["message"] for line in one.lines() if line["logger"] == "intercoop.run"][-2:] == [
        "stopping",
        "stopped",
    ]


def test_a_second_sigterm_ends_it_at_once(one: NotesServer) -> None:
    def twice() -> None:
        one.process.terminate()
        eventually(lambda: one.lines("stopping"))
        time.sleep(0.6)  # signals closer together count as one
        one.process.terminate()
        assert one.process.wait(10) == 128 + signal.SIGTERM

    with pytest.raises(httpx.RemoteProtocolError):
        call_while(one, twice, seconds=20)


def test_sigint_ends_streams_and_exits_0(one: NotesServer) -> None:
    with one.client() as client, client.stream("GET", "/v1/ticks") as answer:
        ticks = answer.iter_lines()
        assert next(ticks) == "tick"
        one.process.send_signal(signal.SIGINT)
        assert set(ticks) <= {"tick"}
    assert one.process.wait(40) == 0


def test_a_second_instance_on_the_port_is_refused_in_one_line(notes: NotesServer) -> None:
    for count in (1, 2):
        second = notes.start(workers=count)
        assert second.wait(40) == 1
    assert notes.log.read_text().count(f"can not listen on 127.0.0.1:{notes.port}: Address already in use\n") == 2
    assert "Traceback" not in notes.log.read_text()


@pytest.mark.parametrize("name", ["DATABASE_URL", "HTTP_PORT", "AUTH_JWKS", "LINK_SECRET"])
def test_a_missing_setting_is_named_in_one_line(tmp_path: Path, name: str) -> None:
    known = ("DATABASE_URL", "AMQP_URI", "HTTP_PORT", "AUTH_JWKS", "AUTH_ISSUER", "LINK_SECRET", "PUBLIC_URL")
    environment = {"PATH": os.environ["PATH"]} | {other: "1" for other in known if other != name}
    command = [sys.executable, "-m", "intercoop.main", "serve", "membership"]
    script = "from intercoop.main import main; main()"
    command = [sys.executable, "-c", script, "serve", "membership"]
    found = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stderr == f"missing setting: the environment variable {name} must be set\n"
    assert found.stdout == ""


def test_it_waits_for_a_database_that_is_not_there_yet(
    tmp_path: Path, database_url: str, database_server_url: str
) -> None:
    name = make_url(database_url).database
    admin = make_url(database_server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    create_tables(database_url)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} RENAME TO {name}_away")
        try:
            server = NotesServer(tmp_path, database_url, workers=1, environment={})
            eventually(lambda: server.lines("waiting for the database"))
        finally:
            connection.execute(f"ALTER DATABASE {name}_away RENAME TO {name}")
    eventually(server.is_ready)
    assert server.stop() == 0


def test_database_away_is_503_and_back_is_well_again(
    notes: NotesServer, notes_database: str, database_server_url: str
) -> None:
    name = make_url(notes_database).database
    admin = make_url(database_server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with notes.client() as client, psycopg.connect(admin, autocommit=True) as connection:
        assert client.post("/v1/notes", json={"title": "before"}).status_code == 201
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        answer = client.post("/v1/notes", json={"title": "while"})
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").status_code == 200
        assert metric(client.get("/metrics").text, "intercoop_database_up") == 0
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert client.post("/v1/notes", json={"title": "after"}).status_code == 201
        assert client.get("/health/ready").status_code == 200
        assert metric(client.get("/metrics").text, "intercoop_database_up") == 1


def test_two_workers_count_as_one_service_and_a_dead_one_is_replaced(pair: NotesServer) -> None:
    write_40(pair)
    assert_counted(pair, 40)
    dead, alive = workers(pair)
    dead.kill()
    with pair.client() as client:
        for _ in range(20):
            assert client.get("/health/live").status_code == 200
    eventually(lambda: len(workers(pair)) == 2 and dead not in workers(pair))
    eventually(lambda: len(pair.lines("ready")) == 3)
    assert alive in workers(pair)
    assert pair.lines("worker died")[0]["pid"] == dead.pid
    write_40(pair)
    assert_counted(pair, 80)


def write_40(server: NotesServer) -> None:
    for _ in range(40):
        with server.client() as client:
            client.post("/v1/notes", json={"title": "counted"}).raise_for_status()


def assert_counted(server: NotesServer, count: int) -> None:
    with server.client() as client:
        exposition = client.get("/metrics").text
    labels = {"method": "POST", "route": "/v1/notes", "status": "201"}
    assert metric(exposition, "intercoop_http_requests_total", **labels) == count
    assert metric(exposition, "intercoop_http_request_seconds_count", method="POST", route="/v1/notes") == count
    assert metric(exposition, "intercoop_outbox_pending") == count
    assert metric(exposition, "intercoop_outbox_oldest_seconds") > 0


def test_sigterm_to_the_parent_ends_both_workers_and_what_they_counted(pair: NotesServer, tmp_path: Path) -> None:
    children = workers(pair)
    assert len(list(tmp_path.glob("intercoop-metrics-*/*.db"))) > 1
    answer = call_while(pair, pair.process.terminate)
    assert answer.status_code == 201
    assert pair.process.wait(40) == 0
    assert not any(child.is_running() for child in children)
    assert len(pair.lines("stopped")) == 2
    assert list(tmp_path.glob("intercoop-metrics-*")) == []


def test_workers_stop_when_their_parent_is_gone(pair: NotesServer) -> None:
    children = workers(pair)
    pair.process.kill()
    pair.process.wait()
    eventually(lambda: not any(child.is_running() for child in children))


def test_no_piece_of_an_answer_waits_for_the_callers_acknowledgement_of_another() -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
