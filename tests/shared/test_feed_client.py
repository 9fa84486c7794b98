"""The integrators' client and the commands built on it, against a service in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from sqlalchemy import Engine, text

from intercoop import client as module
from intercoop.client import BATCH, Cursor, Event, Feed, PositionGone, Refused, Unreachable
from intercoop.instance import SERVICES, Instance, ServiceAddress
from intercoop.main import main
from shared.contracts.examples import is_example_id
from shared.contracts.membership import MemberAdmitted
from shared.database import transaction
from shared.messaging.inbox import inbox, take
from shared.messaging.outbox import outbox, publish
from shared.messaging.relay.leader import Leader
from shared.messaging.relay.limits import Limits
from shared.messaging.subscription import Subscription
from shared.messaging.wire import decode
from tests.members import NOW, a_new_standing, an_admission
from tests.notes_server import NotesServer
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]


@pytest.fixture
def emptied(notes_engine: Engine) -> Engine:
    with transaction(notes_engine) as session:
        session.execute(text("TRUNCATE outbox, inbox"))
    return notes_engine


@pytest.fixture
def confirm(notes_database: str) -> Callable[[], None]:
    def confirm() -> None:
        with Leader(notes_database, Limits()) as leader:
            while rows := leader.fetch(500, in_flight=[]):
                leader.mark([row.id for row in rows])

    return confirm


@pytest.fixture
def admit(emptied: Engine, confirm: Callable[[], None]) -> Callable[[int], list[str]]:
    """Admits so many members; returns their subjects in order."""

    def admit(count: int) -> list[str]:
        members = [an_admission() for _ in range(count)]
        with transaction(emptied) as session:
            for member in members:
                publish(session, member, at=NOW)
        confirm()
        return [member.subject for member in members]

    return admit


@pytest.fixture
def feed(notes: NotesServer) -> Feed:
    return Feed(f"http://127.0.0.1:{notes.port}/", token=lambda: notes.issuer.token(scope="feed:read"))


def some(events: Iterator[Event], count: int) -> list[str]:
    return [next(events).subject for _ in range(count)]


def test_a_reader_gets_each_event_once_in_order_and_whole(feed: Feed, admit: Callable[[int], list[str]]) -> None:
    subjects = admit(3)
    events = feed.follow(Cursor())
    first = next(events)
    assert (first.type, first.source) == ("coop.intercoop.membership.member.admitted.v1", "/membership")
    assert (first.subject, first.time, first.attributes["subjectversion"]) == (subjects[0], NOW, 1)
    assert first.data["country"] == "AR"
    assert decode(first.to_json()).subject == subjects[0]
    assert some(events, 2) == subjects[1:]


def requests(notes: NotesServer) -> list[dict[str, Any]]:
    """What the service has answered so far."""
    return [line for line in notes.lines("request") if line["route"] == "/feed"]


def test_a_reader_waits_for_what_is_to_come(
    notes: NotesServer, feed: Feed, admit: Callable[[int], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.2)
    admit(2)
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.extend(some(feed.follow(Cursor(start="latest")), 2)))
    asked = len(requests(notes))
    reader.start()
    eventually(lambda: len(requests(notes)) > asked + 2)
    assert reader.is_alive()
    subjects = admit(2)
    reader.join(30)
    assert seen == subjects


def test_a_cursor_in_a_file_goes_on_behind_the_last_handled_event(
    feed: Feed, admit: Callable[[int], list[str]], tmp_path: Path
) -> None:
    subjects = admit(5)
    path = tmp_path / "cursor"
    assert some(feed.follow(Cursor(path, start="0")), 3) == subjects[:3]
    assert some(feed.follow(Cursor(path, start="0")), 3) == subjects[2:], "the third was in hand, not handled"
    remembered = json.loads(path.read_text())
    assert (remembered["after"], len(remembered["handled"])) == ("0", 4)
    events = feed.follow(Cursor(path))
    assert some(events, 1) == subjects[4:]
    more = admit(1)
    assert some(events, 1) == more
    assert json.loads(path.read_text()) == {"after": "5", "handled": []}


def test_a_moment_and_a_choice_of_types_narrow_what_comes(
    feed: Feed, emptied: Engine, confirm: Callable[[], None]
) -> None:
    member = an_admission()
    for said in (member, a_new_standing(member, "grace")):
        with transaction(emptied) as session:
            publish(session, said, at=NOW)
        confirm()
    page = feed.page(Cursor().query(), types=["#.standing_changed.*"], subject=member.subject)
    assert [event.type.rsplit(".", 2)[1] for event in page.events] == ["standing_changed"]
    with transaction(emptied) as session:
        second = session.scalars(text("SELECT published_at FROM outbox WHERE position = 2")).one()
    assert len(feed.page(Cursor(start=second).query()).events) == 1


def test_a_refusal_is_told_and_not_repeated(notes: NotesServer, feed: Feed, admit: Callable[[int], list[str]]) -> None:
    admit(2)
    with pytest.raises(Refused, match="400: The request is not valid") as refused:
        next(feed.follow(Cursor(start="99")))
    assert refused.value.problem["errors"][0]["parameter"] == "after"
    stranger = Feed(f"http://127.0.0.1:{notes.port}", token=lambda: "nobody")
    with pytest.raises(Refused, match="401"):
        next(stranger.follow(Cursor()))


def test_a_reader_who_stayed_away_too_long_is_told_where_to_go_on(
    feed: Feed, emptied: Engine, confirm: Callable[[], None]
) -> None:
    member = an_admission()
    with transaction(emptied) as session:
        publish(session, member, at=NOW)
        publish(session, a_new_standing(member, "grace"), at=NOW)
    confirm()
    with transaction(emptied) as session:
        session.execute(text("DELETE FROM outbox WHERE position = 1"))
    with pytest.raises(PositionGone) as gone:
        next(feed.follow(Cursor()))
    assert gone.value.oldest == 2
    assert next(feed.follow(Cursor(), compacted=True)).attributes["subjectversion"] == 2


class Moody(BaseHTTPRequestHandler):
    """A service that fails in every passing way before it answers."""

    answers: Iterator[str]

    def do_GET(self) -> None:
        mood = next(self.answers)
        if mood == "hang up":
            return
        body = b"[]" if mood == "empty" else b'[{"specversion":"1.0","id":"1","source":"/x","type":"t"}]'
        self.send_response({"busy": 503, "slow down": 429}.get(mood, 200))
        self.send_header("Retry-After", "0")
        self.send_header("Feed-Position", "1")
        self.send_header("Content-Type", BATCH)
        self.send_header("Content-Length", str(len(body) + (10 if mood == "cut off" else 0)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def test_an_outage_is_waited_out_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE_SECONDS", 0.02)
    Moody.answers = iter(["hang up", "busy", "slow down", "cut off", "empty", "fine"])
    with HTTPServer(("127.0.0.1", 0), Moody) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        troubles: list[str] = []
        feed = Feed(f"http://127.0.0.1:{server.server_port}", token=str)
        assert next(feed.follow(Cursor(), trouble=troubles.append)).id == "1"
        server.shutdown()
    assert len(troubles) == 4
    with pytest.raises(Unreachable):
        Feed(f"http://127.0.0.1:{server.server_port}", token=str).page({})


def test_pauses_grow_to_a_bound_and_are_spread() -> None:
    pauses = [module._pause(tries) for tries in range(40)]
    assert all(0 < pause <= module.LONGEST_PAUSE_SECONDS for pause in pauses)
    assert min(pauses[10:]) > max(pauses[:3])
    assert len(set(pauses)) == len(pauses)


STANDARDS = ROOT.parent / "shared" / "data" / "standards" / "cloudevents-conformance"


@pytest.mark.skipif(not STANDARDS.is_dir(), reason=f"the official vectors are not at {STANDARDS}")
def test_the_client_reads_the_official_conformance_vectors() -> None:
    vectors = [
        vector
        for name in ("v1.yaml", "v1_minimum.yaml")
        for document in (STANDARDS / name).read_text().split("\n---\n")
        for vector in [yaml.load(document, Loader=yaml.BaseLoader)]
    ]
    assert len(vectors) == 8
    for vector in vectors:
        attributes = vector["ContextAttributes"]
        extensions = attributes.pop("Extensions", {})
        event = Event.of({**attributes, **extensions, "data": vector["Data"]})
        assert {"id": event.id, "source": event.source, "type": event.type}.items() <= attributes.items()
        assert event.attributes == {**attributes, **extensions}
        assert event.time in (None, datetime(2018, 4, 5, 3, 56, 24, tzinfo=UTC))
        assert json.loads(event.to_json())["data"] == vector["Data"]


@pytest.mark.parametrize("missing", ["id", "source", "type", "specversion"])
def test_what_is_no_cloudevent_is_not_taken_for_one(missing: str) -> None:
    whole = {"id": "1", "source": "/x", "type": "t", "specversion": "1.0"}
    with pytest.raises(ValueError, match=missing):
        Event.of({name: value for name, value in whole.items() if name != missing})
    with pytest.raises(ValueError, match=r"0\.3"):
        Event.of({**whole, "specversion": "0.3"})


@pytest.fixture
def command(notes: NotesServer, notes_database: str, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `intercoop …` as somebody with this instance in front of them."""
    address = ServiceAddress(
        url=f"http://127.0.0.1:{notes.port}", http_port=notes.port, database_url=notes_database, amqp_uri=""
    )
    Instance(
        services=dict.fromkeys(SERVICES, address),
        amqp_uri="",
        rabbitmq_api="",
        smtp_url="",
        mail="",
        jwks="",
        key_file="local.pem",
        issuer="",
        audience="",
        link_secret="",
    ).save(tmp_path / "instance.json")
    token = notes.issuer.token(scope="feed:read")
    known = os.environ | {"INTERCOOP_HOME": str(tmp_path), "INTERCOOP_TOKEN": token, "PYTHONUNBUFFERED": "1"}

    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **extra: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "intercoop", *arguments],
            cwd=ROOT,
            env=known | extra,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


