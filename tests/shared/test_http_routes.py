"""What a caller gets for every kind of call, right or wrong."""

from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Engine, select, text

from shared.http.auth import Principal
from shared.messaging.outbox import outbox
from shared.messaging.wire import decode
from tests.notes_server import NotesServer
from tests.waiting import eventually

PROBLEM = "application/problem+json"


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == PROBLEM
    problem: dict[str, object] = answer.json()
    assert problem["type"] == f"/problems/{code}"
    assert problem["status"] == status
    assert problem["instance"] == answer.request.url.path
    assert problem["correlation_id"] == answer.headers["X-Correlation-Id"]
    return problem


def test_a_write_answers_201_with_its_address_and_version(client: httpx.Client) -> None:
    answer = client.post("/v1/notes", json={"title": "first", "rank": 3})
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/notes/{answer.json()['id']}"
    assert answer.headers["ETag"] == '"1"'
    read = client.get(answer.headers["Location"])
    assert read.json() == answer.json()
    assert read.json()["made_at"].endswith("+00:00")


def test_an_empty_answer_is_204_without_a_body(client: httpx.Client) -> None:
    address = client.post("/v1/notes", json={"title": "short-lived"}).headers["Location"]
    answer = client.delete(address)
    assert (answer.status_code, answer.content, answer.headers.get("Content-Type")) == (204, b"", None)
    assert_problem(client.get(address), 404, "note-not-found")


def test_head_answers_like_get_without_the_body(client: httpx.Client) -> None:
    address = client.post("/v1/notes", json={"title": "head"}).headers["Location"]
    head, get = client.head(address), client.get(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]
    assert int(head.headers["Content-Length"]) == len(get.content)


