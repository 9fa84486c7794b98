"""The command line for what went wrong: dead letters and replay."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from intercoop.commands import dead_letters as dead_letters_command
from intercoop.commands import replay as replay_command
from shared.database import connect
from shared.messaging.dead_letters import Failure, Letter, Selection, bury, list_dead_letters
from shared.messaging.subscriptions import subscriptions
from shared.tables import plumbing

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Engine]:
    monkeypatch.setenv("INTERCOOP_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("AMQP_URI", "amqp://nowhere.invalid")
    engine = connect(database_url)
    plumbing.create_all(engine)
    yield engine
    engine.dispose()


def dead_letters(*words: str) -> Result:
    return CliRunner().invoke(dead_letters_command.command, ["comms", *words])


def replay(*words: str) -> Result:
    return CliRunner().invoke(replay_command.command, ["comms", *words])


@pytest.fixture
def letter(engine: Engine) -> str:
    kept = Letter(
        subscription="welcome", event_id=uuid4(), type="t.v1", subject="member/1", digest="d", body=b'{"a": 1}\xff'
    )
    why = Failure(kind="failed", type="KeyError", message="KeyError in welcome, line 3")
    with Session(engine) as session, session.begin():
        bury(session, kept, failure=why, now=NOW)
        [row] = list_dead_letters(session, selection=Selection())
    return str(row.id)


def test_dead_letters_are_listed_and_shown(letter: str) -> None:
    [row] = json.loads(dead_letters("list", "--json").output)
    assert (row["id"], row["error_type"], row["state"]) == (letter, "KeyError", "dead")
    assert letter in dead_letters("list", "--subject", "member/1").output
    assert json.loads(dead_letters("list", "--error", "ValueError", "--json").output) == []
    shown = json.loads(dead_letters("show", letter, "--json").output)
    assert shown["body"] == '{"a": 1}\\xff'
    assert shown["actions"] == []
    assert "KeyError in welcome, line 3" in dead_letters("show", letter).output


def test_a_decision_names_what_it_is_about(letter: str) -> None:
    assert dead_letters("redrive").exit_code == 2
    assert "say which" in dead_letters("discard").output
    assert json.loads(dead_letters("redrive", letter, "--note", "mended", "--json").output)["count"] == 1
    assert json.loads(dead_letters("discard", "--subject", "member/1", "--json").output)["count"] == 1
    actions = json.loads(dead_letters("show", letter, "--json").output)["actions"]
    assert [(line["action"], line["note"]) for line in actions] == [("redrive", "mended"), ("discard", "")]
    again = dead_letters("redrive", letter)
    assert again.exit_code == 1
    assert "discarded already" in again.output


def test_a_replay_is_requested_and_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(subscriptions).values(name="members", state="live", rebuildable=True))
        connection.execute(insert(subscriptions).values(name="welcome", state="live", rebuildable=False))
    refused = replay("welcome")
    assert refused.exit_code == 1
    assert "effects that can't be taken back" in refused.output
    assert "there are: members, welcome" in replay("nobody").output
    asked = json.loads(replay("members", "--from", "2026-01-01", "--no-wait", "--json").output)
    assert asked == {"subscription": "members", "state": "rebuilding", "read": 0, "of": 0}
    with engine.connect() as connection:
        row = connection.execute(subscriptions.select().where(subscriptions.c.name == "members")).one()
    assert row.from_time == datetime(2026, 1, 1, tzinfo=UTC)