Command = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def refused(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Calls `intercoop …` in this process, where it must fail; returns what it says."""
    monkeypatch.setenv("INTERCOOP_HOME", str(tmp_path))
    monkeypatch.setenv("INTERCOOP_TOKEN", "nobody")

    def call(*arguments: str) -> str:
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code in (1, 2)
        assert result.stdout == ""
        return result.stderr

    return call


def outcome(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_tail_prints_what_was_said_and_ends_at_its_limit(command: Command, admit: Callable[[int], list[str]]) -> None:
    subjects = admit(3)
    code, out, _ = outcome(command("tail", "membership.member.#", "--from", "first", "--limit", "2"))
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["2026-05-04T12:00:00+00:00", "membership.member.admitted.v1", subject, "#1"] for subject in subjects[:2]
    ]
    code, out, _ = outcome(command("tail", "membership.#", "--from", "1", "--limit", "2", "--json"))
    assert [json.loads(line)["subject"] for line in out.splitlines()] == subjects[1:]
    code, out, _ = outcome(command("tail", "membership.#", "--from", "2020-01-01", "--limit", "1", "--json"))
    assert json.loads(out)["subject"] == subjects[0]


def test_tail_prints_what_happens_and_ends_well_at_ctrl_c(command: Command, admit: Callable[[int], list[str]]) -> None:
    process = command("tail", "membership.#", "--from", "first", "--json")
    assert process.stdout
    subjects = admit(1)
    assert json.loads(process.stdout.readline())["subject"] == subjects[0]
    process.send_signal(signal.SIGINT)
    code, out, err = outcome(process)
    assert (code, out, err) == (0, "", "")


def test_tail_waits_for_a_service_that_is_away(
    command: Command, notes: NotesServer, admit: Callable[[int], list[str]], tmp_path: Path
) -> None:
    known = json.loads((tmp_path / "instance.json").read_text())
    known["services"]["membership"]["url"] = "http://127.0.0.1:9"
    (tmp_path / "instance.json").write_text(json.dumps(known))
    process = command("tail", "membership.#")
    assert process.stderr
    assert "http://127.0.0.1:9: " in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert outcome(process)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["membership.contact.#"], "no public event matches"),
        (["membership.member.admitted"], "no public event matches"),
        (["#", "--from", "5"], "positions are counted per service"),
        (["membership.#", "--from", "soon"], "neither first, latest, a position nor a date"),
        (["membership.#", "--from", "1"], "401: A valid bearer token is needed"),
    ],
)
def test_tail_says_what_it_can_not_do(refused: Callable[..., str], arguments: list[str], said: str) -> None:
    assert said in refused("tail", *arguments)


def test_a_triggered_event_goes_the_usual_way_but_no_subscription_acts_on_it(
    command: Command, emptied: Engine, confirm: Callable[[], None], feed: Feed
) -> None:
    code, out, err = outcome(command("trigger", "membership.member.admitted", "--data", '{"country": "PY"}', "--json"))
    assert (code, err) == (0, "")
    said = json.loads(out)
    confirm()
    event = next(feed.follow(Cursor()))
    assert event.attributes["sandbox"] is True
    assert (event.data["country"], event.subject) == ("PY", said["subject"])
    assert event.attributes["correlationid"] == said["correlationid"]
    with transaction(emptied) as session:
        delivery = decode(session.scalars(outbox.select().with_only_columns(outbox.c.body)).one())
        assert isinstance(delivery.event, MemberAdmitted)
        assert is_example_id(delivery.event.member_id)
        reader = Subscription(service="comms", name="welcome", events=(MemberAdmitted,), latest=True)
        assert take(session, [delivery], subscription=reader) == []
        assert session.scalars(inbox.select().with_only_columns(inbox.c.event_id)).one() == delivery.id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["membership.member.vanished"], "membership.member.admitted"),
        (["membership.contact.changed"], "no public event"),
        (["membership.member.admitted", "--data", "{"], "not JSON"),
        (["membership.member.admitted", "--data", "[]"], "must be a JSON object"),
        (["membership.member.admitted", "--data", '{"nmae": "x"}'], "has no field nmae"),
        (["membership.member.admitted", "--data", '{"category": "royal"}'], "Invalid enum value 'royal'"),
        (
            ["membership.member.admitted", "--data", '{"member_id": "0198c0de-0000-7000-8000-000000000000"}'],
            "reserved form",
        ),
    ],
)
def test_a_sandbox_event_that_is_not_well_formed_is_not_said(
    refused: Callable[..., str], emptied: Engine, arguments: list[str], said: str
) -> None:
    assert said in refused("trigger", *arguments)
    with transaction(emptied) as session:
        assert session.scalars(text("SELECT count(*) FROM outbox")).one() == 0


def test_an_instance_behind_an_identity_provider_takes_no_sandbox_events(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    known = json.loads((tmp_path / "instance.json").read_text())
    (tmp_path / "instance.json").write_text(json.dumps(known | {"key_file": ""}))
    assert "no sandbox" in refused("trigger", "membership.member.admitted")
