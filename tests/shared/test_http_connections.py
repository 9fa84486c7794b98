"""A call waits for a free database connection once, however many transactions it takes."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, event
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from shared.clock import utc_now
from shared.database import connect, transaction
from shared.http.keys import create_key
from shared.http.request import HttpRequest
from shared.http.routing import routes_of
from tests.notes_server import create_tables
from tests.notes_service import NotesService

DECLARATIONS = {name: declaration for name, _, declaration in routes_of(NotesService)}


class Connections:
    """Counts how often a connection is taken from the pool, and how many are out at once."""

    def __init__(self, engine: Engine) -> None:
        self.taken = self.out = self.most = 0
        event.listen(engine, "checkout", self._take)
        event.listen(engine, "checkin", self._give_back)

    def _take(self, *_: object) -> None:
        self.taken += 1
        self.out += 1
        self.most = max(self.most, self.out)

    def _give_back(self, *_: object) -> None:
        self.out -= 1


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    create_tables(database_url)
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def key(engine: Engine) -> str:
    with transaction(engine) as session:
        scopes = ["membership:read", "membership:write", "feed:read"]
        return create_key(session, subject="bank", scopes=scopes, actor="eva", now=utc_now())[1]


def answered(engine: Engine, name: str, key: str, headers: dict[str, str], **asked: Any) -> Response:
    """The answer of the notes service to a call, without the server around it."""
    environ = EnvironBuilder(headers={"Authorization": f"Bearer {key}", **headers}, **asked).get_environ()
    request = HttpRequest(environ | {"intercoop.connection": SimpleNamespace(is_abandoned=lambda: False)})
    request.body, request.path_values = environ["wsgi.input"].read(), {}
    route = SimpleNamespace(
        declaration=DECLARATIONS[name],
        engine=engine,
        settings=SimpleNamespace(link_secret="not a secret in a test"),
        container=None,
        server=SimpleNamespace(is_closing=lambda: False),
        method_name=name,
    )
    response = getattr(NotesService(), name)(route, request)
    assert isinstance(response, Response)
    return response


@pytest.mark.parametrize(
    ("title", "headers", "status"),
    [
        ("a note", {}, 201),
        ("a note", {"Idempotency-Key": "a"}, 201),
        ("forbidden", {}, 422),
        ("forbidden", {"Idempotency-Key": "a"}, 422),
    ],
)
def test_a_call_with_a_key_takes_one_connection(
    engine: Engine, key: str, title: str, headers: dict[str, str], status: int
) -> None:
    connections = Connections(engine)
    answer = answered(engine, "write_note", key, headers, method="POST", json={"title": title})
    assert (answer.status_code, connections.taken, connections.out) == (status, 1, 0)
    if headers:
        again = answered(engine, "write_note", key, headers, method="POST", json={"title": title})
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (status, "true")


def test_one_that_knows_no_good_key_keeps_no_connection(engine: Engine, key: str) -> None:
    connections = Connections(engine)
    assert answered(engine, "list_notes", f"{key}x", {}).status_code == 401
    assert connections.out == 0


def test_a_method_that_waits_holds_no_connection_meanwhile(engine: Engine, key: str) -> None:
    connections = Connections(engine)
    assert answered(engine, "follow", key, {}, query_string={"after": "latest"}).status_code == 200
    assert (connections.most, connections.out) == (1, 0)
