"""The feed of a real service over HTTP: pages, long poll, server-sent events, refusals, the end of the process."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, select, text
from werkzeug.wrappers import Response

from shared.clock import utc_now
from shared.contracts import Event
from shared.database import transaction
from shared.http.feed_routes import LatePage
from shared.messaging.feed import CLOSING_SECONDS, MOST_WAITING
from shared.messaging.outbox import outbox, publish
from shared.messaging.relay.leader import Leader
from shared.messaging.relay.limits import Limits
from tests.members import NOW, a_contact, a_new_standing, an_admission
from tests.notes_server import NotesServer, running
from tests.waiting import eventually

BATCH = "application/cloudevents-batch+json"


@pytest.fixture
def api(notes: NotesServer) -> Iterator[httpx.Client]:
    with notes.client(notes.issuer.token(scope="feed:read")) as api:
        yield api


@pytest.fixture
def say(notes_database: str, notes_engine: Engine) -> Callable[..., list[str]]:
    """Publishes and has it confirmed; returns the bodies."""

    def say(*events: Event) -> list[str]:
        with transaction(notes_engine) as session:
            for event in events:
                publish(session, event, at=NOW)
            newest = select(outbox.c.body).order_by(outbox.c.id.desc()).limit(len(events))
            bodies = list(session.scalars(newest))[::-1]
        with Leader(notes_database, Limits()) as leader:
            while rows := leader.fetch(500, in_flight=[]):
                leader.mark([row.id for row in rows])
        return bodies

    return say


def latest(api: httpx.Client) -> int:
    return int(api.get("/feed", params={"after": "latest"}).raise_for_status().headers["Feed-Position"])


def test_a_page_holds_the_events_byte_for_byte_and_leads_to_the_next(
    api: httpx.Client, say: Callable[..., list[str]]
) -> None:
    after = latest(api)
    member = an_admission()
    bodies = say(member, a_contact(member.organization_id), a_new_standing(member, "grace"), an_admission())
    first = api.get("/feed", params={"after": after, "limit": 2, "type": "membership.member.#"})
    assert (first.status_code, first.headers["Content-Type"]) == (200, BATCH)
    assert first.text == f"[{bodies[0]},{bodies[2]}]"
    assert first.headers["Feed-Position"] == str(after + 3)
    second = api.get(first.links["next"]["url"])
    assert second.text == f"[{bodies[3]}]"
    third = api.get(second.links["next"]["url"])
    assert (third.text, third.headers["Feed-Position"]) == ("[]", str(after + 4))


def test_a_client_that_waits_gets_the_event_as_soon_as_it_is_confirmed(
    api: httpx.Client, say: Callable[..., list[str]]
) -> None:
    after = latest(api)
    answers = []
    client = threading.Thread(target=lambda: answers.append(api.get("/feed", params={"after": after, "wait": 25})))
    client.start()
    client.join(0.3)
    assert client.is_alive()
    bodies = say(an_admission())
    client.join(10)
    assert answers[0].text == f"[{bodies[0]}]"
    assert answers[0].headers["Feed-Position"] == str(after + 1)


def test_events_for_others_do_not_end_the_wait_but_move_the_cursor(
    api: httpx.Client, say: Callable[..., list[str]]
) -> None:
    after = latest(api)
    answers = []
    wanted = {"after": after, "wait": 4, "type": "membership.prospect.#"}
    client = threading.Thread(target=lambda: answers.append(api.get("/feed", params=wanted)))
    began = time.monotonic()
    client.start()
    say(an_admission())
    client.join(30)
    assert time.monotonic() - began > 3.9
    assert (answers[0].text, answers[0].headers["Feed-Position"]) == ("[]", str(after + 1))


def test_a_moment_is_a_place_to_begin(api: httpx.Client, say: Callable[..., list[str]]) -> None:
    say(an_admission())
    between = utc_now()
    bodies = say(an_admission())
    assert api.get("/feed", params={"since": between.isoformat()}).text == f"[{bodies[0]}]"
    assert api.get("/feed", params={"since": (utc_now() + timedelta(hours=1)).isoformat()}).text == "[]"


def frames(api: httpx.Client, count: int, headers: dict[str, str], **params: str) -> list[dict[str, str]]:
    """The next frames of the stream that are no comments."""
    found: list[dict[str, str]] = []
    accept = {"Accept": "text/event-stream"}
    with api.stream("GET", "/feed", headers=accept | headers, params=params) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        frame: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name:
                frame[name] = value
            elif frame:
                found.append(frame)
                frame = {}
            if len(found) == count:
                return found
    return found


def test_a_stream_brings_positions_as_ids_and_goes_on_behind_the_last_one_seen(
    api: httpx.Client, say: Callable[..., list[str]]
) -> None:
    after = latest(api)
    member = an_admission()
    bodies = say(member, a_contact(member.organization_id), an_admission())
    first = frames(api, 4, {}, after=str(after))
    assert first[0] == {"retry": "2000"}
    assert first[1:3] == [{"id": str(after + 1), "data": bodies[0]}, {"id": str(after + 3), "data": bodies[2]}]
    assert first[3] == {"id": str(after + 3)}
    again = frames(api, 2, {"Last-Event-ID": str(after + 1)}, after="0")
    assert again[1] == {"id": str(after + 3), "data": bodies[2]}


def test_a_stream_brings_what_happens_while_it_is_open(api: httpx.Client, say: Callable[..., list[str]]) -> None:
    after = latest(api)
    seen: list[dict[str, str]] = []
    client = threading.Thread(target=lambda: seen.extend(frames(api, 3, {}, after=str(after))))
    client.start()
    client.join(0.3)
    bodies = say(an_admission())
    client.join(30)
    assert seen[1:] == [{"id": str(after)}, {"id": str(after + 1), "data": bodies[0]}]


@pytest.mark.parametrize(
    ("params", "headers", "parameter"),
    [
        ({"after": "99999999"}, {}, "after"),
        ({"after": "-1"}, {}, "after"),
        ({"after": "abc"}, {}, "after"),
        ({"after": "9" * 19}, {}, "after"),
        ({"limit": "0"}, {}, "limit"),
        ({"wait": "1e9"}, {}, "wait"),
        ({"wait": "nan"}, {}, "wait"),
        ({"type": "funding.#"}, {}, "type"),
        ({"type": "membership.contact.changed.v1"}, {}, "type"),
        ({"since": "yesterday"}, {}, "since"),
        ({"since": "2026-01-01T00:00:00Z", "after": "0"}, {}, "since"),
        ({"unknown": "1"}, {}, "unknown"),
        ({}, {"Accept": "text/event-stream", "Last-Event-ID": "x"}, "Last-Event-ID"),
        ({}, {"Accept": "text/event-stream", "Last-Event-ID": "99999999"}, "after"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_place(
    api: httpx.Client, params: dict[str, str], headers: dict[str, str], parameter: str
) -> None:
    answer = api.get("/feed", params=params, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_only_who_may_reads_the_feed(notes: NotesServer) -> None:
    with notes.client("") as anonymous:
        assert anonymous.get("/feed").status_code == 401
    with notes.client(notes.issuer.token(scope="membership:read")) as reader:
        assert reader.get("/feed").status_code == 403


def test_a_cursor_older_than_what_is_kept_is_told_the_oldest_position(
    api: httpx.Client, say: Callable[..., list[str]], notes_engine: Engine
) -> None:
    member = an_admission()
    say(member, a_new_standing(member, "grace"))
    end = latest(api)
    with transaction(notes_engine) as session:
        session.execute(text("DELETE FROM outbox WHERE position = :gone"), {"gone": end - 1})
    answer = api.get("/feed", params={"after": end - 2})
    assert (answer.status_code, answer.headers["Feed-Oldest-Position"]) == (410, str(end))
    assert f"after={end - 1}" in answer.json()["detail"]
    assert api.get("/feed", params={"after": end - 1}).status_code == 200
    assert api.get("/feed", params={"after": end - 2, "compacted": True}).headers["Feed-Position"] == str(end)


def busy(engine: Engine) -> int:
    """Connections of the service to its database that are inside a transaction or a query."""
    query = text("""SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'""")
    with engine.connect() as connection:
        return int(connection.scalar(query) or 0)


