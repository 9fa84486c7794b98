"""Operators look through dead letters over HTTP, have them handled again, or give them up."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Engine, text

from shared.database import transaction
from shared.messaging.dead_letters import Failure, Letter, bury
from tests.notes_server import NotesServer

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
URL = "/ops/dead-letters"


@pytest.fixture
def ops(notes: NotesServer, notes_engine: Engine) -> Iterator[httpx.Client]:
    with transaction(notes_engine) as session:
        session.execute(text("TRUNCATE dead_letters CASCADE"))
    with notes.client(notes.issuer.token(scope="ops", subject="operator/1")) as ops:
        yield ops


@pytest.fixture
def die(notes_engine: Engine, ops: httpx.Client) -> Callable[..., None]:
    """Buries an event."""

    def die(
        subscription: str = "keep_member", error: str = "Unreadable", subject: str = "member/1", body: bytes = b"{}"
    ) -> None:
        letter = Letter(
            subscription=subscription,
            event_id=uuid4(),
            type="coop.intercoop.membership.member.admitted.v1",
            subject=subject,
            digest=sha256(body + uuid4().bytes).hexdigest(),
            body=body,
            headers={"x-tries": 3},
        )
        failure = Failure(kind="unreadable", type=error, message="not JSON", attempts=2)
        with transaction(notes_engine) as session:
            bury(session, letter, failure=failure, now=NOW)

    return die


def listed(ops: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    items = ops.get(URL, params=params).raise_for_status().json()["items"]
    assert isinstance(items, list)
    return items


def test_the_list_is_filtered_and_comes_in_pages_newest_first(ops: httpx.Client, die: Callable[..., None]) -> None:
    for nth in range(5):
        die(subject=f"member/{nth}")
    die(subscription="welcome_member", error="KeyError")
    assert [item["subject"] for item in listed(ops, subscription="keep_member")] == [
        f"member/{n}" for n in range(4, -1, -1)
    ]
    assert [item["error_type"] for item in listed(ops, error="KeyError")] == ["KeyError"]
    assert len(listed(ops, subject="member/1")) == 2
    assert listed(ops, state="discarded") == listed(ops, type="coop.intercoop.x.y.z.v1") == []
    first = ops.get(URL, params={"limit": 4, "state": "dead"})
    second = ops.get(first.links["next"]["url"])
    assert (len(first.json()["items"]), len(second.json()["items"]), second.json()["next_cursor"]) == (4, 2, None)
    assert "next" not in second.links


def test_one_is_shown_whole(ops: httpx.Client, die: Callable[..., None]) -> None:
    die(body=b'{"a": \xff}')
    letter = ops.get(f"{URL}/{listed(ops)[0]['id']}").raise_for_status().json()
    assert (letter["body"], letter["headers"], letter["actions"]) == ('{"a": \\xff}', {"x-tries": 3}, [])
    assert (letter["attempts"], letter["error_message"], letter["state"]) == (2, "not JSON", "dead")
    assert datetime.fromisoformat(letter["last_failed_at"]) - NOW == timedelta()


@pytest.mark.parametrize(
    ("decision", "status", "state"), [("redrive", 202, "redriving"), ("discard", 200, "discarded")]
)
def test_one_is_decided_once_and_by_whom_is_kept(
    ops: httpx.Client, die: Callable[..., None], decision: str, status: int, state: str
) -> None:
    die()
    letter_id = listed(ops)[0]["id"]
    answer = ops.post(f"{URL}/{letter_id}/{decision}", json={"note": "seen with the bank"})
    assert (answer.status_code, answer.json()) == (status, {"count": 1})
    letter = ops.get(f"{URL}/{letter_id}").json()
    assert letter["state"] == state
    [action] = letter["actions"]
    assert (action["actor"], action["action"], action["note"]) == ("operator/1", decision, "seen with the bank")
    again = ops.post(f"{URL}/{letter_id}/{decision}", json={})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/dead-letter-settled")


@pytest.mark.parametrize(
    ("named", "count"),
    [
        ({"error": "KeyError"}, 2),
        ({"subject": "member/1"}, 3),
        ({"subscription": "welcome_member", "error": "KeyError"}, 1),
        ({"type": "coop.intercoop.membership.member.admitted.v1"}, 4),
        ({"subject": "member/none"}, 0),
    ],
)
@pytest.mark.parametrize("decision", ["redrive", "discard"])
def test_many_are_decided_by_what_they_share(
    ops: httpx.Client, die: Callable[..., None], decision: str, named: dict[str, str], count: int
) -> None:
    die()
    die(error="KeyError")
    die(subscription="welcome_member", error="KeyError")
    die(subject="member/2")
    answer = ops.post(f"{URL}/{decision}", json={**named, "note": "after the fix"})
    assert answer.raise_for_status().json() == {"count": count}
    assert len(listed(ops, state="dead")) == 4 - count


def test_all_at_once_has_to_be_said_by_something(ops: httpx.Client, die: Callable[..., None]) -> None:
    die()
    for decision in ("redrive", "discard"):
        assert ops.post(f"{URL}/{decision}", json={"note": "all"}).status_code == 400
    assert len(listed(ops, state="dead")) == 1


def test_what_is_not_there_is_not_found(ops: httpx.Client) -> None:
    assert ops.get(f"{URL}/{UUID(int=7)}").status_code == 404
    assert ops.post(f"{URL}/{UUID(int=7)}/redrive", json={}).status_code == 404
    assert ops.get(URL, params={"state": "lost"}).status_code == 400


def test_only_operators_may(notes: NotesServer) -> None:
    with notes.client() as staff:
        assert staff.get(URL).status_code == 403
        assert staff.post(f"{URL}/discard", json={"error": "KeyError"}).status_code == 403
