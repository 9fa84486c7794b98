"""The same write sent twice is done once, and answered twice."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.notes_server import NotesServer


@pytest.fixture
def key() -> dict[str, str]:
    return {"Idempotency-Key": f'"{uuid4()}"'}


def count(engine: Engine, title: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM notes WHERE title = :title"), {"title": title}) or 0)


def test_the_same_call_gets_the_same_answer_and_one_effect(
    client: httpx.Client, notes_engine: Engine, key: dict[str, str]
) -> None:
    first = client.post("/v1/notes", json={"title": "once"}, headers=key)
    again = client.post("/v1/notes", json={"title": "once"}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert count(notes_engine, "once") == 1


def test_quotes_around_the_key_make_no_difference(client: httpx.Client, key: dict[str, str]) -> None:
    bare = {"Idempotency-Key": key["Idempotency-Key"].strip('"')}
    first = client.post("/v1/notes", json={"title": "quoted"}, headers=key)
    assert client.post("/v1/notes", json={"title": "quoted"}, headers=bare).content == first.content


def test_another_body_under_the_key_is_422(client: httpx.Client, key: dict[str, str]) -> None:
    client.post("/v1/notes", json={"title": "one"}, headers=key)
    answer = client.post("/v1/notes", json={"title": "two"}, headers=key)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/key-reused")


def test_another_route_under_the_key_is_422(client: httpx.Client, key: dict[str, str]) -> None:
    body = {"title": "one", "seconds": 0}
    client.post("/v1/naps", json=body, headers=key)
    assert client.post("/v1/naps?x", json=body, headers=key).status_code in {400, 422}
    assert client.delete(f"/v1/notes/{uuid4()}", headers=key).json()["type"] == "/problems/key-reused"


def test_two_callers_may_use_the_same_key(notes: NotesServer, notes_engine: Engine, key: dict[str, str]) -> None:
    for subject in ("user/1", "user/2"):
        with notes.client(notes.issuer.token(subject=subject)) as caller:
            assert caller.post("/v1/notes", json={"title": "shared key"}, headers=key).status_code == 201
    assert count(notes_engine, "shared key") == 2


def test_a_refusal_is_kept_too(client: httpx.Client, key: dict[str, str]) -> None:
    first = client.post("/v1/notes", json={"title": "forbidden"}, headers=key)
    again = client.post("/v1/notes", json={"title": "forbidden"}, headers=key)
    assert (first.status_code, again.status_code) == (422, 422)
    assert again.content == first.content
    assert again.headers["Content-Type"] == "application/problem+json"


def test_a_fault_is_not_kept(client: httpx.Client, key: dict[str, str]) -> None:
    for _ in range(2):
        answer = client.post("/v1/notes", json={"title": "broken"}, headers=key)
        assert answer.status_code == 500
        assert "Idempotent-Replayed" not in answer.headers


def test_while_the_first_one_runs_the_second_is_told_to_come_back(
    client: httpx.Client, notes: NotesServer, notes_engine: Engine, key: dict[str, str]
) -> None:
    body = {"title": "nap", "seconds": 4}

    def nap() -> httpx.Response:
        with notes.client() as caller:
            return caller.post("/v1/naps", json=body, headers=key)

    with ThreadPoolExecutor(2) as pool:
        both = [answer.result() for answer in [pool.submit(nap), pool.submit(nap)]]
    refused, done = sorted(both, key=lambda answer: answer.status_code, reverse=True)
    assert refused.status_code == 409
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["type"] == "/problems/in-progress"
    assert client.post("/v1/naps", json=body, headers=key).content == done.content
    assert count(notes_engine, "nap") == 1


def test_of_32_at_once_one_has_an_effect(notes: NotesServer, notes_engine: Engine, key: dict[str, str]) -> None:
    def send(_: int) -> tuple[int, bytes]:
        with notes.client() as caller:
            answer = caller.post("/v1/notes", json={"title": "crowd"}, headers=key)
            return answer.status_code, answer.content

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(send, range(32)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1
    assert count(notes_engine, "crowd") == 1


def test_after_24_hours_the_key_is_free_again(client: httpx.Client, notes_engine: Engine, key: dict[str, str]) -> None:
    client.post("/v1/notes", json={"title": "yesterday"}, headers=key)
    with notes_engine.begin() as connection:
        connection.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'"))
    answer = client.post("/v1/notes", json={"title": "today"}, headers=key)
    assert answer.json()["title"] == "today"
    assert client.post("/v1/notes", json={"title": "today"}, headers=key).content == answer.content


@pytest.mark.parametrize("bad", ["", '""', "x" * 256, "caf\u00e9".encode(), '"a', "a,b"])
def test_a_key_of_no_usable_form_is_400(client: httpx.Client, bad: str | bytes) -> None:
    answer = client.post("/v1/notes", json={"title": "x"}, headers={"Idempotency-Key": bad})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-idempotency-key")


def test_a_secret_is_not_kept_to_be_given_again(notes: NotesServer, key: dict[str, str]) -> None:
    with notes.client(notes.issuer.token("ops")) as operator:
        body = {"subject": "integrator/1", "scopes": ["membership:read"]}
        answer = operator.post("/ops/api-keys", json=body, headers=key)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/key-not-taken")