def clients(api: httpx.Client) -> int:
    """How many wait for or stream the feed, as the service counts them."""
    found = re.search(r"^intercoop_feed_clients(?:{.*})? (\d+)", api.get("/metrics").text, re.MULTILINE)
    assert found
    return int(found[1])


def ask(notes: NotesServer, query: str, *headers: str) -> socket.socket:
    """A request on a connection of its own, without waiting for the answer."""
    token = notes.issuer.token(scope="feed:read")
    lines = [f"GET /feed?{query} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", *headers, "", ""]
    connection = notes.connect()
    connection.sendall("\r\n".join(lines).encode())
    return connection


def crowd(stack: ExitStack, api: httpx.Client, notes: NotesServer, many: int, *request: str) -> list[socket.socket]:
    """So many who wait; they come a few at a time, for a busy machine turns away who finds no free worker."""
    found: list[socket.socket] = []
    while len(found) < many:
        found.extend(stack.enter_context(ask(notes, *request)) for _ in range(10))
        eventually(lambda: clients(api) == len(found))
    return found


def test_many_who_wait_hold_neither_workers_nor_connections(
    notes: NotesServer, api: httpx.Client, say: Callable[..., list[str]], notes_engine: Engine
) -> None:
    with ExitStack() as stack:
        waiting = crowd(stack, api, notes, 150, "after=latest&wait=60")
        looks = [busy(notes_engine) for _ in range(20)]
        assert sum(looks) / len(looks) < 2
        reader = stack.enter_context(notes.client())
        assert reader.get("/v1/notes").status_code == 200
        assert clients(api) == 150
        say(an_admission())
        assert all(client.recv(65536).startswith(b"HTTP/1.1 200") for client in waiting)
    eventually(lambda: clients(api) == 0, within=10)