def test_options_lists_the_methods(client: httpx.Client) -> None:
    answer = client.options("/v1/notes")
    assert answer.status_code == 204
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_an_unknown_address_is_404(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/nothing"), 404, "route-not-found")
    assert_problem(client.get("/v1/notes/not-a-uuid"), 404, "route-not-found")


def test_a_wrong_method_is_405_with_the_right_ones(client: httpx.Client) -> None:
    answer = client.delete("/v1/notes")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_without_a_token_401_says_what_is_needed(notes: NotesServer) -> None:
    with notes.client("") as anonymous:
        answer = anonymous.get("/v1/notes")
    assert_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_for_something_else_is_403(notes: NotesServer) -> None:
    with notes.client(notes.issuer.token("funding:read")) as stranger:
        answer = stranger.get("/v1/notes")
    problem = assert_problem(answer, 403, "missing-scope")
    assert "membership:read" in str(problem["detail"])
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_every_wrong_field_is_named_by_its_place(client: httpx.Client) -> None:
    problem = assert_problem(client.post("/v1/notes", json={"rank": "x", "colour": 1}), 400, "invalid-input")
    assert problem["errors"] == [
        {"detail": "Missing data for required field.", "pointer": "#/title"},
        {"detail": "Not a valid integer.", "pointer": "#/rank"},
        {"detail": "Unknown field.", "pointer": "#/colour"},
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed-json"),
        (b"{", "malformed-json"),
        (b"\xff\xfe", "malformed-json"),
        (b'{"title": NaN}', "malformed-json"),
        (b"[" * 200_000, "malformed-json"),
        (b'{"title": "\\ud800"}', "malformed-json"),
        (b"[]", "invalid-input"),
        (b'"text"', "invalid-input"),
        (b"null", "invalid-input"),
        (b'{"title": "\\u0000"}', "invalid-input"),
        (b'{"title": "a", "\\u0000": 1}', "invalid-input"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_body_that_is_no_note_is_400(client: httpx.Client, body: bytes, code: str) -> None:
    answer = client.post("/v1/notes", content=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, code)


def test_a_backslash_before_u0000_is_ordinary_text(client: httpx.Client) -> None:
    assert client.post("/v1/notes", json={"title": "\\u0000"}).status_code == 201


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/xml"])
def test_a_body_of_another_type_is_415(client: httpx.Client, content_type: str) -> None:
    answer = client.post("/v1/notes", content=b"{}", headers={"Content-Type": content_type})
    assert_problem(answer, 415, "unsupported-media-type")
    assert answer.headers["Accept"] == "application/json"


def test_json_with_a_charset_is_json(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert client.post("/v1/notes", content=b'{"title": "caf\xc3\xa9"}', headers=headers).json()["title"] == "café"


@pytest.mark.parametrize("query", ["nothing=1", "title=a&title=b", "ranks=x", "title=%00", "limit=0", "sort=colour"])
def test_a_wrong_parameter_is_400_by_name(client: httpx.Client, query: str) -> None:
    problem = assert_problem(client.get(f"/v1/notes?{query}"), 400, "invalid-input")
    errors = problem["errors"]
    assert isinstance(errors, list)
    assert errors[0]["parameter"] == query.partition("=")[0]


def test_a_repeated_parameter_is_a_list_where_the_route_takes_one(client: httpx.Client) -> None:
    for rank in (71, 72, 73):
        client.post("/v1/notes", json={"title": "ranked", "rank": rank})
    found = client.get("/v1/notes?ranks=71&ranks=73&sort=rank").json()["items"]
    assert [note["rank"] for note in found] == [71, 73]


def test_a_refusal_by_a_rule_is_422_with_its_reason(client: httpx.Client) -> None:
    problem = assert_problem(client.post("/v1/notes", json={"title": "forbidden"}), 422, "title-forbidden")
    assert problem["detail"] == "A note may not be called forbidden."
    assert problem["errors"] == [{"detail": "A note may not be called forbidden.", "pointer": "#/title"}]


def test_a_refused_write_leaves_nothing(client: httpx.Client, notes_engine: Engine) -> None:
    client.post("/v1/notes", json={"title": "forbidden"})
    with notes_engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM notes WHERE title = 'forbidden'")) == 0


def test_a_fault_is_500_without_internals_and_logged_with_the_correlation_id(
    client: httpx.Client, notes: NotesServer
) -> None:
    answer = client.post("/v1/notes", json={"title": "broken"})
    problem = assert_problem(answer, 500, "internal-error")
    assert "secret" not in answer.text
    lines = eventually(lambda: notes.lines("unhandled error"))
    mine = [line for line in lines if line["correlation_id"] == problem["correlation_id"]]
    assert mine[0]["error"] == "RuntimeError: secret detail"
    assert any("write_note" in frame for frame in mine[0]["stack"])


def test_a_value_the_database_can_not_hold_is_400(client: httpx.Client) -> None:
    assert_problem(client.put("/v1/ranks", json={"title": "x", "rank": 9}), 400, "value-not-storable")


def test_the_correlation_id_reaches_the_event(client: httpx.Client, notes_engine: Engine) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"X-Correlation-Id": "case-42", "traceparent": parent}
    answer = client.post("/v1/notes", json={"title": "traced"}, headers=headers)
    assert answer.headers["X-Correlation-Id"] == "case-42"
    with notes_engine.connect() as connection:
        body = connection.scalar(select(outbox.c.body).where(outbox.c.subject == f"prospect/{answer.json()['id']}"))
    assert body is not None
    trace = decode(body).trace
    assert (trace.correlation_id, trace.actor) == ("case-42", f"user/{Principal(subject='user/7').pseudonym}")
    assert '"user/7"' not in body
    assert trace.traceparent.split("-")[1] == parent.split("-")[1]
    assert trace.traceparent != parent


def test_without_an_id_of_the_callers_the_trace_gives_one_or_we_do(client: httpx.Client) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = client.get("/v1/notes", headers={"traceparent": parent})
    assert answer.headers["X-Correlation-Id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert UUID(client.get("/v1/notes").headers["X-Correlation-Id"])
    assert UUID(client.get("/v1/notes", headers={"X-Correlation-Id": "a b\tc"}).headers["X-Correlation-Id"])


def test_a_larger_file_of_another_type_is_taken_where_the_route_says_so(client: httpx.Client) -> None:
    headers = {"Content-Type": "text/csv"}
    assert client.post("/v1/files", content=b"x" * 2_500_000, headers=headers).json() == {"bytes": 2_500_000}
    assert_problem(client.post("/v1/files", content=b"x" * 3_000_001, headers=headers), 413, "content-too-large")


def test_one_log_line_per_request_without_query_body_or_token(client: httpx.Client, notes: NotesServer) -> None:
    title = f"private-{uuid4()}"
    answer = client.get(f"/v1/notes?title={title}")
    ours = [line for line in notes.lines("request") if line["correlation_id"] == answer.headers["X-Correlation-Id"]]
    assert len(ours) == 1
    assert {"method": "GET", "route": "/v1/notes", "status": 200, "service": "membership"}.items() <= ours[0].items()
    whole = notes.log.read_text()
    assert title not in whole
    assert "user/7" not in whole
    assert client.headers["Authorization"].split()[1] not in whole


def test_an_address_with_a_slash_too_many_or_few_is_404(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/notes/"), 404, "route-not-found")
