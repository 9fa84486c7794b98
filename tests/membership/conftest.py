"""The membership service's own database, made once; each test leaves it empty."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.membership.model import Base
from shared.database import connect
from shared.tables import plumbing
from tests.conftest import Servers, create_database, drop_database
from tests.membership.emptying import empty


@pytest.fixture(scope="session")
def membership_engine(servers: Servers) -> Iterator[Engine]:
    url = create_database(servers.database_url)
    engine = connect(url)
    Base.metadata.create_all(engine)
    plumbing.create_all(engine)
    yield engine
    engine.dispose()
    drop_database(servers.database_url, url)


@pytest.fixture
def session(membership_engine: Engine) -> Iterator[Session]:
    """Never committed, so the next test finds nothing of it."""
    with Session(membership_engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def engine(membership_engine: Engine) -> Iterator[Engine]:
    """For tests whose transactions must commit."""
    yield membership_engine
    empty(membership_engine)