def test_too_many_who_wait_are_told_to_come_back(notes_database: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        notes = stack.enter_context(running(tmp_path, notes_database))
        api = stack.enter_context(notes.client(notes.issuer.token(scope="feed:read")))
        # A long poll of the first might end before the last has asked; a stream does not.
        crowd(stack, api, notes, MOST_WAITING, "after=latest", "Accept: text/event-stream")
        for accept in (BATCH, "text/event-stream"):
            answer = api.get("/feed", params={"after": "latest", "wait": 30}, headers={"Accept": accept})
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert api.get("/feed", params={"after": "latest"}).status_code == 200


@pytest.mark.parametrize("accept", [BATCH, "text/event-stream"])
def test_a_client_that_hangs_up_gives_its_place_back_though_nothing_happens(
    notes: NotesServer, api: httpx.Client, accept: str
) -> None:
    """Trap: the first write to a client that is gone succeeds, so a silent stream would be noticed a minute late."""
    client = ask(notes, "after=latest&wait=60", f"Accept: {accept}")
    eventually(lambda: clients(api) == 1, within=10)
    client.close()
    eventually(lambda: clients(api) == 0, within=10)


def test_a_client_that_already_sends_its_next_request_has_not_hung_up(
    notes: NotesServer, api: httpx.Client, say: Callable[..., list[str]]
) -> None:
    with ask(notes, "after=latest&wait=25") as client:
        eventually(lambda: clients(api) == 1, within=10)
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with pytest.raises(TimeoutError):
            client.settimeout(2 * CLOSING_SECONDS)
            client.recv(1)
        [body] = say(an_admission())
        client.settimeout(15)
        answers = b"".join(iter(lambda: client.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200") == 2
    assert body.encode() in answers


def test_a_page_that_can_not_be_filled_gives_its_place_back() -> None:
    left: list[bool] = []

    def fail(_: Response) -> None:
        raise RuntimeError("for a reason of its own")

    page = LatePage()
    page.call_on_close(lambda: left.append(True))
    page.fill = fail
    with pytest.raises(RuntimeError, match="of its own"):
        page({}, lambda *_: None)
    assert left == [True]


def test_the_end_of_the_process_ends_every_wait_well(notes_database: str, tmp_path: Path) -> None:
    answers: list[httpx.Response] = []
    streamed: list[dict[str, str]] = []
    with running(tmp_path, notes_database) as notes, notes.client(notes.issuer.token(scope="feed:read")) as api:
        wanted = {"after": "latest", "wait": "50"}
        threads = [
            threading.Thread(target=lambda: answers.append(api.get("/feed", params=wanted))),
            threading.Thread(target=lambda: streamed.extend(frames(api, 99, {}, after="latest"))),
        ]
        for thread in threads:
            thread.start()
        eventually(lambda: clients(api) == 2)
        assert notes.stop() == 0
        assert not notes.lines("not everything was finished in time")
        for thread in threads:
            thread.join(30)
    assert (answers[0].status_code, answers[0].text) == (200, "[]")
    assert [list(frame) for frame in streamed] == [["retry"], ["id"]]
