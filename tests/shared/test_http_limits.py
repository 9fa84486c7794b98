"""No caller can hold the service up: sizes, slowness, broken connections."""

import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from shared.worker import MAX_WORKERS
from tests.notes_server import NotesServer, running
from tests.waiting import eventually

RECEIVE_SECONDS = 1.5
QUEUE_SECONDS = 0.5


@pytest.fixture(scope="module")
def notes(notes_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotesServer]:
    """A server that waits less than usual."""
    environment = {"TEST_RECEIVE_SECONDS": str(RECEIVE_SECONDS), "TEST_QUEUE_SECONDS": str(QUEUE_SECONDS)}
    with running(tmp_path_factory.mktemp("notes"), notes_database, environment=environment) as server:
        yield server


def head(notes: NotesServer, request: str, **headers: str | int) -> bytes:
    lines = [request, "Host: x", f"Authorization: Bearer {notes.issuer.token()}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def post(notes: NotesServer, **headers: str | int) -> bytes:
    return head(notes, "POST /v1/notes HTTP/1.1", Content_Type="application/json", **headers)


def read_answer(sock: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one answer; (0, …) when the server hung up."""
    stream = sock.makefile("rb")
    status = stream.readline().split()
    if not status:
        return 0, {}, b""
    headers = {}
    while line := stream.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return int(status[1]), headers, stream.read(int(headers.get("content-length", 0)))


def is_hung_up_on(sock: socket.socket) -> bool:
    """Within the socket's own timeout, many times RECEIVE_SECONDS."""
    try:
        while sock.recv(4096):
            pass
    except TimeoutError:
        return False
    return True


def test_a_body_that_is_too_large_is_refused_and_read_away(client: httpx.Client) -> None:
    answer = client.post("/v1/notes", json={"title": "x" * 2_000_000})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/content-too-large")
    assert "1048576" in answer.json()["detail"]
    assert answer.headers["Connection"] == "close"


def test_a_body_without_a_length_is_limited_as_well(client: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b"x" * 100_000 for _ in range(15))

    answer = client.post("/v1/notes", content=chunks(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_a_body_in_chunks_is_read(client: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b'{"title"', b': "in chunks"}')

    answer = client.post("/v1/notes", content=chunks(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (201, "in chunks")


def test_who_asks_before_sending_too_much_is_told_at_once(notes: NotesServer) -> None:
    with notes.connect() as sock:
        sock.sendall(post(notes, Content_Length=50_000_000, Expect="100-continue"))
        status, _, _ = read_answer(sock)
    assert status == 413


def test_who_asks_before_sending_is_told_to_go_on(notes: NotesServer) -> None:
    body = b'{"title": "asked"}'
    with notes.connect() as sock:
        sock.sendall(post(notes, Content_Length=len(body), Expect="100-continue"))
        assert read_answer(sock)[0] == 100
        sock.sendall(body)
        assert read_answer(sock)[0] == 201


@pytest.mark.parametrize("length", ["-1", "x", "1x"])
def test_a_length_that_is_no_number_is_400(notes: NotesServer, length: str) -> None:
    with notes.connect() as sock:
        sock.sendall(post(notes, Content_Length=length))
        assert read_answer(sock)[0] == 400


def test_a_length_and_chunks_together_are_refused(notes: NotesServer) -> None:
    with notes.connect() as sock:
        sock.sendall(post(notes, Content_Length=3, Transfer_Encoding="chunked") + b"0\r\n\r\n")
        assert read_answer(sock)[0] == 400


def test_broken_chunks_are_400(notes: NotesServer) -> None:
    with notes.connect() as sock:
        sock.sendall(post(notes, Transfer_Encoding="chunked") + b"zz\r\n\r\n")
        assert read_answer(sock)[0] == 400


def test_headers_without_end_are_refused(notes: NotesServer) -> None:
    with notes.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(80)) + b"\r\n")
        assert read_answer(sock)[0] == 400


def test_an_address_without_end_is_414(notes: NotesServer) -> None:
    with notes.connect() as sock:
        sock.sendall(b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n\r\n")
        assert read_answer(sock)[0] == 414


@pytest.mark.parametrize("sent", [b"", b"GET /health", b"GET /health/live HTTP/1.1\r\nHost: x\r\n"])
def test_a_silent_caller_is_hung_up_on(notes: NotesServer, sent: bytes) -> None:
    with notes.connect() as sock:
        sock.sendall(sent)
        assert is_hung_up_on(sock)


def test_a_trickle_is_cut_off_however_regular(notes: NotesServer) -> None:
    started = time.monotonic()
    with notes.connect() as sock:
        sock.sendall(post(notes, Content_Length=1000))
        sock.settimeout(0.1)
        while trickle(sock):
            assert time.monotonic() - started < RECEIVE_SECONDS + 10


def trickle(sock: socket.socket) -> bool:
    """One byte more; false when the other side has hung up."""
    try:
        sock.sendall(b" ")
        return sock.recv(4096) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_many_slow_senders_hold_up_nobody_else(notes_database: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        notes = stack.enter_context(running(tmp_path, notes_database))
        slow = [stack.enter_context(notes.connect()) for _ in range(100)]
        for sock in slow:
            sock.sendall(post(notes, Content_Length=1000) + b"{")
        client = stack.enter_context(notes.client())
        assert client.post("/v1/notes", json={"title": "quick"}).status_code == 201
        assert not any(select.select(slow, [], [], 0)[0]), "none was cut off before"


def test_a_long_call_is_not_cut_off_by_the_receive_limit(client: httpx.Client) -> None:
    assert client.post("/v1/naps", json={"title": "nap", "seconds": RECEIVE_SECONDS + 1}).status_code == 201


def test_a_connection_serves_one_request_after_another(notes: NotesServer) -> None:
    body = json.dumps({"title": "kept alive"}).encode()
    with notes.connect() as sock:
        for _ in range(3):
            sock.sendall(post(notes, Content_Length=len(body)) + body)
            assert read_answer(sock)[0] == 201
        sock.sendall(head(notes, "GET /v1/nothing HTTP/1.1"))
        assert read_answer(sock)[0] == 404
        sock.sendall(head(notes, "GET /health/live HTTP/1.1", Connection="close"))
        status, headers, _ = read_answer(sock)
        assert (status, headers["connection"]) == (200, "close")
        assert sock.recv(1) == b""


def test_a_caller_of_http_1_0_gets_its_answer_and_the_end(notes: NotesServer) -> None:
    with notes.connect() as sock:
        sock.sendall(head(notes, "GET /health/live HTTP/1.0"))
        assert read_answer(sock)[0] == 200
        assert sock.recv(1) == b""


def test_callers_that_vanish_leave_the_service_well(notes: NotesServer, client: httpx.Client) -> None:
    for sent in (b"", b"GET", post(notes, Content_Length=10) + b"{", head(notes, "GET /v1/notes HTTP/1.1")):
        for _ in range(20):
            sock = notes.connect()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.sendall(sent)
            sock.close()
    assert client.get("/health/live").status_code == 200
    assert not [line for line in notes.lines() if line["level"] in {"error", "critical"}]


def test_while_all_workers_and_connections_are_taken_callers_are_told_so_and_health_answers(
    notes: NotesServer, client: httpx.Client
) -> None:
    """Trap: whoever waits for a worker without end is told nothing, and the orchestrator restarts what is only busy."""

    woken = threading.Event()

    def nap() -> set[int]:
        """Again and again, since those that get no connection are sent away while the slow ones are still coming."""
        told = set()
        with notes.client() as sleeper:
            while not woken.is_set():
                told.add(sleeper.post("/v1/naps", json={"title": "nap", "seconds": 4}).status_code)
        return told

    def in_progress() -> bool:
        text = client.get("/metrics").text
        return f"intercoop_http_requests_in_progress {MAX_WORKERS + 1}.0" in text

    with ThreadPoolExecutor(MAX_WORKERS) as sleepers, ExitStack() as stack:
        stack.callback(woken.set)
        naps = [sleepers.submit(nap) for _ in range(MAX_WORKERS)]
        eventually(in_progress)
        began = time.monotonic()
        refused = client.get("/v1/notes")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert refused.json()["type"] == "/problems/unavailable"
        assert [client.get(f"/health/{what}").status_code for what in ("live", "ready")] == [200, 200]
        assert "intercoop_database_up 1.0" in client.get("/metrics").text
        assert time.monotonic() - began < 2
        woken.set()
        assert set.union(*(each.result() for each in naps)) <= {201, 503}
