"""A running notes service per module."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine

from shared.database import connect
from tests.conftest import create_database, drop_database
from tests.notes_server import NotesServer, running


@pytest.fixture(scope="module")
def notes_database(database_server_url: str) -> Iterator[str]:
    url = create_database(database_server_url)
    yield url
    drop_database(database_server_url, url)


@pytest.fixture(scope="module")
def notes(notes_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotesServer]:
    """The notes service, one process, shared by the module's tests."""
    with running(tmp_path_factory.mktemp("notes"), notes_database) as server:
        yield server


@pytest.fixture
def client(notes: NotesServer) -> Iterator[httpx.Client]:
    """Calls the notes service as somebody who may read and write."""
    with notes.client() as client:
        yield client


@pytest.fixture
def notes_engine(notes: NotesServer, notes_database: str) -> Iterator[Engine]:
    """What the notes service has written."""
    engine = connect(notes_database)
    yield engine
    engine.dispose()
