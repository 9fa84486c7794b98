"""What could not be handled is kept, found, decided upon and handled again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.ids import uuid7
from shared.messaging.dead_letters import (
    DeadLetterSettled,
    DeadLetterUnknown,
    Failure,
    Letter,
    Selection,
    bury,
    discard,
    list_actions,
    list_dead_letters,
    redrive,
    show_dead_letter,
)
from shared.tables import plumbing
from tests.samples import Sample, a_sample, admitted, send
from tests.waiting import eventually

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FAILED = Failure(kind="failed", type="RuntimeError", message="RuntimeError in pay, line 7", attempts=7)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    plumbing.create_all(engine)
    with Session(engine) as session:
        yield session


def a_dead_letter(session: Session, **values: Any) -> UUID:
    event_id = uuid7()
    known: dict[str, Any] = {
        "subscription": "note_member",
        "event_id": event_id,
        "type": "coop.intercoop.membership.member.admitted.v1",
        "subject": "member/1",
        "digest": str(event_id),
        "body": b"{}",
    }
    bury(session, Letter(**known | values), failure=FAILED, now=NOW)
    [row] = list_dead_letters(session, selection=Selection(), limit=1)
    return row.id


def decide(session: Session, decision: Any, **selection: Any) -> int:
    return decision(session, selection=Selection(**selection), actor="ana", note="seen", now=NOW)


def test_they_are_found_by_what_they_are(session: Session) -> None:
    first = a_dead_letter(session)
    second = a_dead_letter(session, subject="member/2", subscription="keep_member")

    def found(**wanted: Any) -> list[UUID]:
        return [row.id for row in list_dead_letters(session, selection=Selection(**wanted))]

    assert found() == [second, first]
    assert found(subscription="keep_member") == [second]
    assert found(subject="member/1") == [first]
    assert found(error="RuntimeError", state="dead") == [second, first]
    assert found(error="KeyError") == []
    assert found(type="coop.intercoop.membership.member.updated.v1") == []


def test_they_are_listed_in_pages(session: Session) -> None:
    ids = [a_dead_letter(session) for _ in range(5)][::-1]
    first = [row.id for row in list_dead_letters(session, selection=Selection(), limit=2)]
    second = [row.id for row in list_dead_letters(session, selection=Selection(), limit=2, after=first[-1])]
    assert first + second == ids[:4]


def test_an_event_that_dies_again_is_still_one_dead_letter(session: Session) -> None:
    a_dead_letter(session, digest="same")
    later = Failure(kind="failed", type="KeyError", message="", attempts=3)
    letter = Letter(subscription="note_member", event_id=None, type="", subject="", digest="same", body=b"{}")
    bury(session, letter, failure=later, now=NOW + timedelta(hours=1))
    [row] = list_dead_letters(session, selection=Selection())
    assert (row.attempts, row.error_type, row.first_failed_at) == (8, "KeyError", NOW)
    assert row.last_failed_at == NOW + timedelta(hours=1)


def test_every_decision_leaves_an_audit_line(session: Session) -> None:
    one = a_dead_letter(session)
    assert decide(session, redrive, id=one) == 1
    assert show_dead_letter(session, dead_letter_id=one).state == "redriving"
    assert decide(session, discard, id=one) == 1
    lines = [(line.actor, line.action, line.at, line.note) for line in list_actions(session, dead_letter_id=one)]
    assert lines == [("ana", "redrive", NOW, "seen"), ("ana", "discard", NOW, "seen")]


def test_a_whole_group_is_decided_on_at_once(session: Session) -> None:
    a_dead_letter(session, subject="member/1")
    a_dead_letter(session, subject="member/1")
    other = a_dead_letter(session, subject="member/2")
    assert decide(session, discard, subject="member/1") == 2
    assert decide(session, discard, subject="member/1") == 0
    assert [row.id for row in list_dead_letters(session, selection=Selection(state="dead"))] == [other]


def test_what_is_settled_or_unknown_is_refused_by_name(session: Session) -> None:
    one = a_dead_letter(session)
    decide(session, discard, id=one)
    with pytest.raises(DeadLetterSettled):
        decide(session, redrive, id=one)
    with pytest.raises(DeadLetterUnknown):
        decide(session, redrive, id=uuid4())


@pytest.fixture(scope="module")
def service(broker_addresses: tuple[str, str], database_server_url: str) -> Iterator[Sample]:
    with a_sample(broker_addresses, database_server_url) as sample:
        sample.start()
        sample.wait_until_attached()
        yield sample


@pytest.fixture
def running(service: Sample) -> Sample:
    service.forget()
    return service


def redrive_all(sample: Sample) -> None:
    with Session(sample.engine) as session, session.begin():
        assert decide(session, redrive, state="dead")


def actions(sample: Sample) -> list[str]:
    [row] = sample.dead()
    with Session(sample.engine) as session:
        return [line.action for line in list_actions(session, dead_letter_id=row.id)]


def test_a_redriven_event_is_handled_and_its_letter_settled_together(running: Sample) -> None:
    event = admitted("until mended")
    send(running.amqp_uri, [event])
    eventually(running.dead)
    (running.folder / "mended").touch()
    redrive_all(running)
    eventually(lambda: running.dead()[0].state == "redriven")
    assert running.noted() == [event.id]
    assert actions(running) == ["redrive", "redriven"]


def test_a_redriven_event_that_fails_again_is_dead_again(running: Sample) -> None:
    send(running.amqp_uri, [admitted("refuse")])
    eventually(running.dead)
    redrive_all(running)
    eventually(lambda: running.dead()[0].attempts == 2)
    assert running.dead()[0].state == "dead"
    assert actions(running) == ["redrive", "failed again"]


def test_a_redriven_event_that_was_handled_meanwhile_is_not_handled_twice(running: Sample) -> None:
    event = admitted("until later")
    send(running.amqp_uri, [event])
    eventually(running.dead)
    (running.folder / "later").touch()
    send(running.amqp_uri, [event])
    eventually(lambda: running.noted() == [event.id])
    redrive_all(running)
    eventually(lambda: running.dead()[0].state == "redriven")
    assert running.noted() == [event.id]


def test_a_deadlock_is_no_reason_to_wait(running: Sample) -> None:
    event = admitted("clash a")
    send(running.amqp_uri, [admitted(), event, admitted()])
    eventually(lambda: len(running.noted()) == 3)
    assert running.dead() == []
    assert "going one by one" not in running.log.read_text()
